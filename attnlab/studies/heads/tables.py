"""The atlas of heads as tables for a terminal of 80 columns, one a kind of attention."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from attnlab.studies.heads.ablation import Ablation
from attnlab.studies.heads.atlas import HeadAtlas, MeasuredHead
from attnlab.studies.heads.measures import HeadFigures
from attnlab.studies.heads.roles import LEGEND as ROLES
from attnlab.support.errors import UsageError
from attnlab.support.table import table

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
ALIGNMENT, ACCURACY, PLACE = "AER", "acc", "layer"
SORTS = (PLACE, ALIGNMENT, ACCURACY, *(column.heading for column in COLUMNS))

LEGEND = f"""\
head: layer and number, from 1, and what it does; all are means over pieces.
entropy: 0 for one piece, 1 for all alike. conf: the greatest weight on a word.
dist: pieces from the place of the query, in cross-attention from the straight
line between both sentences; diag: nearness to it, 1 on it, 0.5 for all alike.
prev same next begin end punct: shares of weight on the piece before, on itself,
after; on the sentence's beginning and end; on punctuation. uniform: a head that
finds all pieces alike. AER: alignment error rate in per cent, of the better of
the step that predicts a word and the one that reads it; acc: the words that
look most at one they are linked with, in per cent, by the same step.
{ROLES}"""

ABLATION_LEGEND = """\
Each row is the model without that head. p: how likely chance alone makes as
great a difference of BLEU (approximate randomisation, 1,000 trials); of 20
heads that do not matter, one has p under 0.05. loss: nats a target piece."""


def require_column(sort: str | None) -> None:
    """Refuse to sort by what no table has."""
    if sort is not None and sort not in SORTS:
        raise UsageError(f"--sort {sort} is none of: {', '.join(SORTS)}")


def table_of_kind(atlas: HeadAtlas, kind: str, sort: str | None) -> str:
    """The heads of one kind, sorted, and below them what an attention has that is uniform."""
    heads, uniform = atlas.of_kind(kind), atlas.uniform[kind]
    columns = [each for each in COLUMNS if getattr(uniform, each.figure) is not None]
    aligned = all(each.alignment for each in heads)
    by, ordered = _sorted(heads, sort)
    rows = []
    for each in ordered:
        cells = [f"{each.head.place}  {each.role or NO_ROLE}", *_cells(each.figures, columns)]
        if aligned and each.alignment is not None:
            counts = each.alignment.counts
            shares = (counts.error_rate, counts.accuracy)
            cells += [*(f"{100 * share:.1f}" for share in shares), each.alignment.convention]
        rows.append(cells)
    rows.append(["     uniform", *_cells(uniform, columns), *([""] * 3 if aligned else [])])
    head = ["head", *(column.heading for column in columns)]
    title = f"{TITLES[kind]} | {atlas.split} | {atlas.sentences:,} sentences"
    parts = [
        f"{title} | sorted by {by}",
        table([*head, ALIGNMENT, ACCURACY, "by step"] if aligned else head, rows),
    ]
    if aligned and atlas.straight_line is not None:
        parts.append(f"the straight line: AER {100 * atlas.straight_line:.1f}")
    return "\n".join(parts)


def table_of_ablation(atlas: HeadAtlas, ablation: Ablation) -> str:
    """The model without each head, the dearest first."""
    roles = {each.head: each.role for each in atlas.heads}
    rows = [
        [
            f"{TITLES[each.head.kind]} {each.head.place}",
            roles[each.head] or NO_ROLE,
            f"{each.bleu.bleu:.1f}",
            f"{each.bleu.difference:+z.1f}",
            f"{each.bleu.p_value:.3f}",
            f"{each.loss:.3f}",
            f"{each.loss - ablation.loss:+z.3f}",
        ]
        for each in sorted(ablation.heads, key=lambda each: (each.bleu.difference, -each.loss))
    ]
    whole = ["the whole model", "", f"{ablation.bleu.score:.1f}", "", ""]
    return "\n".join(
        [
            f"without one head each | {atlas.split} | {ablation.sentences:,} sentences | "
            "dearest first",
            table(
                ["without", "role", "BLEU", "diff", "p", "loss", "diff"],
                [[*whole, f"{ablation.loss:.3f}", ""], *rows],
            ),
            f"BLEU | {atlas.recipe} | {ablation.bleu.signature}",
            *([] if ablation.bleu.remark is None else [ablation.bleu.remark]),
            ABLATION_LEGEND,
        ]
    )


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
        yield ACCURACY, lambda each: -each.alignment.counts.accuracy if each.alignment else 0.0
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
