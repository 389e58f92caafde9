"""Results of a kernel regression as tables and as JSON."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from attnlab.studies.kernel_regression.regression import Epoch, Errors, Fit, best_fit
from attnlab.support.table import table, three_digits


@dataclass(frozen=True, kw_only=True)
class TrainedWidth:
    """A trained width: the queries of its training, its epochs, and its errors afterwards."""

    queries: str
    epochs: list[Epoch]
    errors: Errors

    @property
    def name(self) -> str:
        """Name for tables and figures."""
        return self.queries.replace("_", "-")

    @property
    def widths(self) -> list[float]:
        """σ after training, one for all inputs or one for each."""
        return self.epochs[-1].widths


@dataclass(frozen=True, kw_only=True)
class RegressionReport:
    """The points, all fits, all trained widths, and the files of a run."""

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
        """The least leave-one-out error of what predicts every point."""
        best = best_fit(self.fits)
        found = [each.errors.leave_one_out for each in (best, *self.trained) if each is not None]
        return min((error for error in found if error is not None), default=None)

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`; epochs are in metrics.jsonl."""
        best = best_fit(self.fits)
        return {
            "folder": str(self.folder),
            "data": self.data,
            "points": self.points,
            "inputs": self.inputs,
            "formula": self.formula,
            "noise_variance": self.noise_variance,
            "fits": [
                {"kernel": fit.kernel, "width": fit.width} | _errors_as_json(fit.errors)
                for fit in self.fits
            ],
            "best": None if best is None else {"kernel": best.kernel, "width": best.width},
            "trained": [
                {
                    "queries": each.queries,
                    "epochs": each.epochs[-1].number,
                    "loss_before": each.epochs[0].loss,
                    "loss_after": each.epochs[-1].loss,
                    "widths_before": each.epochs[0].widths,
                    "widths_after": each.widths,
                }
                | _errors_as_json(each.errors)
                for each in self.trained
            ],
            "files": [str(path) for path in self.files],
        }

    def __str__(self) -> str:
        about, truth = f"{self.points} points of {self.data}", ""
        if self.formula is not None:
            about += f": {self.formula}, and noise of variance {self.noise_variance:g}"
            truth = "\ntruth: against the curve without noise."
        parts = [
            f"{about}\nErrors are mean squares. without: each point predicted from all others; "
            f"with: from all, itself included.{truth}",
            self._fits_table(),
        ]
        if self.trained:
            parts.append(self._trained_table())
        return "\n\n".join(parts)

    def _fits_table(self) -> str:
        best = best_fit(self.fits)
        rows = []
        for fit in self.fits:
            remark = "least without" if fit is best else ""
            if fit.errors.unanswered:
                plural = "s" * (fit.errors.unanswered > 1)
                remark = f"{fit.errors.unanswered} point{plural} alone in the window"
            width = "any" if fit.width is None else f"{fit.width:g}"
            rows.append([fit.kernel, width, *self._cells(fit.errors), remark])
        return table(["kernel", "width", *self._columns, ""], rows)

    def _trained_table(self) -> str:
        widths = [f"width {name}" for name in self.inputs]
        if len(self.trained[0].widths) == 1:
            widths = ["width"]
        rows = [
            [each.name, *map(three_digits, each.widths), *self._cells(each.errors)]
            for each in self.trained
        ]
        return table(["gaussian, trained", *widths, *self._columns], rows)

    @property
    def _columns(self) -> list[str]:
        return ["without", "with", *(["truth"] if self.formula is not None else [])]

    def _cells(self, errors: Errors) -> list[str]:
        values = [errors.leave_one_out, errors.own]
        values += [] if self.formula is None else [errors.truth]
        return ["-" if value is None else f"{value:.4f}" for value in values]


def _errors_as_json(errors: Errors) -> dict[str, Any]:
    counts = ("unanswered", "unanswered_queries")
    return {
        name if name in counts else f"{name}_error": value for name, value in asdict(errors).items()
    }
