"""`attnlab complexity`: formulas and measurements of layers, as tables and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from attnlab.studies.complexity.formulas import (
    FORMULAS,
    RECURRENT,
    SELF_ATTENTION,
    Fall,
    Sizes,
    crossing,
    fall,
    paths,
)
from attnlab.studies.complexity.layers import GradientShares
from attnlab.studies.complexity.survey import Measurements, Series, Survey
from attnlab.support.table import table, three_digits


@dataclass(frozen=True)
class ComplexityReport:
    """A survey and its measurements."""

    survey: Survey
    measurements: Measurements

    @property
    def sizes(self) -> Sizes:
        """The variables of the formulas."""
        settings = self.survey.settings
        return Sizes(size=settings.size, width=settings.width, restriction=self.survey.restriction)

    @property
    def heading(self) -> str:
        """The settings in a line."""
        survey = self.survey
        batch = "one sentence" if survey.batch == 1 else f"{survey.batch} sentences at a time"
        threads = {None: "", 1: " · 1 thread"}.get(survey.threads, f" · {survey.threads} threads")
        time = " · processor time" if survey.processor_time else ""
        return (
            f"one layer · d = {survey.settings.size} · {survey.settings.heads} heads · "
            f"k = {survey.settings.width} · {batch}{threads}{time}"
        )

    def __str__(self) -> str:
        forward, training = self.measurements.forward, self.measurements.training
        parts = [
            self.heading,
            self._formula_table(),
            _cost_table("time, forward, ms", forward, "milliseconds", "time_exponent"),
            _cost_table("time, and backward, ms", training, "milliseconds", "time_exponent"),
            _cost_table("memory, forward, MB", forward, "megabytes", "memory_exponent"),
            _cost_table("memory, and backward, MB", training, "megabytes", "memory_exponent"),
            self._gradient_table(),
        ]
        return "\n\n".join(parts)

    def _formula_table(self) -> str:
        head = ["by formula", "operations", "steps in a row", "longest path", "attnlab’s layer"]
        rows = [
            [each.name, each.operations, each.steps, each.path, each.exact or "–"]
            for each in FORMULAS
        ]
        size = self.survey.settings.size
        crossed = crossing(self.sizes, SELF_ATTENTION, RECURRENT, 100 * size)
        return (
            f"{table(head, rows)}\nSelf-attention multiplies more than a GRU from n = {crossed} on."
        )

    def _gradient_table(self) -> str:
        gradients = self.measurements.gradients
        lengths = (f"{each.length:,}" for each in next(iter(gradients.values())))
        rows = [
            [name, *(f"{each.median:.2g}" for each in found), _fall_text(falls(found))]
            for name, found in gradients.items()
        ]
        return (
            f"{table(['the first token’s gradient', *lengths, 'falls'], rows)}\n"
            f"‖∂y_n/∂x_1‖ / ‖∂y_n/∂x_n‖, the median of {self.survey.seeds} seeds; convolutions "
            "are stacked until the last token depends on the first."
        )

    def as_json(self) -> dict[str, Any]:
        """All numbers, in seconds and bytes."""
        survey, settings = self.survey, self.survey.settings
        lengths = sorted({n for each in self.measurements.forward for n in each.lengths})
        return {
            "size": settings.size,
            "heads": settings.heads,
            "kernel_size": settings.width,
            "restriction": survey.restriction,
            "score": settings.attention.score.name,
            "normaliser": settings.attention.normaliser.name,
            "positions": settings.attention.positions.name,
            "batch": survey.batch,
            "threads": survey.threads,
            "processor_time": survey.processor_time,
            "formulas": [
                {
                    "layer": each.name,
                    "operations": each.operations,
                    "sequential_steps": each.steps,
                    "longest_path": each.path,
                    "exact_multiply_adds": each.exact,
                    "multiply_adds": {n: each.multiply_adds(n, self.sizes) for n in lengths}
                    if each.multiply_adds
                    else None,
                }
                for each in FORMULAS
            ],
            "paths": {n: asdict(paths(n, self.sizes)) for n in lengths},
            "forward": [_series_as_json(each) for each in self.measurements.forward],
            "forward_and_backward": [_series_as_json(each) for each in self.measurements.training],
            "gradient": {
                name: {
                    "reaches": [asdict(each) | {"median": each.median} for each in found],
                    "fall": asdict(falls(found)),
                }
                for name, found in self.measurements.gradients.items()
            },
        }


def falls(found: Sequence[GradientShares]) -> Fall:
    """The fall of the gradient's share with the length."""
    return fall([each.length for each in found], [each.median for each in found])


def _fall_text(fall: Fall) -> str:
    if fall.exponent is not None:
        return f"as n^{fall.exponent:.1f}"
    return "–" if fall.tokens_to_halve is None else f"halves in {fall.tokens_to_halve:.1f} tokens"


def _cost_table(title: str, series: Sequence[Series], values: str, exponent: str) -> str:
    """A row for each layer with its `values` by length and their `exponent`."""
    lengths = sorted({length for each in series for length in each.lengths})
    rows = []
    for each in series:
        cells = [three_digits(value) for value in getattr(each, values)]
        power = getattr(each, exponent)
        rows.append(
            [
                each.name,
                *cells,
                *["–"] * (len(lengths) - len(cells)),
                "–" if power is None else f"n^{power:.2f}",
            ]
        )
    return table([title, *(f"{length:,}" for length in lengths), "grows as"], rows)


def _series_as_json(series: Series) -> dict[str, Any]:
    return {
        "layer": series.name,
        "costs": [
            {
                "length": length,
                "seconds": cost.fastest,
                "passes": cost.rounds,
                "peak_bytes": cost.peak_bytes,
            }
            for length, cost in zip(series.lengths, series.costs, strict=True)
        ],
        "ended": series.ended,
        "time_exponent": series.time_exponent,
        "memory_exponent": series.memory_exponent,
    }
