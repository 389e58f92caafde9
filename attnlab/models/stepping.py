"""Decoding token by token, as a search does: the model's side of `attnlab/search`."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

if TYPE_CHECKING:
    from attnlab.models.interface import EncoderDecoder

Tokens = Int[Tensor, " rows"]
Logits = Float[Tensor, "rows vocabulary"]


class OutputProjection:
    """The logits of features, by a copy of the weights that is transposed for few rows.

    `make bench-search` (one core, 10,000 tokens × 128 features): 15 % less time than the weights
    as they are for 64 rows, 30 % for one. It is copied anew when the weights have changed,
    except by a fused optimiser: see `EncoderDecoder.train`.
    """

    def __init__(self, output: nn.Linear) -> None:
        self._output = output
        self._state: tuple[int, int] | None = None
        self._transposed = output.weight

    def __call__(self, features: Float[Tensor, "rows size"]) -> Logits:
        """In float32; the next call does not overwrite them."""
        weight = self._output.weight
        if features.device.type != "cpu" or features.dtype != weight.dtype:
            logits: Tensor = self._output(features)
            return logits.float()
        state = (weight.data_ptr(), weight._version)
        if state != self._state:
            self._state, self._transposed = state, weight.detach().t().contiguous()
        return torch.mm(features, self._transposed).float()


class StepDecoder(ABC):
    """Decodes hypotheses of a batch of sentences, all of the same length, token by token.

    There is one row for each hypothesis, and as many hypotheses of each sentence: at first one;
    later those of sentence s are s · beams to (s + 1) · beams - 1.
    """

    @abstractmethod
    def decode(self, tokens: Tokens) -> Logits:
        """Append a token to each hypothesis; returns the logits of the next ones, in float32.

        The next call may overwrite them.
        """

    @abstractmethod
    def select(
        self, rows: Int[Tensor, " new_rows"] | None, sentences: Int[Tensor, " kept"] | None = None
    ) -> None:
        """Go on with the hypotheses at `rows`, which may repeat and reorder them; None: with all.

        `sentences`: those that are kept, in their order; None: all. `rows` are grouped by them.
        """


@runtime_checkable
class Searchable(Protocol):
    """What a search needs of a model: an `EncoderDecoder`, an ensemble, or an engine.

    An engine may have `searching()`, a context manager that each search runs in.
    """

    @property
    def device(self) -> torch.device:
        """Where sources must be."""

    def step_decoder(
        self,
        source: Int[Tensor, "batch source_length"],
        source_mask: Bool[Tensor, "batch source_length"],
    ) -> StepDecoder:
        """A decoder of translations of `source`, before the first token."""


class FunctionalSteps(StepDecoder):
    """Any model's `encode`, `decode` and state."""

    def __init__(self, model: "EncoderDecoder[Any]", source: Tensor, source_mask: Tensor) -> None:
        self._model = model
        self._state = model.encode(source, source_mask)

    def decode(self, tokens: Tokens) -> Logits:
        """See `StepDecoder`."""
        logits, self._state = self._model.decode(tokens.unsqueeze(1), self._state)
        return logits[:, -1].float()

    def select(self, rows: Tensor | None, sentences: Tensor | None = None) -> None:
        """See `StepDecoder`."""
        self._state = self._state.reorder(rows, sentences)
