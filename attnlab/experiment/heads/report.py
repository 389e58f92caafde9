"""The atlas of heads as a table for a terminal, as JSON, and as rows of a CSV file."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from attnlab.errors import UsageError
from attnlab.evaluation.heads import FIGURES, HeadFigures
from attnlab.evaluation.roles import LEGEND as ROLES
from attnlab.experiment.heads.ablation import AblatedHead, Ablation
from attnlab.experiment.heads.atlas import HeadAtlas, MeasuredHead
from attnlab.inspection.recorded import KINDS
from attnlab.table import table

TITLES = {
    "encoder": "encoder self-attention",
    "decoder": "decoder self-attention",
    "cross": "cross-attention",
}
NO_ROLE = "–"


@dataclass(frozen=True)
class Column:
    """A figure as tables have it; `ascending`: by it, the least comes first."""

    heading: str
    figure: str
    ascending: bool


COLUMNS = (
    Column("entropy", "entropy", ascending=True),
    Column("conf", "confidence", ascending=False),
    Column("dist", "distance", ascending=True),
    Column("diag", "diagonality", ascending=False),
    Column("prev", "previous", ascending=False),
    Column("same", "same", ascending=False),
    Column("next", "following", ascending=False),
    Column("begin", "beginning", ascending=False),
    Column("end", "end", ascending=False),
    Column("punct", "punctuation", ascending=False),
)
ALIGNMENT, PLACE = "AER", "layer"
SORTS = (PLACE, ALIGNMENT, *(column.heading for column in COLUMNS))

_LEGEND = f"""\
head: layer and number, from 1, and what it does; all are means over pieces.
entropy: 0 for one piece, 1 for all alike. conf: the greatest weight on a word.
dist: pieces from the place of the query, in cross-attention from the straight
line between both sentences; diag: nearness to it, 1 on it, 0.5 for all alike.
prev same next begin end punct: shares of weight on the piece before, on itself,
after; on the sentence's beginning and end; on punctuation. uniform: a head that
finds all pieces alike. AER: alignment error rate in per cent, of the better of
the step that predicts a word and the one that reads it.
{ROLES}"""

_ABLATION_LEGEND = """\
Each row is the model without that head. p: how likely chance makes as great a
difference of BLEU (paired bootstrap, 1,000 samples); of 20 heads that do not
matter, one has p under 0.05. loss: nats a piece of the references."""


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
            "run": str(self.atlas.run),
            "split": self.atlas.split,
            "sentences": self.atlas.sentences,
            "heads": [
                {name: value for name, value in row.items() if value is not None}
                | {"alignment_error_rate": _error_rates(each)}
                for each, row in zip(self.atlas.heads, self.rows(), strict=True)
            ],
            "uniform": {kind: _there(asdict(each)) for kind, each in self.atlas.uniform.items()},
        }
        if self.atlas.straight_line is not None:
            found["straight_line"] = {"alignment_error_rate": 100 * self.atlas.straight_line}
        if self.ablation is not None:
            found["ablation"] = {
                "sentences": self.ablation.sentences,
                "search": self.ablation.search,
                "signature": self.ablation.bleu.signature,
                "bleu": self.ablation.bleu.score,
                "loss": self.ablation.loss,
            }
        return found

    def rows(self) -> list[dict[str, Any]]:
        """One row a head, all with the same names; None where there is no such figure."""
        ablated = {each.head: each for each in self.ablation.heads} if self.ablation else {}
        return [self._row(each, ablated.get(each.head)) for each in self.atlas.heads]

    def _row(self, each: MeasuredHead, ablated: AblatedHead | None) -> dict[str, Any]:
        head, alignment = each.head, each.alignment
        row: dict[str, Any] = {
            "name": head.name,
            "kind": head.kind,
            "layer": head.layer,
            "head": head.head,
            "role": each.role,
            **{name: getattr(each.figures, name) for name in FIGURES},
            "alignment_error_rate": alignment and 100 * alignment.counts.error_rate,
            "alignment_convention": alignment and alignment.convention,
        }
        if self.ablation is not None and ablated is not None:
            row |= {
                "ablation_bleu": ablated.bleu.bleu,
                "ablation_bleu_difference": ablated.bleu.difference,
                "ablation_p_value": ablated.bleu.p_value,
                "ablation_loss": ablated.loss,
                "ablation_loss_difference": ablated.loss - self.ablation.loss,
            }
        return row

    def __str__(self) -> str:
        parts = [self._of_kind(kind) for kind in KINDS if self.atlas.of_kind(kind)]
        parts.append(_LEGEND)
        if self.ablation is not None:
            parts.append(self._of_ablation(self.ablation))
        return "\n\n".join(parts)

    def _of_kind(self, kind: str) -> str:
        heads, uniform = self.atlas.of_kind(kind), self.atlas.uniform[kind]
        columns = [each for each in COLUMNS if getattr(uniform, each.figure) is not None]
        aligned = all(each.alignment for each in heads)
        by, ordered = _sorted(heads, self.sort)
        rows = []
        for each in ordered:
            cells = [f"{each.head.place}  {each.role or NO_ROLE}", *_cells(each.figures, columns)]
            if aligned and each.alignment is not None:
                error_rate = 100 * each.alignment.counts.error_rate
                cells += [f"{error_rate:.1f}", each.alignment.convention]
            rows.append(cells)
        rows.append(["     uniform", *_cells(uniform, columns), *(["", ""] if aligned else [])])
        head = ["head", *(column.heading for column in columns)]
        title = f"{TITLES[kind]} | {self.atlas.split} | {self.atlas.sentences:,} sentences"
        parts = [
            f"{title} | sorted by {by}",
            table([*head, ALIGNMENT, "by step"] if aligned else head, rows),
        ]
        if aligned and self.atlas.straight_line is not None:
            parts.append(f"the straight line: AER {100 * self.atlas.straight_line:.1f}")
        return "\n".join(parts)

    def _of_ablation(self, ablation: Ablation) -> str:
        roles = {each.head: each.role for each in self.atlas.heads}
        rows = [
            [
                f"{TITLES[each.head.kind]} {each.head.place}",
                roles[each.head] or NO_ROLE,
                f"{each.bleu.bleu:.1f}",
                f"{each.bleu.difference:+.1f}",
                f"{each.bleu.p_value:.3f}",
                f"{each.loss:.3f}",
                f"{each.loss - ablation.loss:+.3f}",
            ]
            for each in sorted(ablation.heads, key=lambda each: (each.bleu.difference, -each.loss))
        ]
        whole = ["the whole model", "", f"{ablation.bleu.score:.1f}", "", ""]
        return "\n".join(
            [
                f"without one head each | {self.atlas.split} | {ablation.sentences:,} sentences | "
                "dearest first",
                table(
                    ["without", "role", "BLEU", "diff", "p", "loss", "diff"],
                    [[*whole, f"{ablation.loss:.3f}", ""], *rows],
                ),
                f"BLEU | {ablation.search} | {ablation.bleu.signature}",
                _ABLATION_LEGEND,
            ]
        )


def require_column(sort: str | None) -> None:
    """Refuse to sort by what no table has."""
    if sort is not None and sort not in SORTS:
        raise UsageError(f"--sort {sort} is none of: {', '.join(SORTS)}")


def _sorted(heads: list[MeasuredHead], sort: str | None) -> tuple[str, list[MeasuredHead]]:
    """What `heads` of one kind are sorted by, and they in that order.

    By `sort` where they have it; otherwise by alignment error, or by entropy where there is none.
    """
    ways = dict(_ways(heads))
    by = sort if sort in ways else next(iter(ways))
    return by, sorted(heads, key=ways[by])


def _ways(heads: list[MeasuredHead]) -> Iterator[tuple[str, Callable[[MeasuredHead], Any]]]:
    """Every heading that all of `heads` have a figure for, and the key to sort them by it."""
    if all(each.alignment for each in heads):
        yield ALIGNMENT, lambda each: each.alignment.counts.error_rate if each.alignment else 0.0
    for column in COLUMNS:
        if all(getattr(each.figures, column.figure) is not None for each in heads):
            sign = 1 if column.ascending else -1
            yield column.heading, _by(column.figure, sign)
    yield PLACE, lambda each: (each.head.layer, each.head.head)


def _by(figure: str, sign: int) -> Callable[[MeasuredHead], float]:
    return lambda each: sign * float(getattr(each.figures, figure))


def _cells(figures: HeadFigures, columns: list[Column]) -> list[str]:
    values = [getattr(figures, column.figure) for column in columns]
    return [NO_ROLE if value is None else f"{value:.2f}" for value in values]


def _error_rates(each: MeasuredHead) -> dict[str, float]:
    return {found.convention: 100 * found.counts.error_rate for found in each.alignments}


def _there(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
