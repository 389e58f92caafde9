"""Which attention maps a figure shows: some layers and heads of a kind, or means over them.

Knows maps, no figure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.attention.recording import attentions
from attnlab.inspection.forced import KINDS, kind_and_layer
from attnlab.inspection.maps import AttentionMap
from attnlab.models import EncoderDecoder
from attnlab.support.errors import UsageError

ALL = "all"
"""As a kind's name: every kind that the model has."""

_NAMES = {
    "cross": "cross attention",
    "encoder": "encoder self-attention",
    "decoder": "decoder self-attention",
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Maps of a `kind`: of these `layers` and `heads`, counted from 1, or of all if none is named.

    `average` says over what the mean is taken: "heads" leaves a map for each layer, "layers" one
    for each head, both a single one.
    """

    kind: str
    layers: tuple[int, ...] = ()
    heads: tuple[int, ...] = ()
    average: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ChosenMap:
    """A map to be shown, of one head or a mean over some; its title says of what.

    `row` and `column` are its place among the layers and the heads that were chosen.
    """

    title: str
    kind: str
    row: int
    column: int
    weights: NDArray[np.float32]
    queries: list[str]
    keys: list[str]


def kinds_of(model: EncoderDecoder[Any], wanted: Sequence[str]) -> list[str]:
    """The kinds of attention `wanted`, once each, with `all` meant as all that `model` has.

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
    """The maps of one sentence that `choice` asks for, layer by layer, head by head.

    Titles name the layer and the head where the model has several of them.

    Raises:
        UsageError: there is no such kind, layer or head; the message names those that there are.
    """
    of_kind = [each for each in maps if each.kind == choice.kind]
    _require_kind(choice.kind, {each.kind for each in maps})
    layers = _numbers("layer", choice.layers, [each.layer for each in of_kind], choice.kind)
    heads = _numbers("head", choice.heads, [each.head for each in of_kind], choice.kind)
    chosen = []
    for row, some_layers in enumerate(_together(layers, "layers" in choice.average)):
        for column, some_heads in enumerate(_together(heads, "heads" in choice.average)):
            group = [
                each for each in of_kind if each.layer in some_layers and each.head in some_heads
            ]
            title = [_NAMES[choice.kind]]
            several_heads = len({each.head for each in of_kind}) > 1
            if several_heads or len({each.layer for each in of_kind}) > 1:
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
    """All in one group, of which the mean is taken, or each in its own."""
    return [list(numbers)] if averaged else [[number] for number in numbers]


def _numbered(what: str, numbers: Sequence[int], among: Sequence[AttentionMap]) -> str:
    """`layer 2`, `mean of layers`, or `mean of layers 1 and 3` where that is not all of them."""
    if len(numbers) == 1:
        return f"{what} {numbers[0]}"
    if len(numbers) == len({getattr(each, what) for each in among}):
        return f"mean of {what}s"
    *first, last = map(str, numbers)
    return f"mean of {what}s {', '.join(first)} and {last}"
