"""Figures of `attnlab scores`: weights on the toy inputs, and the cost of an attention."""

from collections.abc import Sequence

from attnlab.plotting import Figure
from attnlab.plotting.growth import GrowthLine, GrowthPanel, draw_growth, power_of_length
from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.plotting.matrix import Heatmap
from attnlab.studies.scores.cost import AttentionGrowth
from attnlab.studies.scores.toy import KEYS, ROWS, VISIBLE, WIDE_QUERY_SIZE, ToyWeights


def draw_toy_weights(toy: Sequence[ToyWeights], normalisers: int, *, unit_length: bool) -> Figure:
    """A row for each score, a column for each normaliser; masked keys are grey."""
    length = ", all scaled to length 1" if unit_length else ""
    return draw_heatmaps(
        [
            Heatmap(
                title=f"{each.score} · {each.normaliser}",
                values=each.weights,
                rows=ROWS,
                columns=[str(key) for key in range(1, KEYS + 1)],
                row_name="queries",
                column_name="keys",
            )
            for each in toy
        ],
        heading="Scoring functions and normalisers on toy inputs",
        note=f"Grey: masked; {VISIBLE[0]} or {VISIBLE[1]} keys are visible. Keys have 2 features: "
        f"all ones (alike), or normal (drawn){length}.\nQueries are normal, with as many features, "
        f"or {WIDE_QUERY_SIZE} where the score takes unequal sizes. Parameters have their first "
        "values.",
        columns=normalisers,
        print_weights=True,
        repeat_labels=False,
    )


def draw_costs(
    scores: Sequence[AttentionGrowth], normalisers: Sequence[AttentionGrowth], heading: str
) -> Figure:
    """Time and memory in training: of scores above, of normalisers, all with one score, below."""
    panels = [
        *_panels("by score", {each.score: each for each in scores}),
        *_panels(
            f"by normaliser ({normalisers[0].score})",
            {each.normaliser: each for each in normalisers},
        ),
    ]
    return draw_growth(panels, heading=heading, length_name="queries and keys", legend_per_row=True)


def _panels(what: str, growths: dict[str, AttentionGrowth]) -> list[GrowthPanel]:
    times: list[GrowthLine] = []
    peaks: list[GrowthLine] = []
    for look, (name, growth) in enumerate(growths.items()):
        cost = growth.training
        for lines, values, exponent in (
            (times, cost.milliseconds, cost.time_exponent),
            (peaks, cost.megabytes, cost.memory_exponent),
        ):
            lines.append(
                GrowthLine(
                    name=name,
                    look=look,
                    lengths=growth.lengths,
                    values=values,
                    note=power_of_length(exponent),
                )
            )
    return [
        GrowthPanel(title=f"Time {what}", y_label="milliseconds", lines=times),
        GrowthPanel(title=f"Peak memory {what}", y_label="megabytes", lines=peaks),
    ]
