"""Decoder states as flat lists of named tensors, which a graph takes and returns."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor

from attnlab.data.tokens import BEGIN
from attnlab.models.interface import EncoderDecoder, evaluation_mode

SENTENCE, BEAM, SOURCE, PAST = "sentences", "beams", "source_length", "past_length"
"""Names of axes whose sizes vary: `past_length` counts the decoded target tokens."""

Leaf = Tensor | int | None


@dataclass(frozen=True)
class StateTensor:
    """A tensor of the decoder's state.

    `axes`: the name of each axis that varies, and the size of each that does not. `constant`:
    whether decoding leaves it as it is, so that the decoder does not return it. A number, such as
    that of decoded tokens, is a tensor without axes.
    """

    name: str
    dtype: str
    axes: tuple[str | int, ...]
    constant: bool

    def shape(self, **sizes: int) -> tuple[int, ...]:
        """The sizes of its axes, those that vary from `sizes`."""
        return tuple(sizes[axis] if isinstance(axis, str) else axis for axis in self.axes)

    @property
    def by_hypothesis(self) -> bool:
        """Whether each hypothesis has its own, rather than each sentence."""
        return BEAM in self.axes

    def as_json(self) -> dict[str, Any]:
        """The same as values."""
        return asdict(self) | {"axes": list(self.axes)}


def leaves(state: Any) -> dict[str, Leaf]:
    """Tensors, numbers and absent parts of a state by their path, such as `layers.0.past.key`."""
    return dict(_leaves(state, ""))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Leaf]]:
    if is_dataclass(value):
        parts = [(field.name, getattr(value, field.name)) for field in fields(value)]
    elif isinstance(value, tuple):
        parts = [(str(index), part) for index, part in enumerate(value)]
    else:
        yield path, cast(Leaf, value)
        return
    for name, part in parts:
        yield from _leaves(part, f"{path}.{name}" if path else name)


def with_leaves(state: Any, found: Mapping[str, Leaf]) -> Any:
    """A state of the same structure as `state`, with the leaves `found` by path."""
    return _with_leaves(state, found, "")


def _with_leaves(value: Any, found: Mapping[str, Leaf], path: str) -> Any:
    def inner(name: str) -> str:
        return f"{path}.{name}" if path else name

    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
        parts = {name: _with_leaves(getattr(value, name), found, inner(name)) for name in names}
        return replace(value, **parts)
    if isinstance(value, tuple):
        return tuple(
            _with_leaves(part, found, inner(str(index))) for index, part in enumerate(value)
        )
    return found[path]


@dataclass(frozen=True)
class Example:
    """A small batch, and a model's state after `encode` and after a few tokens.

    Shapes: source and mask (sentences, length), tokens (sentences, beams). `state` is that of all
    hypotheses, sentence by sentence.
    """

    source: Tensor
    mask: Tensor
    tokens: Tensor
    encoded: Any
    state: Any

    @classmethod
    def of(cls, model: EncoderDecoder[Any], sizes: Mapping[str, int]) -> "Example":
        """One of these `sizes` by the names of axes."""
        sentences, beams = sizes[SENTENCE], sizes[BEAM]
        source = torch.full((sentences, sizes[SOURCE]), BEGIN)
        mask = torch.ones_like(source, dtype=torch.bool)
        tokens = torch.full((sentences, beams), BEGIN)
        with evaluation_mode(model):
            encoded = model.encode(source, mask)
            state = encoded.reorder(torch.arange(sentences).repeat_interleave(beams), None)
            for _ in range(sizes[PAST]):
                _, state = model.decode(tokens.view(-1, 1), state)
        return cls(source, mask, tokens, encoded, state)


# Different sizes, so that an axis that varies is known by the size that it varies with.
_SIZES = {SENTENCE: 3, BEAM: 2, SOURCE: 5, PAST: 4}


def example_and_tensors(model: EncoderDecoder[Any]) -> tuple[Example, list[StateTensor]]:
    """An example for tracing `model`, and what the tensors of its state are."""
    example = Example.of(model, _SIZES)
    with evaluation_mode(model):
        _, following = model.decode(example.tokens.view(-1, 1), example.state)
    before, after = leaves(example.state), leaves(following)
    constant = {name for name, leaf in before.items() if after[name] is leaf}
    others = {a: Example.of(model, _SIZES | {a: size + 1}) for a, size in _SIZES.items()}
    tensors = []
    for name, leaf in before.items():
        if not isinstance(leaf, Tensor):
            if leaf is not None:
                assert after[name] == leaf + 1, f"{name} counts no tokens"
                tensors.append(StateTensor(name, "int64", (), constant=False))
            continue
        axes: list[str | int] = list(leaf.shape)
        for axis, other in others.items():
            changed = leaves(other.state)[name]
            assert isinstance(changed, Tensor)
            for at, size in enumerate(changed.shape):
                if at and size != leaf.size(at):
                    axes[at] = axis
        axes[:1] = [SENTENCE] if len(leaf) == len(example.source) else [SENTENCE, BEAM]
        dtype = str(leaf.dtype).removeprefix("torch.")
        tensors.append(StateTensor(name, dtype, tuple(axes), constant=name in constant))
    return example, tensors
