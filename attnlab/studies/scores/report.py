"""`attnlab scores`: outputs on the toy inputs and costs, as figures, tables and JSON."""

import platform
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from attnlab.attention.normalisers import NormaliserConfig
from attnlab.attention.scores import ScoreConfig
from attnlab.evaluation.benchmark import Growth, doubling
from attnlab.plotting.saving import figure_suffix, save_figure
from attnlab.studies.scores import cost
from attnlab.studies.scores.cost import AttentionCost, AttentionGrowth, Task, measure_costs
from attnlab.studies.scores.figures import draw_costs, draw_toy_weights
from attnlab.studies.scores.toy import KEY_SIZE, ROWS, ToyWeights, shipped_choices, toy_weights
from attnlab.support.console import counting
from attnlab.support.errors import AttnlabError
from attnlab.support.table import table, three_digits
from attnlab.support.workers import FreshProcesses

_SCORE, _NORMALISER = "scaled_dot", "softmax"  # with which the costs of the others are measured


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Measurements to make: lengths double from `shortest` to `longest`; without `rounds`, none.

    `batch` sentences of `heads` heads with `size` features each. `seed` is also that of the toy
    inputs, whose queries and keys have length 1 with `unit_length`.
    """

    batch: int
    heads: int
    size: int
    shortest: int
    longest: int
    rounds: int
    seed: int
    unit_length: bool

    def __post_init__(self) -> None:
        doubling(self.shortest, self.longest)  # refuses lengths in the wrong order

    @property
    def heading(self) -> str:
        """The measurements in a line."""
        return (
            f"one attention · {_count(self.batch, 'sentence')} · {_count(self.heads, 'head')} of "
            f"{self.size} features · forward and backward, the fastest of {self.rounds} · "
            f"{_count(torch.get_num_threads(), 'thread')}"
        )


@dataclass(frozen=True, kw_only=True)
class ScoresReport:
    """Weights on the toy inputs, the costs that were measured, and the `files` of the figures."""

    survey: Survey
    toy: Sequence[ToyWeights]
    growths: Sequence[AttentionGrowth]
    files: list[Path]

    def as_json(self) -> dict[str, Any]:
        """All numbers, unrounded; a weight is null where the key is masked."""
        return {
            "seed": self.survey.seed,
            "toy": {
                "rows": ROWS,
                "key_size": KEY_SIZE,
                "weights": [
                    {
                        "score": each.score,
                        "normaliser": each.normaliser,
                        "query_size": each.query_size,
                        "weights": [
                            [None if np.isnan(weight) else weight for weight in row]
                            for row in each.weights.tolist()
                        ],
                        "answers": each.answers.tolist(),
                    }
                    for each in self.toy
                ],
            },
            "measured": {
                "batch": self.survey.batch,
                "heads": self.survey.heads,
                "size": self.survey.size,
                "rounds": self.survey.rounds,
                "threads": torch.get_num_threads(),
                "machine": platform.machine(),
                "torch": torch.__version__,
            },
            "costs": [cost.as_json() for growth in self.growths for cost in growth.costs],
            "files": [str(path) for path in self.files],
        }

    def __str__(self) -> str:
        parts = [self._toy_table()]
        if self.growths:
            parts += [
                self.survey.heading,
                self._parameter_table(),
                self._cost_table("time in training, ms", "training", _times),
                self._cost_table("time step by step, ms", "explicit", _times),
                self._cost_table("memory in training, MB", "training", _peaks),
                self._cost_table("memory step by step, MB", "explicit", _peaks),
                "in training: by the fused kernel where there is one; step by step: as when "
                "weights are recorded.\nmemory: the most that is allocated at once besides "
                "queries, keys and values.",
            ]
        return "\n\n".join(parts)

    def _toy_table(self) -> str:
        """Outputs with the first normaliser's weights."""
        first = self.toy[0].normaliser
        rows = [
            [each.score, *(" ".join(f"{value:.1f}" for value in row) for row in each.answers)]
            for each in self.toy
            if each.normaliser == first
        ]
        return table([f"answers, {first}", *ROWS], rows)

    def _parameter_table(self) -> str:
        rows = [
            [each.name, f"{each.costs[0].parameters:,}", "yes" if each.costs[0].fused else "no"]
            for each in self.growths
        ]
        return table(["attention", "parameters", "fused"], rows)

    def _cost_table(
        self,
        title: str,
        route: str,
        shown: Callable[[Growth], tuple[list[float], float | None]],
    ) -> str:
        rows = []
        for growth in self.growths:
            values, exponent = shown(getattr(growth, route))
            power = "–" if exponent is None else f"n^{exponent:.1f}"
            rows.append([growth.name, *map(three_digits, values), power])
        lengths = (f"{length:,}" for length in self.growths[0].lengths)
        return table([title, *lengths, "grows as"], rows)


def _times(growth: Growth) -> tuple[list[float], float | None]:
    return growth.milliseconds, growth.time_exponent


def _peaks(growth: Growth) -> tuple[list[float], float | None]:
    return growth.megabytes, growth.memory_exponent


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


def show_scores(output: Path, survey: Survey) -> ScoresReport:
    """Write the toy figure to `output`, and that of the costs, if they are measured, beside it.

    Raises:
        AttnlabError: a figure cannot be written.
    """
    figure_suffix(output)  # before the work
    scores, normalisers = shipped_choices()
    toy = toy_weights(scores, normalisers, survey.seed, unit_length=survey.unit_length)
    save_figure(draw_toy_weights(toy, len(normalisers), unit_length=survey.unit_length), output)
    files, growths = [output], []
    if survey.rounds:
        growths = _measure(survey, scores, normalisers)
        files.append(output.with_stem(f"{output.stem}-cost"))
        by_score = [each for each in growths if each.normaliser == _NORMALISER]
        by_normaliser = [each for each in growths if each.score == _SCORE]
        save_figure(draw_costs(by_score, by_normaliser, survey.heading), files[-1])
    return ScoresReport(survey=survey, toy=toy, growths=growths, files=files)


def _measure(
    survey: Survey, scores: list[ScoreConfig], normalisers: list[NormaliserConfig]
) -> list[AttentionGrowth]:
    """All scores with the one normaliser, and the one score with all normalisers."""
    attentions = [
        (score, normaliser)
        for normaliser in normalisers
        for score in scores
        if score.name == _SCORE or normaliser.name == _NORMALISER
    ]
    processes = FreshProcesses([cost.__name__])
    lengths = doubling(survey.shortest, survey.longest)
    measured = []
    with counting("lengths", len(lengths)) as advance:
        for length in lengths:
            task = Task(
                attentions=attentions,
                batch=survey.batch,
                heads=survey.heads,
                length=length,
                size=survey.size,
                rounds=survey.rounds,
                seed=survey.seed,
            )
            measured.append(_call(processes, task))
            advance(1)
    return [AttentionGrowth(costs=of_one) for of_one in zip(*measured, strict=True)]


def _call(processes: FreshProcesses, task: Task) -> list[AttentionCost]:
    """The costs at one length, measured in a fresh process.

    Raises:
        AttnlabError: there is not enough memory.
    """
    try:
        return processes.call(measure_costs, task)
    except BrokenProcessPool as error:  # killed by the system for want of memory
        cause: Exception = error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):
            raise
        cause = error
    raise AttnlabError(
        f"there is not enough memory for {task.length:,} queries and keys; lower --to, --batch, "
        "--heads or --size"
    ) from cause
