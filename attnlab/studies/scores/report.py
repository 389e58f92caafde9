"""What `attnlab scores` tells: answers on the toy inputs, tables of costs, and all as JSON."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from attnlab.studies.scores.growth import Growth, Routes
from attnlab.studies.scores.toy import KEY_SIZE, ROWS, ToyWeights
from attnlab.support.table import table, three_digits


@dataclass(frozen=True, kw_only=True)
class ScoresReport:
    """What the toy inputs gave, what was measured, if it was, and the figures' `files`."""

    seed: int
    batch: int
    heads: int
    size: int
    rounds: int
    toy: Sequence[ToyWeights]
    growths: Sequence[Growth]
    files: list[Path]

    @property
    def heading(self) -> str:
        """What was measured, in a line."""
        return (
            f"one attention · {_count(self.batch, 'sentence')} · {_count(self.heads, 'head')} of "
            f"{self.size} features · forward and backward, the fastest of {self.rounds} · "
            f"{_count(torch.get_num_threads(), 'thread')}"
        )

    def as_json(self) -> dict[str, Any]:
        """All numbers, unrounded; a weight is null where the key is hidden."""
        return {
            "seed": self.seed,
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
                "batch": self.batch,
                "heads": self.heads,
                "size": self.size,
                "rounds": self.rounds,
                "threads": torch.get_num_threads(),
                "machine": platform.machine(),
                "torch": torch.__version__,
            },
            "costs": [asdict(cost) for growth in self.growths for cost in growth.costs],
            "files": [str(path) for path in self.files],
        }

    def __str__(self) -> str:
        parts = [_answers(self.toy)]
        if self.growths:
            parts += [
                self.heading,
                _kinds(self.growths),
                _grown("time in training, ms", self.growths, lambda each: each.trained, _times),
                _grown("time step by step, ms", self.growths, lambda each: each.watched, _times),
                _grown("memory in training, MB", self.growths, lambda each: each.trained, _peaks),
                _grown("memory step by step, MB", self.growths, lambda each: each.watched, _peaks),
                "in training: by the fused kernel where that can be; step by step: as for whoever "
                "looks at the weights.\nmemory: the most that is allocated at once beside queries, "
                "keys and values.",
            ]
        return "\n\n".join(parts)


def _answers(toy: Sequence[ToyWeights]) -> str:
    """The averages of values that the first normaliser's weights make."""
    first = toy[0].normaliser
    rows = [
        [each.score, *(" ".join(f"{value:.1f}" for value in row) for row in each.answers)]
        for each in toy
        if each.normaliser == first
    ]
    return table([f"answers, {first}", *ROWS], rows)


def _kinds(growths: Sequence[Growth]) -> str:
    rows = [
        [_name(each), f"{each.costs[0].parameters:,}", "yes" if each.costs[0].fused else "no"]
        for each in growths
    ]
    return table(["attention", "parameters", "fused"], rows)


def _grown(
    title: str,
    growths: Sequence[Growth],
    route: Callable[[Growth], Routes],
    shown: Callable[[Routes], tuple[list[float], float | None]],
) -> str:
    rows = []
    for growth in growths:
        values, exponent = shown(route(growth))
        power = "–" if exponent is None else f"n^{exponent:.1f}"
        rows.append([_name(growth), *map(three_digits, values), power])
    return table([title, *(f"{length:,}" for length in growths[0].lengths), "grows as"], rows)


def _times(routes: Routes) -> tuple[list[float], float | None]:
    return routes.milliseconds, routes.time_exponent


def _peaks(routes: Routes) -> tuple[list[float], float | None]:
    return routes.megabytes, routes.memory_exponent


def _name(growth: Growth) -> str:
    return f"{growth.score} · {growth.normaliser}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
