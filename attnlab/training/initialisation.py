"""Initial weights from another model: weights of the same name and shape, embeddings by piece."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from attnlab.models.interface import EncoderDecoder
from attnlab.models.layers import TokenTable
from attnlab.support.errors import UsageError
from attnlab.support.ranges import CountOrZero
from attnlab.training.checkpoint import require_checkpoint_name

VOCABULARIES = ("auto", "keep", "new")


@dataclass(kw_only=True)
class InitConfig:
    """What a run takes from the run `init_from`.

    `checkpoint`: best, last, averaged or a kept one. `vocabulary`: keep (that run's), new (learnt
    from this run's corpus; pieces that both have keep their embeddings) or auto, which is new where
    the command line has a setting of the vocabulary besides `vocabulary.sampling`, else keep.
    `update` and `weights`: the update after which the checkpoint was written, and the SHA-256 of
    its weights; null is any, and the run records them.
    """

    checkpoint: str = "best"
    vocabulary: str = "auto"
    update: CountOrZero | None = None
    weights: str | None = None

    def __post_init__(self) -> None:
        require_checkpoint_name("init.checkpoint", self.checkpoint)
        if self.vocabulary not in VOCABULARIES:
            raise UsageError(
                f"init.vocabulary={self.vocabulary} is none of: {', '.join(VOCABULARIES)}"
            )


Pieces = Mapping[str, Mapping[str, int]]
"""The id of each piece, of each side's vocabulary: source and target."""


@dataclass
class Transfer:
    """What a model took from another one; tied weights count once, under their first name.

    `taken`: the weights that took values, all or by piece. `fresh`: those that keep their own.
    `left`: the other model's weights of which nothing was taken. `rows`: for each side whose tables
    took values, how many of its pieces have theirs from there, and how many pieces there are.
    """

    taken: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)


@torch.no_grad()
def transfer_weights(
    source: EncoderDecoder[Any], source_pieces: Pieces, model: EncoderDecoder[Any], pieces: Pieces
) -> Transfer:
    """Give `model` the weights and buffers of `source` that agree in name and shape.

    Tables with a row for each piece (embeddings, the output's weights and bias) agree in name and
    width, and take the rows of the pieces that both vocabularies have. All else in `model` keeps
    its values.
    """
    found, used = Transfer(), set[str]()
    theirs, their_sides = source.state_dict(keep_vars=True), _sides(source)
    own, sides = model.state_dict(keep_vars=True), _sides(model)
    for names in _tied(own):
        weight, side = own[names[0]], sides.get(names[0])
        alike = [name for name in names if name in theirs and _agree(theirs[name], weight, side)]
        alike = [name for name in alike if (name in their_sides) == (side is not None)]
        if side is None:
            used.update(alike[:1])
            for name in alike[:1]:
                weight.copy_(theirs[name])
        else:
            tables = [(theirs[name], source_pieces[their_sides[name]]) for name in alike]
            rows = _copy_rows(weight, pieces[side], tables)
            used.update(alike if rows else ())
            if rows:
                found.rows[side] = max(rows, found.rows.get(side, (0, 0))[0]), len(pieces[side])
        (found.taken if used.intersection(names) else found.fresh).append(names[0])
    found.left = [names[0] for names in _tied(theirs) if not used.intersection(names)]
    return found


def _sides(model: EncoderDecoder[Any]) -> dict[str, str]:
    """The side of each table with a row for each piece, by all of its names."""
    found = {f"output.{name}": "target" for name, _ in model.output.named_parameters()}
    for name, module in model.named_modules(remove_duplicate=False):
        if isinstance(module, TokenTable):
            found[f"{name}.weight"] = module.side
    return found


def _tied(weights: Mapping[str, Tensor]) -> list[list[str]]:
    """The names of each tensor."""
    names: dict[int, list[str]] = {}
    for name, weight in weights.items():
        names.setdefault(id(weight), []).append(name)
    return list(names.values())


def _agree(one: Tensor, other: Tensor, side: str | None) -> bool:
    return one.shape == other.shape if side is None else one.shape[1:] == other.shape[1:]


def _copy_rows(
    table: Tensor, pieces: Mapping[str, int], others: Sequence[tuple[Tensor, Mapping[str, int]]]
) -> int:
    """Copy each piece's row from the first of `others` that has the piece; returns how many."""
    missing, copied = dict(pieces), 0
    for other, places in others:
        shared = [piece for piece in missing if piece in places]
        rows = torch.tensor([missing.pop(piece) for piece in shared], dtype=torch.long)
        theirs = torch.tensor([places[piece] for piece in shared], dtype=torch.long)
        table[rows.to(table.device)] = other[theirs].to(table)
        copied += len(shared)
    return copied
