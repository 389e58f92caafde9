"""Scoring functions and normalisers side by side: on the toy inputs, and what they cost."""

from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from attnlab.attention.normalisers import NormaliserConfig
from attnlab.attention.scores import ScoreConfig
from attnlab.evaluation.complexity import doubling
from attnlab.plotting.saving import figure_suffix, save_figure
from attnlab.studies.scores import cost
from attnlab.studies.scores.choices import shipped_normalisers, shipped_scores
from attnlab.studies.scores.cost import Cost, Task, measure_costs
from attnlab.studies.scores.drawing import draw_costs, draw_toy_weights
from attnlab.studies.scores.growth import Growth
from attnlab.studies.scores.report import ScoresReport
from attnlab.studies.scores.toy import toy_weights
from attnlab.support.console import counting
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.workers import FreshProcesses

_SCORE, _NORMALISER = "scaled_dot", "softmax"  # with which the others' costs are measured


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What is measured: lengths double from `shortest` to `longest`; no `rounds`, no measurement.

    `batch` sentences of `heads` heads with `size` features each; `seed`: of toy inputs, too.
    `unit_length`: the toy queries and keys are scaled to length 1.
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
        if self.shortest > self.longest:
            raise UsageError(
                f"--from {self.shortest} --to {self.longest}: the second must be no less than the "
                "first"
            )

    def task(self, attentions: list[tuple[ScoreConfig, NormaliserConfig]], length: int) -> Task:
        """The measurement of all `attentions` at one length."""
        return Task(
            attentions=attentions,
            batch=self.batch,
            heads=self.heads,
            length=length,
            size=self.size,
            rounds=self.rounds,
            seed=self.seed,
        )


def show_scores(output: Path, survey: Survey) -> ScoresReport:
    """Write the toy figure to `output`, and beside it that of the costs, if they are measured.

    Raises:
        AttnlabError: a figure cannot be written.
    """
    figure_suffix(output)  # before the work
    scores, normalisers = list(shipped_scores()), list(shipped_normalisers())
    toy = toy_weights(scores, normalisers, survey.seed, unit_length=survey.unit_length)
    save_figure(draw_toy_weights(toy, len(normalisers), unit_length=survey.unit_length), output)
    growths = _measure(survey, scores, normalisers) if survey.rounds else []
    report = ScoresReport(
        seed=survey.seed,
        batch=survey.batch,
        heads=survey.heads,
        size=survey.size,
        rounds=survey.rounds,
        toy=toy,
        growths=growths,
        files=[output],
    )
    if growths:
        beside = output.with_stem(f"{output.stem}-cost")
        by_score = [each for each in growths if each.normaliser == _NORMALISER]
        by_normaliser = [each for each in growths if each.score == _SCORE]
        save_figure(draw_costs(by_score, by_normaliser, report.heading), beside)
        report.files.append(beside)
    return report


def _measure(
    survey: Survey, scores: list[ScoreConfig], normalisers: list[NormaliserConfig]
) -> list[Growth]:
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
            measured.append(_in_fresh_process(processes, survey.task(attentions, length)))
            advance(1)
    return [Growth(costs=of_one) for of_one in zip(*measured, strict=True)]


def _in_fresh_process(processes: FreshProcesses, task: Task) -> list[Cost]:
    """The costs at one length.

    Raises:
        AttnlabError: there is not enough memory.
    """
    try:
        return processes.call(measure_costs, task)
    except BrokenProcessPool as error:  # as the system ends what asks for too much
        cause: Exception = error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):
            raise
        cause = error
    raise AttnlabError(
        f"there is not enough memory for {task.length:,} queries and keys; lower --to, --batch, "
        "--heads or --size"
    ) from cause
