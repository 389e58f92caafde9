"""Report of all heads: tables for a terminal of 80 columns, JSON, and rows of a CSV file."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from attnlab.evaluate.atlas import Head, HeadAtlas, MeasuredHead
from attnlab.evaluate.head_measures import MEASURES, ROLES, HeadMeasures
from attnlab.inspection.forced import KINDS
from attnlab.studies.heads.ablation import Ablation
from attnlab.support.errors import UsageError
from attnlab.support.table import table

TITLES = {
    "encoder": "encoder self-attention",
    "decoder": "decoder self-attention",
    "cross": "cross-attention",
}

_COLUMNS = {
    "entropy": "entropy",
    "conf": "confidence",
    "dist": "distance",
    "diag": "diagonality",
    "prev": "previous",
    "same": "same",
    "next": "following",
    "begin": "beginning",
    "end": "end",
    "punct": "punctuation",
}
"""Headings of tables, and their measures."""

_ASCENDING = {"entropy", "dist"}
"""Headings that are sorted from the least value; others start with the greatest."""

_SORTS = ("layer", "AER", "acc", *_COLUMNS)
_NONE = "–"

_LEGEND = f"""\
head: layer and number, from 1, and its role; all are means over pieces.
entropy: 0 for one piece, 1 for all alike. conf: the greatest weight on a word.
dist: pieces from the place of the query, in cross-attention from the straight
line between both sentences; diag: nearness to it, 1 on it, 0.5 for all alike.
prev same next begin end punct: shares of weight on the piece before, on itself,
after; on the sentence's beginning and end; on punctuation. uniform: equal
weights on all pieces. AER: alignment error rate in per cent, of the better of
the step that predicts a word and the one that reads it; acc: the words with
the greatest weight on one they are linked with, in per cent, by the same step.
{ROLES}"""

_ABLATION_LEGEND = """\
Each row is the model without that head. p: how likely chance alone makes as
great a difference of BLEU (approximate randomisation, 1,000 trials); of 20
heads that do not matter, one has p under 0.05. loss: nats per target piece."""


def require_column(sort: str | None) -> None:
    """Refuse to sort by a column that no table has.

    Raises:
        UsageError: there is no such column.
    """
    if sort is not None and sort not in _SORTS:
        raise UsageError(f"--sort {sort} is none of: {', '.join(_SORTS)}")


@dataclass(frozen=True)
class HeadReport:
    """Measured heads, the ablation if it was done, and the column to sort by.

    Raises:
        UsageError: there is no such column.
    """

    atlas: HeadAtlas
    ablation: Ablation | None
    sort: str | None

    def __post_init__(self) -> None:
        require_column(self.sort)

    def as_json(self) -> dict[str, Any]:
        """Everything, unrounded; alignment error rates in per cent, as in `eval --alignment`."""
        found: dict[str, Any] = {
            **self.atlas.recipe.as_json(searched=self.ablation is not None),
            "split": self.atlas.split,
            "sentences": self.atlas.sentences,
            "heads": [
                _present(row | {"alignment_error_rate": _error_rates(each)})
                for each, row in zip(self.atlas.heads, self.rows(), strict=True)
            ],
            "uniform": {kind: _present(asdict(each)) for kind, each in self.atlas.uniform.items()},
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
        """A row per head, all with the same names; None where a value is missing."""
        rows = [_row(each) for each in self.atlas.heads]
        if self.ablation is not None:
            for row, each in zip(rows, self.atlas.heads, strict=True):
                row |= _costs(each.head, self.ablation)
        return rows

    def __str__(self) -> str:
        parts = [self._table(kind) for kind in KINDS if self.atlas.of_kind(kind)]
        parts.append(_LEGEND)
        if self.ablation is not None:
            parts.append(_ablation_table(self.atlas, self.ablation))
        parts.append(f"run {self.atlas.recipe.run} | {self.atlas.recipe.trained}")
        return "\n\n".join(parts)

    def _table(self, kind: str) -> str:
        """The sorted heads of one kind, and below them uniform attention."""
        heads, uniform = self.atlas.of_kind(kind), self.atlas.uniform[kind]
        columns = [each for each in _COLUMNS if getattr(uniform, _COLUMNS[each]) is not None]
        aligned = all(each.alignment for each in heads)
        orders = _orders(heads)
        by = self.sort if self.sort in orders else next(iter(orders))
        rows = []
        for each in sorted(heads, key=orders[by]):
            cells = [f"{each.head.place}  {each.role or _NONE}", *_cells(each.measures, columns)]
            if aligned and each.alignment is not None:
                counts = each.alignment.counts
                rates = (counts.error_rate, counts.accuracy)
                cells += [*(f"{100 * rate:.1f}" for rate in rates), each.alignment.convention]
            rows.append(cells)
        rows.append(["     uniform", *_cells(uniform, columns), *([""] * 3 if aligned else [])])
        head = ["head", *columns, *(["AER", "acc", "by step"] if aligned else [])]
        title = f"{TITLES[kind]} | {self.atlas.split} | {self.atlas.sentences:,} sentences"
        parts = [f"{title} | sorted by {by}", table(head, rows)]
        if aligned and self.atlas.straight_line is not None:
            parts.append(f"the straight line: AER {100 * self.atlas.straight_line:.1f}")
        return "\n".join(parts)


def _orders(heads: list[MeasuredHead]) -> dict[str, Callable[[MeasuredHead], Any]]:
    """Sort keys by heading, for the headings that all `heads` have; the default order first."""

    def of(heading: str) -> Callable[[MeasuredHead], float]:
        sign = 1 if heading in _ASCENDING else -1
        return lambda each: sign * float(getattr(each.measures, _COLUMNS[heading]))

    orders: dict[str, Callable[[MeasuredHead], Any]] = {}
    if all(each.alignment for each in heads):
        orders["AER"] = lambda each: each.alignment.counts.error_rate if each.alignment else 0.0
        orders["acc"] = lambda each: -each.alignment.counts.accuracy if each.alignment else 0.0
    for heading, measure in _COLUMNS.items():
        if all(getattr(each.measures, measure) is not None for each in heads):
            orders[heading] = of(heading)
    orders["layer"] = lambda each: (each.head.layer, each.head.head)
    return orders


def _cells(measures: HeadMeasures, columns: list[str]) -> list[str]:
    values = [getattr(measures, _COLUMNS[heading]) for heading in columns]
    return [_NONE if value is None else f"{value:.2f}" for value in values]


def _ablation_table(atlas: HeadAtlas, ablation: Ablation) -> str:
    """The model without each head, the greatest loss of BLEU first."""
    roles = {each.head: each.role for each in atlas.heads}
    rows = [
        [
            f"{TITLES[each.head.kind]} {each.head.place}",
            roles[each.head] or _NONE,
            f"{each.bleu.score:.1f}",
            f"{each.bleu.difference:+z.1f}",
            f"{each.bleu.p_value:.3f}",
            f"{each.loss:.3f}",
            f"{each.loss - ablation.loss:+z.3f}",
        ]
        for each in sorted(ablation.heads, key=lambda each: (each.bleu.difference, -each.loss))
    ]
    whole = ["the whole model", "", f"{ablation.bleu.score:.1f}", "", ""]
    title = f"without one head each | {atlas.split} | {ablation.sentences:,} sentences"
    return "\n".join(
        [
            f"{title} | greatest loss of BLEU first",
            table(
                ["without", "role", "BLEU", "diff", "p", "loss", "diff"],
                [[*whole, f"{ablation.loss:.3f}", ""], *rows],
            ),
            f"BLEU | {atlas.recipe} | {ablation.bleu.signature}",
            *([] if ablation.bleu.remark is None else [ablation.bleu.remark]),
            _ABLATION_LEGEND,
        ]
    )


def _row(each: MeasuredHead) -> dict[str, Any]:
    head, alignment = each.head, each.alignment
    return {
        "name": head.name,
        "kind": head.kind,
        "layer": head.layer,
        "head": head.head,
        "role": each.role,
        **{name: getattr(each.measures, name) for name in MEASURES},
        "alignment_error_rate": alignment and 100 * alignment.counts.error_rate,
        "alignment_accuracy": alignment and 100 * alignment.counts.accuracy,
        "alignment_convention": alignment and alignment.convention,
    }


def _costs(head: Head, ablation: Ablation) -> dict[str, float | None]:
    """Columns of the model without a head; None where the ablation stopped before it."""
    names = ("bleu", "bleu_difference", "p_value", "loss", "loss_difference")
    values: tuple[float | None, ...] = (None,) * len(names)
    for each in ablation.heads:
        if each.head == head:
            bleu, change = each.bleu, each.loss - ablation.loss
            values = (bleu.score, bleu.difference, bleu.p_value, each.loss, change)
    return {f"ablation_{name}": value for name, value in zip(names, values, strict=True)}


def _error_rates(each: MeasuredHead) -> dict[str, float] | None:
    """Alignment error rates by convention, in per cent."""
    rates = {found.convention: 100 * found.counts.error_rate for found in each.alignments}
    return rates or None


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
