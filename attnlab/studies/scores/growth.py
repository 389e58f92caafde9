"""Costs of an attention at growing lengths, as series."""

from collections.abc import Sequence
from dataclasses import dataclass

from attnlab.evaluation.benchmark import tail_exponent
from attnlab.studies.scores.cost import Cost, Route


@dataclass(frozen=True, kw_only=True)
class Routes:
    """One route at growing lengths; exponents of the length are fitted to the longest ones."""

    lengths: Sequence[int]
    milliseconds: list[float]
    megabytes: list[float]

    @property
    def time_exponent(self) -> float | None:
        """None of fewer than three lengths."""
        return tail_exponent(self.lengths, self.milliseconds)

    @property
    def memory_exponent(self) -> float | None:
        """Likewise."""
        return tail_exponent(self.lengths, self.megabytes)


@dataclass(frozen=True, kw_only=True)
class Growth:
    """The costs of one attention, from the shortest length to the longest."""

    costs: Sequence[Cost]

    @property
    def name(self) -> str:
        """Score and normaliser."""
        return f"{self.score} · {self.normaliser}"

    @property
    def score(self) -> str:
        """Its name."""
        return self.costs[0].score

    @property
    def normaliser(self) -> str:
        """Its name."""
        return self.costs[0].normaliser

    @property
    def lengths(self) -> list[int]:
        """Queries, and as many keys."""
        return [cost.length for cost in self.costs]

    @property
    def trained(self) -> Routes:
        """As training runs it, the fastest round of each length."""
        return self._routes([cost.trained for cost in self.costs])

    @property
    def watched(self) -> Routes:
        """Step by step, likewise."""
        return self._routes([cost.watched for cost in self.costs])

    def _routes(self, routes: Sequence[Route]) -> Routes:
        return Routes(
            lengths=self.lengths,
            milliseconds=[route.fastest for route in routes],
            megabytes=[route.peak_bytes / 1e6 for route in routes],
        )
