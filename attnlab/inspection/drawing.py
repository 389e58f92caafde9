"""Figures of attention maps: a choice of layers and heads, or means over them, drawn on a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.attention.recording import attentions
from attnlab.inspection.forced import KINDS, kind_and_layer
from attnlab.inspection.maps import AttentionMap
from attnlab.models import EncoderDecoder
from attnlab.plotting import Figure
from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.plotting.matrix import Heatmap, attention_heatmap
from attnlab.support.errors import UsageError

ALL = "all"
"""The name that stands for all kinds of attention of a model."""

_NAMES = {
    "cross": "cross attention",
    "encoder": "encoder self-attention",
    "decoder": "decoder self-attention",
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The maps of a `kind`, of these `layers` and `heads` from 1; empty: of all.

    `average`: "heads" averages over heads, "layers" over layers, or both.
    """

    kind: str
    layers: tuple[int, ...] = ()
    heads: tuple[int, ...] = ()
    average: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ChosenMap:
    """A map of one head, or a mean over several; `row` and `column` index layers and heads."""

    title: str
    kind: str
    row: int
    column: int
    weights: NDArray[np.float32]
    queries: list[str]
    keys: list[str]


def kinds_of(model: EncoderDecoder[Any], wanted: Sequence[str]) -> list[str]:
    """The kinds of attention `wanted`, once each, with `all` replaced by all that `model` has.

    Raises:
        UsageError: the model has no attention of that kind.
    """
    there = {kind_and_layer(name)[0] for name in attentions(model)}
    kinds: list[str] = []
    for kind in wanted:
        if kind != ALL:
            _require_kind(kind, there)
        kinds += [each for each in KINDS if each in there] if kind == ALL else [kind]
    return list(dict.fromkeys(kinds))


def choose_maps(maps: Sequence[AttentionMap], choice: Choice) -> list[ChosenMap]:
    """The maps of one sentence that `choice` selects, layer by layer, head by head.

    Titles name layer and head if the model has several.

    Raises:
        UsageError: there is no such kind, layer or head; the message names the existing ones.
    """
    of_kind = [each for each in maps if each.kind == choice.kind]
    _require_kind(choice.kind, {each.kind for each in maps})
    several_heads = len({each.head for each in of_kind}) > 1
    several_layers = len({each.layer for each in of_kind}) > 1
    layers = _numbers("layer", choice.layers, [each.layer for each in of_kind], choice.kind)
    heads = _numbers("head", choice.heads, [each.head for each in of_kind], choice.kind)
    chosen = []
    for row, some_layers in enumerate(_together(layers, "layers" in choice.average)):
        for column, some_heads in enumerate(_together(heads, "heads" in choice.average)):
            group = [
                each for each in of_kind if each.layer in some_layers and each.head in some_heads
            ]
            title = [_NAMES[choice.kind]]
            if several_heads or several_layers:
                title.append(_numbered("layer", some_layers, of_kind))
            if several_heads:
                title.append(_numbered("head", some_heads, of_kind))
            mean = np.stack([each.weights for each in group]).mean(axis=0)
            first = group[0]
            chosen.append(
                ChosenMap(
                    " · ".join(title),
                    choice.kind,
                    row,
                    column,
                    np.asarray(mean),
                    first.queries,
                    first.keys,
                )
            )
    return chosen


def _require_kind(kind: str, there: set[str]) -> None:
    if kind not in KINDS:
        raise UsageError(f"--kind {kind} is none of: {', '.join(KINDS)}, {ALL}")
    if kind not in there:
        raise UsageError(f"--kind {kind}: this model has only: {', '.join(sorted(there))}")


def _numbers(option: str, wanted: Sequence[int], there: Sequence[int], kind: str) -> list[int]:
    for number in wanted:
        if number not in there:
            raise UsageError(
                f"--{option} {number}: {kind} attention has {option}s 1 to {max(there)}"
            )
    return sorted(set(wanted or there))


def _together(numbers: Sequence[int], averaged: bool) -> list[list[int]]:
    """All in one group to average over, or each in its own."""
    return [list(numbers)] if averaged else [[number] for number in numbers]


def _numbered(what: str, numbers: Sequence[int], among: Sequence[AttentionMap]) -> str:
    """`layer 2`, `mean of layers`, or `mean of layers 1 and 3` if there are others."""
    if len(numbers) == 1:
        return f"{what} {numbers[0]}"
    if len(numbers) == len({getattr(each, what) for each in among}):
        return f"mean of {what}s"
    *first, last = map(str, numbers)
    return f"mean of {what}s {', '.join(first)} and {last}"


TRANSLATION, REFERENCE = "translation", "reference"
"""Names of the target axis: the model's translation, or the corpus's reference."""

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
    """Draw the `choices` among the maps of one sentence: a row for each layer, a column a head.

    `gold`: the cells of cross-attention maps to outline.

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
    """The map as a panel, with its own title or the given one."""
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
    """The number of maps in each row; None for a single row or column, which the page arranges."""
    by_layer = [len(list(row)) for _, row in groupby(chosen, lambda each: (each.kind, each.row))]
    by_kind = [len(list(row)) for _, row in groupby(chosen, lambda each: each.kind)]
    rows = by_layer if max(by_layer) > 1 else by_kind
    return None if len(rows) == 1 or max(rows) == 1 else rows
