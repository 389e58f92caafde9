"""What a kernel regression found, as a table for people and as JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from attnlab.studies.kernel_regression.sweep import Errors, Fit, best_fit
from attnlab.studies.kernel_regression.training import Epoch
from attnlab.support.table import table, three_digits


@dataclass(frozen=True, kw_only=True)
class TrainedWidth:
    """A width that was trained: who asked, every epoch, and how well it then does."""

    queries: str
    epochs: list[Epoch]
    errors: Errors

    @property
    def name(self) -> str:
        """Who asked, in words."""
        return self.queries.replace("_", "-")

    @property
    def widths(self) -> list[float]:
        """σ in the end, of all inputs or of each."""
        return self.epochs[-1].widths


@dataclass(frozen=True, kw_only=True)
class RegressionReport:
    """All that a run found, and where it is."""

    folder: Path
    data: str
    points: int
    inputs: list[str]
    formula: str | None
    noise_variance: float | None
    fits: list[Fit]
    trained: list[TrainedWidth]
    files: list[Path]

    @property
    def least_error(self) -> float | None:
        """The least leave-one-out error, of whatever answers every point."""
        best = best_fit(self.fits)
        found = [each.errors.leave_one_out for each in (best, *self.trained) if each is not None]
        return min((error for error in found if error is not None), default=None)

    def as_json(self) -> dict[str, Any]:
        """For `json.dumps`; paths are strings, and epochs are in metrics.jsonl."""
        best = best_fit(self.fits)
        return {
            "folder": str(self.folder),
            "data": self.data,
            "points": self.points,
            "inputs": self.inputs,
            "formula": self.formula,
            "noise_variance": self.noise_variance,
            "fits": [_flat(fit.errors, kernel=fit.kernel, width=fit.width) for fit in self.fits],
            "best": None if best is None else {"kernel": best.kernel, "width": best.width},
            "trained": [
                _flat(
                    each.errors,
                    queries=each.queries,
                    epochs=each.epochs[-1].number,
                    loss_before=each.epochs[0].loss,
                    loss_after=each.epochs[-1].loss,
                    widths_before=each.epochs[0].widths,
                    widths_after=each.widths,
                )
                for each in self.trained
            ],
            "files": [str(path) for path in self.files],
        }

    def __str__(self) -> str:
        parts = [self._head(), _fits_table(self.fits, self.formula is not None)]
        if self.trained:
            parts.append(_trained_table(self.trained, self.inputs, self.formula is not None))
        return "\n\n".join(parts)

    def _head(self) -> str:
        what, truth = f"{self.points} points of {self.data}", ""
        if self.formula is not None:
            what += f": {self.formula}, and noise of variance {self.noise_variance:g}"
            truth = "\ntruth: against the curve without noise."
        return (
            f"{what}\nErrors are mean squares. without: each point answered from all others; with: "
            f"itself among them.{truth}"
        )


def _fits_table(fits: Sequence[Fit], has_truth: bool) -> str:
    best = best_fit(fits)
    head = ["kernel", "width", "without", "with", *(["truth"] if has_truth else []), ""]
    rows = [
        [
            fit.kernel,
            "any" if fit.width is None else f"{fit.width:g}",
            _figure(fit.errors.leave_one_out),
            _figure(fit.errors.own),
            *([_figure(fit.errors.truth)] if has_truth else []),
            "least without" if fit is best else _gaps(fit.errors),
        ]
        for fit in fits
    ]
    return table(head, rows)


def _trained_table(trained: Sequence[TrainedWidth], inputs: Sequence[str], has_truth: bool) -> str:
    several = len(trained[0].widths) > 1
    names = [f"width {name}" for name in inputs] if several else ["width"]
    head = ["gaussian, trained", *names, "without", "with", *(["truth"] if has_truth else [])]
    rows = [
        [
            each.name,
            *map(three_digits, each.widths),
            _figure(each.errors.leave_one_out),
            _figure(each.errors.own),
            *([_figure(each.errors.truth)] if has_truth else []),
        ]
        for each in trained
    ]
    return table(head, rows)


def _gaps(errors: Errors) -> str:
    if not errors.unanswered:
        return ""
    return f"{errors.unanswered} point{'s' * (errors.unanswered > 1)} alone in the window"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _flat(errors: Errors, **more: Any) -> dict[str, Any]:
    counts = ("unanswered", "unanswered_queries")
    named = {
        name if name in counts else f"{name}_error": value for name, value in asdict(errors).items()
    }
    return more | named
