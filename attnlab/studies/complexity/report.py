"""What was measured of each layer, beside the formulas: as tables and as JSON."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from attnlab.evaluation.benchmark import tail_exponent
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
from attnlab.studies.complexity.gradient import Reach
from attnlab.studies.complexity.layers import LayerSettings
from attnlab.studies.complexity.measuring import Cost
from attnlab.support.table import table, three_digits

LEAST_BYTES = 1_000_000
"""Peaks of memory below this are left out: at short lengths constant parts dominate."""


@dataclass(frozen=True)
class Series:
    """Costs of one layer at growing lengths; `ended`: why before the longest, if it did."""

    name: str
    costs: list[Cost]
    ended: str | None

    @property
    def time_exponent(self) -> float | None:
        """Of the length, in the tail."""
        return tail_exponent(
            [each.length for each in self.costs], [each.seconds for each in self.costs]
        )

    @property
    def weighed(self) -> list[tuple[int, int]]:
        """Lengths and peaks of memory, where a peak says something of the layer."""
        return [
            (each.length, each.peak_bytes) for each in self.costs if each.peak_bytes >= LEAST_BYTES
        ]

    @property
    def memory_exponent(self) -> float | None:
        """Of the length, in the tail."""
        return tail_exponent(*zip(*self.weighed, strict=True)) if self.weighed else None

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "layer": self.name,
            "costs": [asdict(cost) for cost in self.costs],
            "ended": self.ended,
            "time_exponent": self.time_exponent,
            "memory_exponent": self.memory_exponent,
        }


@dataclass(frozen=True, kw_only=True)
class ComplexityReport:
    """One survey's findings; `reached`: by layer, of the first token's gradient."""

    settings: LayerSettings
    batch: int
    threads: int | None
    processor_time: bool
    restriction: int
    seeds: int
    forward: list[Series]
    training: list[Series]
    reached: dict[str, list[Reach]]

    @property
    def sizes(self) -> Sizes:
        """What the formulas ask for."""
        return Sizes(
            size=self.settings.size, width=self.settings.width, restriction=self.restriction
        )

    @property
    def heading(self) -> str:
        """What was measured, in a line."""
        batch = "one sentence" if self.batch == 1 else f"{self.batch} sentences at a time"
        threads = {None: "", 1: " · 1 thread"}.get(self.threads, f" · {self.threads} threads")
        time = " · processor time" if self.processor_time else ""
        return (
            f"one layer · d = {self.settings.size} · {self.settings.heads} heads · "
            f"k = {self.settings.width} · {batch}{threads}{time}"
        )

    def __str__(self) -> str:
        parts = [
            self.heading,
            self._formulas(),
            _measured("time, forward, ms", self.forward, _milliseconds, "time_exponent"),
            _measured("time, and backward, ms", self.training, _milliseconds, "time_exponent"),
            _measured("memory, forward, MB", self.forward, _megabytes, "memory_exponent"),
            _measured("memory, and backward, MB", self.training, _megabytes, "memory_exponent"),
            self._gradients(),
        ]
        return "\n\n".join(parts)

    def _formulas(self) -> str:
        head = ["by formula", "operations", "steps in a row", "longest path", "attnlab’s layer"]
        rows = [
            [each.name, each.operations, each.steps, each.path, each.exact or "–"]
            for each in FORMULAS
        ]
        crossed = crossing(self.sizes, SELF_ATTENTION, RECURRENT, 100 * self.settings.size)
        return (
            f"{table(head, rows)}\nSelf-attention multiplies more than a GRU from n = {crossed} on."
        )

    def _gradients(self) -> str:
        lengths = [each.length for each in next(iter(self.reached.values()))]
        head = ["the first token’s gradient", *(f"{length:,}" for length in lengths), "falls"]
        rows = []
        for name, found in self.reached.items():
            rows.append([name, *(f"{each.median:.2g}" for each in found), _said(falls(found))])
        return (
            f"{table(head, rows)}\n"
            f"‖∂y_n/∂x_1‖ / ‖∂y_n/∂x_n‖, the median of {self.seeds} seeds; convolutions stacked "
            "until the last token depends on the first."
        )

    def as_json(self) -> dict[str, Any]:
        """All figures, in seconds and bytes."""
        lengths = sorted({cost.length for each in self.forward for cost in each.costs})
        return {
            "size": self.settings.size,
            "heads": self.settings.heads,
            "kernel_size": self.settings.width,
            "restriction": self.restriction,
            "score": self.settings.attention.score.name,
            "normaliser": self.settings.attention.normaliser.name,
            "positions": self.settings.attention.positions.name,
            "batch": self.batch,
            "threads": self.threads,
            "processor_time": self.processor_time,
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
            "forward": [each.as_json() for each in self.forward],
            "forward_and_backward": [each.as_json() for each in self.training],
            "gradient": {
                name: {
                    "reaches": [asdict(each) | {"median": each.median} for each in found],
                    "fall": asdict(falls(found)),
                }
                for name, found in self.reached.items()
            },
        }


def falls(found: Sequence[Reach]) -> Fall:
    """How the gradient that arrives falls as the sentence grows."""
    return fall([each.length for each in found], [each.median for each in found])


def _said(fall: Fall) -> str:
    if fall.exponent is not None:
        return f"as n^{fall.exponent:.1f}"
    return "–" if fall.tokens_to_halve is None else f"halves in {fall.tokens_to_halve:.1f} tokens"


def _measured(
    title: str, series: Sequence[Series], shown: Callable[[Cost], str], exponent: str
) -> str:
    lengths = sorted({cost.length for each in series for cost in each.costs})
    rows = []
    for each in series:
        by_length = {cost.length: shown(cost) for cost in each.costs}
        power = getattr(each, exponent)
        rows.append(
            [
                each.name,
                *(by_length.get(length, "–") for length in lengths),
                "–" if power is None else f"n^{power:.2f}",
            ]
        )
    return table([title, *(f"{length:,}" for length in lengths), "grows as"], rows)


def _milliseconds(cost: Cost) -> str:
    return three_digits(1e3 * cost.seconds)


def _megabytes(cost: Cost) -> str:
    return "< 1" if cost.peak_bytes < LEAST_BYTES else three_digits(cost.peak_bytes / 1e6)
