"""The figure of `attnlab complexity`: time, memory, and the gradient of the first token."""

from collections.abc import Sequence

from attnlab.plotting import Figure
from attnlab.plotting.growth import GrowthLine, GrowthPanel, draw_growth, power_of_length
from attnlab.studies.complexity.layers import LAYERS
from attnlab.studies.complexity.report import ComplexityReport, falls
from attnlab.studies.complexity.survey import Series

_LOOKS = {name: look for look, name in enumerate(LAYERS)}
_LEAST_SHARE = 1e-30
"""Smaller gradient shares are not drawn: their line would push all others together."""


def draw_complexity(report: ComplexityReport) -> Figure:
    """Time forward and in training, peak memory in training, and gradient shares, if measured."""
    found = report.measurements
    panels = [
        _panel("Time, forward", "milliseconds", found.forward, "time_exponent"),
        _panel("Time, forward and backward", "milliseconds", found.training, "time_exponent"),
        _panel("Peak memory, forward and backward", "megabytes", found.training, "memory_exponent"),
        _gradient_panel(report),
    ]
    return draw_growth(
        [panel for panel in panels if any(line.lengths for line in panel.lines)],
        heading=report.heading,
        length_name="n, tokens in a sentence",
    )


def _panel(title: str, unit: str, series: Sequence[Series], exponent: str) -> GrowthPanel:
    """Lines of an attribute of the series, which is named by its `unit`."""
    lines = [
        GrowthLine(
            name=each.name,
            look=_LOOKS[each.name],
            lengths=each.lengths,
            values=getattr(each, unit),
            note=power_of_length(getattr(each, exponent)),
        )
        for each in series
    ]
    return GrowthPanel(title=title, y_label=unit, lines=lines)


def _gradient_panel(report: ComplexityReport) -> GrowthPanel:
    lines = []
    for name, found in report.measurements.gradients.items():
        shown = [each for each in found if each.median >= _LEAST_SHARE]
        fall = falls(shown)
        note = power_of_length(fall.exponent)
        if fall.tokens_to_halve is not None:
            note = f"halves in {fall.tokens_to_halve:.1f} tokens"
        lines.append(
            GrowthLine(
                name=name,
                look=_LOOKS[name],
                lengths=[each.length for each in shown],
                values=[each.median for each in shown],
                note=note,
            )
        )
    return GrowthPanel(
        title="First token’s gradient at the last output",
        y_label="as a share of the last token’s",
        lines=lines,
        guided=False,
    )
