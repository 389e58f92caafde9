"""The interface of translation models: `encode` a source once, `decode` any number of tokens.

Training decodes the whole target in one call. Search decodes one token per call, by the model's
`StepDecoder` (`stepping.py`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import Any, Generic, TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.profiler import record_function

from attnlab.models.stepping import FunctionalSteps, OutputProjection, StepDecoder
from attnlab.support.registry import Registry

MODELS: Registry["EncoderDecoder[Any]"] = Registry("model")

Function = TypeVar("Function", bound=Callable[..., Any])

Source = Int[Tensor, "batch source_length"]
SourceMask = Bool[Tensor, "batch source_length"]
"""False at padding, which follows the tokens."""

Target = Int[Tensor, "batch target_length"]
Features = Float[Tensor, "batch target_length features"]
Logits = Float[Tensor, "batch target_length vocabulary"]


@dataclass(kw_only=True)
class ModelConfig:
    """Base class of model configurations, with the registered `name`."""

    name: str

    @property
    def has_dropout(self) -> bool:
        """Whether any dropout is above 0."""
        return any(value for setting, value in vars(self).items() if setting.endswith("dropout"))


@dataclass(frozen=True, kw_only=True)
class VocabularySizes:
    """Sizes of the `source` and `target` vocabularies, which are one if `shared`."""

    source: int
    target: int
    shared: bool


_AXIS = "axis"
PER_SENTENCE = {_AXIS: "sentences"}
"""Metadata of a state's field that belongs to the source, which all hypotheses of it share."""


@dataclass
class DecoderState:
    """Immutable state of a decoder; the first dimension of every tensor is the batch.

    That of fields with the metadata `PER_SENTENCE` are the sentences, of all others the hypotheses:
    with beams, those of sentence s are s · beams to (s + 1) · beams - 1.
    """

    def select(self: "State", rows: Int[Tensor, " rows"]) -> "State":
        """The state of the sentences at `rows`, which may repeat and reorder them."""
        return self.reorder(rows, rows)

    def reorder(
        self: "State", rows: Int[Tensor, " rows"] | None, sentences: Int[Tensor, " kept"] | None
    ) -> "State":
        """The state of the hypotheses at `rows` of the sentences at `sentences`; None: all."""
        selected: State = select_state(self, rows, sentences)
        return selected


def select_state(value: Any, rows: Tensor | None, sentences: Tensor | None) -> Any:
    """Any part of a state for `DecoderState.reorder`."""
    if isinstance(value, Tensor):
        return value if rows is None else value.index_select(0, rows)
    if isinstance(value, tuple):
        return tuple(select_state(item, rows, sentences) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        selected = {}
        for each in fields(value):
            of_source = each.metadata.get(_AXIS) == PER_SENTENCE[_AXIS]
            kept = sentences if of_source else rows
            selected[each.name] = select_state(getattr(value, each.name), kept, sentences)
        return replace(value, **selected)
    return value


def by_sentence(
    x: Float[Tensor, "rows length size"], sentences: int
) -> Float[Tensor, "sentences queries size"]:
    """The queries of all hypotheses of a sentence side by side, as those of one attention.

    So that the keys and values of a source are not repeated for each of its hypotheses.
    """
    rows, length, size = x.shape  # unlike len, sizes of an exported graph stay open
    if rows == sentences:
        return x
    return x.reshape(sentences, rows // sentences * length, size)


def by_hypothesis(
    x: Float[Tensor, "sentences queries size"], like: Float[Tensor, "rows length features"]
) -> Float[Tensor, "rows length size"]:
    """The inverse of `by_sentence`, for the rows and the length of `like`."""
    return x if x.size(0) == like.size(0) else x.reshape(*like.shape[:2], x.size(-1))


def repeated(x: Tensor, beams: int) -> Tensor:
    """(sentences, …) -> (sentences · beams, …), as `repeat_interleave`, which exports wrongly."""
    return x.unsqueeze(1).expand(-1, beams, *x.shape[1:]).flatten(0, 1)


State = TypeVar("State", bound=DecoderState)
Model = TypeVar("Model", bound="EncoderDecoder[Any]")


class EncoderDecoder(nn.Module, ABC, Generic[State]):
    """A model of p(target | source), factorised over target tokens from left to right."""

    output: nn.Linear
    """Projection of decoder features to logits over the target vocabulary."""

    @abstractmethod
    def encode(self, source: Source, source_mask: SourceMask) -> State:
        """Encode the source; returns the decoder's state before the first target token."""

    @abstractmethod
    def decode_features(self, target: Target, state: State) -> tuple[Features, State]:
        """Decode `target` from `state`; returns features for each next token, and the new state."""

    def forward(self, source: Source, source_mask: SourceMask, target: Target) -> Features:
        """Encode `source` and decode `target`; returns the features of `decode_features`."""
        with _profiled("encode"):
            state = self.encode(source, source_mask)
        with _profiled("decode"):
            features, _ = self.decode_features(target, state)
        return features

    def decode(self, target: Target, state: State) -> tuple[Logits, State]:
        """Decode `target` from `state`; returns logits of each next token, and the new state."""
        features, state = self.decode_features(target, state)
        return self.output(features), state

    @cached_property
    def output_step(self) -> OutputProjection:
        """`output` for the few rows of a step of search."""
        return OutputProjection(self.output)

    def train(self: "Model", mode: bool = True) -> "Model":
        """See `nn.Module`. Training drops the copy in `output_step`.

        torch's fused optimisers change weights without counting their version.
        """
        if mode:
            vars(self).pop("output_step", None)
        return super().train(mode)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.output.weight.device

    def step_decoder(self, source: Source, source_mask: SourceMask) -> StepDecoder:
        """A decoder of hypotheses token by token, for search; in evaluation mode only."""
        return FunctionalSteps(self, source, source_mask)


def _profiled(name: str) -> AbstractContextManager[object]:
    """Label the block `name` in profiles, except in a compiled model."""
    return nullcontext() if torch.compiler.is_compiling() else record_function(name)


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Evaluate `model` without gradients in the block, then restore its mode."""
    was_training = model.training
    if was_training:  # to set a mode is a walk over all modules: a twelfth of a sentence's search
        model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        if was_training:
            model.train()


def uncompiled(method: Function) -> Function:
    """Mark a module's method to be excluded from torch.compile, without importing the compiler."""
    method.uncompiled = True  # type: ignore[attr-defined]
    return method


def respect_uncompiled(model: nn.Module) -> None:
    """Disable torch.compile for the marked methods of all classes in `model`."""
    for kind in {kind for module in model.modules() for kind in type(module).__mro__}:
        for name, method in list(vars(kind).items()):
            if getattr(method, "uncompiled", False):
                disabled = torch.compiler.disable(method)  # type: ignore[no-untyped-call]
                disabled.uncompiled = False  # once is enough
                setattr(kind, name, disabled)
