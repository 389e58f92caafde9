"""The attention of one sentence as a figure: chosen maps, gold links on them, and what is said.

Knows no run and no file.
"""

from collections.abc import Sequence
from itertools import groupby

from attnlab.inspection.choice import Choice, ChosenMap, choose_maps
from attnlab.inspection.maps import AttentionMap
from attnlab.plotting import Figure
from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.plotting.matrix import Heatmap, attention_heatmap

TRANSLATION, REFERENCE = "translation", "reference"
"""What a target is called: the model's own, or the corpus's."""

Cells = frozenset[tuple[int, int]]


def draw_translation(
    maps: Sequence[AttentionMap],
    choices: Sequence[Choice],
    *,
    heading: str,
    caption: str = "",
    note: str = "",
    target_name: str = TRANSLATION,
    gold: Cells | None = None,
    print_weights: bool = False,
) -> Figure:
    """One figure of the maps that `choices` take from a sentence's: a row a layer, a column a head.

    `gold` are the cells of cross-attention maps that are outlined.

    Raises:
        UsageError: a choice asks for a kind, layer or head that is not there.
    """
    chosen = [each for choice in choices for each in choose_maps(maps, choice)]
    return draw_heatmaps(
        [panel(each, target_name, gold) for each in chosen],
        heading=heading,
        caption=caption,
        note=note,
        columns=_rows(chosen),
        print_weights=print_weights,
    )


def panel(
    shown: ChosenMap, target_name: str, gold: Cells | None, title: str | None = None
) -> Heatmap:
    """The map as a panel, under a `title` of its own or the given one."""
    axes = {
        "encoder": ("source", "source"),
        "decoder": (target_name, target_name),
        "cross": (target_name, "source"),
    }
    query_name, key_name = axes[shown.kind]
    return attention_heatmap(
        title=shown.title if title is None else title,
        weights=shown.weights,
        queries=shown.queries,
        keys=shown.keys,
        query_name=query_name,
        key_name=key_name,
        gold=gold if gold and shown.kind == "cross" else frozenset(),
    )


def _rows(chosen: Sequence[ChosenMap]) -> list[int] | None:
    """How many maps stand in each row; None leaves to the page what is a single line anyway."""
    by_layer = [len(list(row)) for _, row in groupby(chosen, lambda each: (each.kind, each.row))]
    by_kind = [len(list(row)) for _, row in groupby(chosen, lambda each: each.kind)]
    rows = by_layer if max(by_layer) > 1 else by_kind
    return None if len(rows) == 1 or max(rows) == 1 else rows
