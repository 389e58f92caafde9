"""What every translation model is: something that encodes once and decodes any number of words.

Training is one `decode` over the whole target; search is the same `decode`, one token at a time.
Knows no search, no training and no words.
"""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Generic, TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.profiler import record_function

from attnlab.support.registry import Registry

MODELS: Registry["EncoderDecoder[Any]"] = Registry("model")


@dataclass(kw_only=True)
class ModelConfig:
    """What every model's configuration has: the registered `name`."""

    name: str

    @property
    def has_dropout(self) -> bool:
        """Whether training leaves anything in the model to chance."""
        return any(value for setting, value in vars(self).items() if setting.endswith("dropout"))


@dataclass(frozen=True, kw_only=True)
class VocabularySizes:
    """Numbers of tokens on each side; `shared` where both sides use one vocabulary."""

    source: int
    target: int
    shared: bool


@dataclass
class DecoderState:
    """All that a decoder needs to go on: values only, and the batch is every tensor's first axis.

    A state is never changed: `decode` returns the next one.
    """

    def select(self: "State", rows: Int[Tensor, " rows"]) -> "State":
        """The state of the sentences at `rows`: kept, repeated or put in another order."""
        selected: State = _select(self, rows)
        return selected


def _select(value: Any, rows: Tensor) -> Any:
    if isinstance(value, Tensor):
        return value.index_select(0, rows)
    if isinstance(value, tuple):
        return tuple(_select(item, rows) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{f.name: _select(getattr(value, f.name), rows) for f in fields(value)}
        )
    return value


State = TypeVar("State", bound=DecoderState)


def _part(name: str) -> AbstractContextManager[object]:
    """Within the block, a profile shows `name`; a compiled model has no such parts any more."""
    return nullcontext() if torch.compiler.is_compiling() else record_function(name)


class EncoderDecoder(nn.Module, ABC, Generic[State]):
    """A model of p(target | source), one target token after the other."""

    output: nn.Linear
    """From a decoder's features to a score for each token of the target vocabulary."""

    @abstractmethod
    def encode(
        self,
        source: Int[Tensor, "batch source_length"],
        source_mask: Bool[Tensor, "batch source_length"],
    ) -> State:
        """Read the source; `source_mask` is True at tokens and False at the padding behind them."""

    @abstractmethod
    def decode_features(
        self, target: Int[Tensor, "batch target_length"], state: State
    ) -> tuple[Float[Tensor, "batch target_length features"], State]:
        """Read `target` on from `state`: what is known at each of its tokens about the next one."""

    def forward(
        self,
        source: Int[Tensor, "batch source_length"],
        source_mask: Bool[Tensor, "batch source_length"],
        target: Int[Tensor, "batch target_length"],
    ) -> Float[Tensor, "batch target_length features"]:
        """Read both sides as a whole: what `decode_features` knows at each token of `target`."""
        with _part("encode"):
            state = self.encode(source, source_mask)
        with _part("decode"):
            features, _ = self.decode_features(target, state)
        return features

    def decode(
        self, target: Int[Tensor, "batch target_length"], state: State
    ) -> tuple[Float[Tensor, "batch target_length vocabulary"], State]:
        """Logits of the token that follows each token of `target`, and the state behind them."""
        features, state = self.decode_features(target, state)
        return self.output(features), state
