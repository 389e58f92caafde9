"""The atlas of heads as text, as JSON, and as rows of a CSV file."""

from dataclasses import asdict, dataclass
from typing import Any

from attnlab.inspection.forced import KINDS
from attnlab.studies.heads.ablation import AblatedHead, Ablation
from attnlab.studies.heads.atlas import HeadAtlas, MeasuredHead
from attnlab.studies.heads.measures import FIGURES
from attnlab.studies.heads.tables import LEGEND, require_column, table_of_ablation, table_of_kind


@dataclass(frozen=True)
class HeadReport:
    """An atlas, what its heads cost if that was measured, and by which column it is sorted.

    Raises:
        UsageError: there is no such column.
    """

    atlas: HeadAtlas
    ablation: Ablation | None
    sort: str | None

    def __post_init__(self) -> None:
        require_column(self.sort)

    def as_json(self) -> dict[str, Any]:
        """Everything, unrounded; alignment error rates in per cent, as `eval --alignment` has."""
        found: dict[str, Any] = {
            **self.atlas.recipe.as_json(searched=self.ablation is not None),
            "split": self.atlas.split,
            "sentences": self.atlas.sentences,
            "heads": [
                _there(row | {"alignment_error_rate": _error_rates(each)})
                for each, row in zip(self.atlas.heads, self.rows(), strict=True)
            ],
            "uniform": {kind: _there(asdict(each)) for kind, each in self.atlas.uniform.items()},
        }
        if self.atlas.straight_line is not None:
            found["straight_line"] = {"alignment_error_rate": 100 * self.atlas.straight_line}
        if self.ablation is not None:
            found["ablation"] = {
                "sentences": self.ablation.sentences,
                "signature": self.ablation.bleu.signature,
                "remark": self.ablation.bleu.remark,
                "bleu": self.ablation.bleu.score,
                "loss": self.ablation.loss,
            }
        return found

    def rows(self) -> list[dict[str, Any]]:
        """One row a head, all with the same names; None where there is no such figure."""
        rows = [_row(each) for each in self.atlas.heads]
        if self.ablation is not None:
            ablated = {each.head: each for each in self.ablation.heads}
            for row, each in zip(rows, self.atlas.heads, strict=True):
                row |= _costs(ablated.get(each.head), self.ablation)
        return rows

    def __str__(self) -> str:
        parts = [
            table_of_kind(self.atlas, kind, self.sort) for kind in KINDS if self.atlas.of_kind(kind)
        ]
        parts.append(LEGEND)
        if self.ablation is not None:
            parts.append(table_of_ablation(self.atlas, self.ablation))
        parts.append(f"run {self.atlas.recipe.run} | {self.atlas.recipe.trained}")
        return "\n\n".join(parts)


def _error_rates(each: MeasuredHead) -> dict[str, float] | None:
    """By convention, in per cent."""
    rates = {found.convention: 100 * found.counts.error_rate for found in each.alignments}
    return rates or None


def _there(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _row(each: MeasuredHead) -> dict[str, Any]:
    head, alignment = each.head, each.alignment
    return {
        "name": head.name,
        "kind": head.kind,
        "layer": head.layer,
        "head": head.head,
        "role": each.role,
        **{name: getattr(each.figures, name) for name in FIGURES},
        "alignment_error_rate": alignment and 100 * alignment.counts.error_rate,
        "alignment_accuracy": alignment and 100 * alignment.counts.accuracy,
        "alignment_convention": alignment and alignment.convention,
    }


_COSTS = ("bleu", "bleu_difference", "p_value", "loss", "loss_difference")


def _costs(each: AblatedHead | None, ablation: Ablation) -> dict[str, float | None]:
    """What is known of the model without a head; None where nobody got to it."""
    values: tuple[float | None, ...] = (None,) * len(_COSTS)
    if each is not None:
        bleu = each.bleu
        values = bleu.bleu, bleu.difference, bleu.p_value, each.loss, each.loss - ablation.loss
    return {f"ablation_{name}": value for name, value in zip(_COSTS, values, strict=True)}
