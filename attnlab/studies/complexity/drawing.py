"""A survey's findings as one figure: time, memory and the gradient's way."""

from collections.abc import Sequence

from attnlab.plotting import Figure
from attnlab.plotting.growth import GrowthLine, GrowthPanel, draw_growth, power_of_length
from attnlab.studies.complexity.formulas import Fall
from attnlab.studies.complexity.layers import LAYERS
from attnlab.studies.complexity.report import ComplexityReport, Series, falls

_LOOKS = {name: look for look, name in enumerate(LAYERS)}
_LEAST_SHARE = 1e-30
"""Of a gradient: below it, a line would push all others together."""


def draw_complexity(report: ComplexityReport) -> Figure:
    """Four panels, or three if no peak of memory is large enough to be drawn."""
    panels = [
        _times("forward", report.forward),
        _times("forward and backward", report.training),
        _memory(report.training),
        _gradient(report),
    ]
    return draw_growth(
        [panel for panel in panels if any(line.lengths for line in panel.lines)],
        heading=report.heading,
        length_name="n, tokens in a sentence",
    )


def _times(what: str, series: Sequence[Series]) -> GrowthPanel:
    lines = [
        GrowthLine(
            name=each.name,
            look=_LOOKS[each.name],
            lengths=[cost.length for cost in each.costs],
            values=[1e3 * cost.seconds for cost in each.costs],
            note=power_of_length(each.time_exponent),
        )
        for each in series
    ]
    return GrowthPanel(title=f"Time, {what}", y_label="milliseconds", lines=lines)


def _memory(series: Sequence[Series]) -> GrowthPanel:
    lines = [
        GrowthLine(
            name=each.name,
            look=_LOOKS[each.name],
            lengths=[length for length, _ in each.weighed],
            values=[peak / 1e6 for _, peak in each.weighed],
            note=power_of_length(each.memory_exponent),
        )
        for each in series
    ]
    return GrowthPanel(title="Peak memory, forward and backward", y_label="megabytes", lines=lines)


def _gradient(report: ComplexityReport) -> GrowthPanel:
    lines = []
    for name, found in report.reached.items():
        seen = [each for each in found if each.median >= _LEAST_SHARE]
        lines.append(
            GrowthLine(
                name=name,
                look=_LOOKS[name],
                lengths=[each.length for each in seen],
                values=[each.median for each in seen],
                note=_fall(falls(seen)),
            )
        )
    return GrowthPanel(
        title="First token’s gradient at the last output",
        y_label="as a share of the last token’s",
        lines=lines,
        guided=False,
    )


def _fall(fall: Fall) -> str:
    if fall.tokens_to_halve is not None:
        return f"halves in {fall.tokens_to_halve:.1f} tokens"
    return power_of_length(fall.exponent)
