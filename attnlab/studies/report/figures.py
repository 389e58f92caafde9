"""Figures of a sweep: learning curves, scores by length and by phenomenon, alignment, entropies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from attnlab.evaluation.metrics import NAMES
from attnlab.inspection.forced import KINDS
from attnlab.plotting import Figure
from attnlab.plotting.colours import FRAME, QUIET_INK
from attnlab.plotting.panels import LINES, Drawing, LinesPanel, Numbers, draw_panels
from attnlab.plotting.text import NAME_SIZE, text_style
from attnlab.run.metrics import recorded, recorded_validations
from attnlab.studies.report.gathered import Gathered

_CURVES = (185.0, 140.0)  # width and height of axes in points
_RANGE = 34.0  # width of a range of lengths
_ROW, _DOT = 11.0, 6.0  # least heights of a row of dots, and of a series in it
_LOSS = "train/loss"
_MARKERS = "osD^vPX<>*"
_SPREAD = 0.28  # of the dots of several settings, around their row's middle


@dataclass(frozen=True)
class Series:
    """Mean over seeds, and the lowest and highest seed, at each x."""

    x: Numbers
    mean: Numbers
    low: Numbers
    high: Numbers
    seeds: int

    @classmethod
    def of(cls, curves: Sequence[Mapping[int, float]]) -> "Series | None":
        """Of several curves, y by x, where all of them have a value; None without any."""
        shared = sorted(set.intersection(*(set(each) for each in curves))) if curves else []
        if not shared:
            return None
        values = np.array([[curve[x] for x in shared] for curve in curves])
        return cls(np.array(shared), values.mean(0), values.min(0), values.max(0), len(curves))


def learning_curves(found: Gathered) -> dict[str, Figure]:
    """The validation's metrics by update, a figure each; the training loss without validations."""
    validations = [
        [recorded_validations(run.summary.folder) for run in row.runs]
        for row in found.comparison.rows
    ]
    metrics = dict.fromkeys(
        name
        for runs in validations
        for run in runs
        for each in run.values()
        for name in each.scores
    )
    figures = {}
    for metric in sorted(metrics, key=lambda name: name == "loss"):
        series = {}
        for row, runs in zip(found.comparison.rows, validations, strict=True):
            curves = [
                {
                    update: each.scores[metric]
                    for update, each in run.items()
                    if metric in each.scores
                }
                for run in runs
            ]
            if (one := Series.of([curve for curve in curves if curve])) is not None:
                series[found.label(row)] = one
        if any(len(each.x) > 1 for each in series.values()):
            name = NAMES.get(metric, metric)
            unit = " (nats/token)" if metric == "loss" else ""
            figures[f"validation {name}"] = _lines(
                found, series, x_label="update", y_label=f"validation {name}{unit}", size=_CURVES
            )
    return figures or _training_loss(found)


def _training_loss(found: Gathered) -> dict[str, Figure]:
    """The loss in training, where there are no validations to draw."""
    series = {}
    for row in found.comparison.rows:
        curves = [
            {at: float(values[_LOSS]) for at, values in recorded(run.summary.folder, _LOSS)}
            for run in row.runs
        ]
        if (one := Series.of([curve for curve in curves if curve])) is not None:
            series[found.label(row)] = one
    if not any(len(each.x) > 1 for each in series.values()):
        return {}
    label = "training loss (nats/token)"
    return {"training loss": _lines(found, series, x_label="update", y_label=label, size=_CURVES)}


def _lines(
    found: Gathered, series: Mapping[str, Series], *, dots: bool = False, **options: Any
) -> Figure:
    lines = {name: (each.x, each.mean) for name, each in series.items()}
    bands = {name: (each.low, each.high) for name, each in series.items() if each.seeds > 1}
    panel = LinesPanel(lines=lines, bands=bands, ordered=_is_ordered(found), dots=dots, **options)
    return draw_panels([[panel]], legend="page")


def _is_ordered(found: Gathered) -> bool:
    """Whether rows are steps of one number, such as a size."""
    settings = [list(row.settings.values()) for row in found.comparison.rows]
    return len(settings) > 2 and all(
        len(each) == 1 and isinstance(each[0], int | float) for each in settings
    )


def by_length(found: Gathered, split_names: Sequence[str], metric: str) -> Figure | None:
    """Scores by source length, as figure 2 of Bahdanau et al. 2015 has BLEU; None of one length.

    Sentences of several splits are pooled: `split_names` differ in length alone.
    """
    pooled = length_scores(found, split_names, metric)
    if len(pooled.names) < 2:
        return None
    series = {}
    for row, scores in zip(found.comparison.rows, pooled.scores, strict=True):
        if (one := Series.of([dict(enumerate(each)) for each in scores])) is not None:
            series[found.label(row)] = one
    names = [name.removesuffix(" source words").replace(" to ", "–") for name in pooled.names]
    return _lines(
        found,
        series,
        dots=True,
        x_names=names,
        x_label="source words",
        y_label=NAMES[metric],
        size=(max(_CURVES[0], _RANGE * len(names)), _CURVES[1]),
    )


@dataclass(frozen=True)
class GroupScores:
    """Scores of groups of sentences: by row, run and group."""

    names: list[str]
    sentences: list[int]
    scores: list[list[list[float]]]


def length_scores(found: Gathered, split_names: Sequence[str], metric: str) -> GroupScores:
    """Scores by source length over the sentences of these splits together."""
    members: dict[str, dict[str, Sequence[int]]] = {}
    for split in split_names:
        for name, indices in found.lengths[split].items():
            members.setdefault(name, {})[split] = indices
    names = sorted(members, key=_shortest)

    def score(run: Any, name: str) -> float:
        counts = [run.statistics(split, metric) for split in members[name]]
        parts = zip(counts, members[name].values(), strict=True)
        sums = [each.sentences[list(indices)].sum(axis=0) for each, indices in parts]
        return float(counts[0].score(sum(sums[1:], sums[0])))

    return GroupScores(
        names,
        [sum(map(len, members[name].values())) for name in names],
        [
            [[score(run, name) for name in names] for run in row.runs]
            for row in found.comparison.rows
        ],
    )


def _shortest(name: str) -> int:
    return int(name.removeprefix("over ").split()[0]) + name.startswith("over")


def tag_scores(found: Gathered, split: str, metric: str) -> GroupScores:
    """Scores by tag of `split`, in the order of tags."""
    groups = found.tags.get(split, {})
    return GroupScores(
        list(groups),
        [len(members) for members in groups.values()],
        [
            [
                [found.group_score(run, split, metric, members) for members in groups.values()]
                for run in row.runs
            ]
            for row in found.comparison.rows
        ],
    )


def by_tag(found: Gathered, scored: GroupScores, metric: str) -> Figure:
    """A row of dots for each tag: the mean of each setting, a line from lowest to highest seed."""
    values = {
        found.label(row): [[run[at] for run in runs] for at in range(len(scored.names))]
        for row, runs in zip(found.comparison.rows, scored.scores, strict=True)
    }
    return dot_rows(scored.names, values, NAMES[metric], looks=list(values))


def dot_rows(
    names: Sequence[str],
    values: Mapping[str, Sequence[Sequence[float]]],
    x_label: str,
    *,
    looks: Sequence[str],
    reference: tuple[float, str] | None = None,
    every: bool = False,
    x_limits: tuple[float, float | None] = (0, None),
) -> Figure:
    """Rows of dots: `values` by series, then by row, one for each seed or head.

    A dot is the mean, with a line from the lowest to the highest; or with `every`, each value has
    one. `looks`: names of all series of a report, each of which looks alike in all figures.
    `reference`: a value with its name, as a dashed line.
    """

    def paint(axes: Axes) -> None:
        spread = np.linspace(-_SPREAD, _SPREAD, len(values)) if len(values) > 1 else [0.0]
        for at, (label, rows) in enumerate(values.items()):
            look = list(looks).index(label) if label in looks else 0
            colour = LINES[look % len(LINES)]["color"]
            places = [row + spread[at] for row, found in enumerate(rows) for _ in found or ()]
            dots = [value for found in rows for value in found]
            if not every:
                ranges = [(row + spread[at], found) for row, found in enumerate(rows) if found]
                axes.hlines(
                    [place for place, _ in ranges],
                    [min(found) for _, found in ranges],
                    [max(found) for _, found in ranges],
                    color=colour,
                    linewidth=1.0,
                )
                places, dots = [place for place, _ in ranges], [mean(found) for _, found in ranges]
            axes.plot(
                dots,
                places,
                color=colour,
                marker=_MARKERS[(look + look // len(LINES)) % len(_MARKERS)],
                markersize=3.6,
                linestyle="none",
                clip_on=False,
                label=label if len(values) > 1 else None,
            )
        if reference is not None:
            axes.axvline(reference[0], color=QUIET_INK, linewidth=0.9, linestyle=(0, (4, 2)))
            axes.annotate(
                reference[1],
                (reference[0], 1),
                xycoords=("data", "axes fraction"),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                color=QUIET_INK,
                **text_style(reference[1], NAME_SIZE),
            )
        axes.set_yticks(range(len(names)), list(names))
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(*x_limits)
        axes.grid(visible=True, axis="x", color=FRAME, alpha=0.4, linewidth=0.5)
        for row in range(1, len(names)):
            axes.axhline(row - 0.5, color=FRAME, alpha=0.4, linewidth=0.4)

    height = max(40.0, len(names) * max(_ROW, _DOT * len(values)))
    panel = Drawing(paint=paint, x_label=x_label, size=(_CURVES[0], height))
    return draw_panels([[panel]], legend="page")


def alignment_errors(found: Gathered, split: str) -> Figure | None:
    """The alignment error rate of each row's best heads, beside the diagonal's."""
    rows: dict[str, list[float]] = {}
    line = None
    for row in found.comparison.rows:
        best = [each.best for each in found.attention_of(row, split)]
        rates = [100 * each.error_rate for each in best if each and each.error_rate is not None]
        if rates:
            rows[found.label(row)] = rates
            line = found.attention_of(row, split)[0].straight_line
    if not rows:
        return None
    reference = None if line is None else (100 * line, "straight line")
    values = {"": list(rows.values())}
    return dot_rows(list(rows), values, "alignment error rate (%)", looks=[], reference=reference)


def entropies(found: Gathered, split: str) -> Figure | None:
    """The entropy of every head of every run, by kind and layer."""
    places: dict[tuple[str, int], None] = {}
    by_row: dict[str, dict[tuple[str, int], list[float]]] = {}
    for row in found.comparison.rows:
        for each in found.attention_of(row, split):
            for head in each.heads:
                if head.entropy is not None:
                    place = head.kind, head.layer
                    places[place] = None
                    by_row.setdefault(found.label(row), {}).setdefault(place, []).append(
                        head.entropy
                    )
    if not by_row:
        return None
    order = sorted(places, key=lambda place: (KINDS.index(place[0]), place[1]))
    names = [f"{kind} {layer}" for kind, layer in order]
    values = {label: [heads.get(place, []) for place in order] for label, heads in by_row.items()}
    looks = [found.label(row) for row in found.comparison.rows]
    return dot_rows(
        names,
        values,
        "entropy (0: one key, 1: all alike)",
        looks=looks,
        every=True,
        x_limits=(0, 1),
    )
