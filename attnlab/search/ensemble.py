"""Several models as one: their probabilities of the next token are averaged."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from attnlab.models.interface import EncoderDecoder, Source, SourceMask
from attnlab.models.stepping import Logits, StepDecoder, Tokens


class Ensemble(nn.Module):
    """`p(y_t | …) = Σ_m p_m(y_t | …) / M` of M models of any kind with the same vocabularies."""

    def __init__(self, models: Sequence[EncoderDecoder[Any]]) -> None:
        super().__init__()
        self.models = nn.ModuleList(models)
        self._models = list(models)
        self.train(models[0].training)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self._models[0].device

    def step_decoder(self, source: Source, source_mask: SourceMask) -> StepDecoder:
        """See `Searchable`."""
        return EnsembleSteps([model.step_decoder(source, source_mask) for model in self._models])


class EnsembleSteps(StepDecoder):
    """The models' decoders side by side; its logits are log-probabilities."""

    def __init__(self, decoders: Sequence[StepDecoder]) -> None:
        self._decoders = decoders

    def decode(self, tokens: Tokens) -> Logits:
        """See `StepDecoder`."""
        steps = [decoder.decode(tokens).log_softmax(dim=-1) for decoder in self._decoders]
        return torch.stack(steps).logsumexp(dim=0) - math.log(len(steps))

    def select(self, rows: Tensor | None, sentences: Tensor | None = None) -> None:
        """See `StepDecoder`."""
        for decoder in self._decoders:
            decoder.select(rows, sentences)
