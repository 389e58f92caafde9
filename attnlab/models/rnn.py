"""The plain recurrent encoder–decoder, and the parts that it shares with `bahdanau.py`."""

from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.config import AttentionConfig
from attnlab.attention.functional import dropout
from attnlab.models.interface import (
    MODELS,
    DecoderState,
    EncoderDecoder,
    Features,
    ModelConfig,
    Source,
    SourceMask,
    Target,
    VocabularySizes,
)
from attnlab.models.layers import embedding_tables
from attnlab.models.recurrence import CELLS, Hidden, build_recurrence
from attnlab.models.recurrent_steps import RnnSteps
from attnlab.models.stepping import StepDecoder
from attnlab.support.errors import UsageError
from attnlab.support.ranges import Layers, ShareBelowOne, Size


@dataclass(kw_only=True)
class RecurrentConfig(ModelConfig):
    """Sizes in features.

    `cell`: gru or lstm. `embedding_size`: of tokens. `hidden_size`: of the decoder. `encoder_size`:
    of the encoder, of both directions together; null is the decoder's. `layers`: of the encoder,
    and as many of the decoder. `bidirectional`: whether the encoder reads in both directions.
    `dropout`: the share of features that training sets to zero. `tie_embeddings`: none, target or
    all.
    """

    cell: str
    embedding_size: Size
    hidden_size: Size
    encoder_size: Size | None
    layers: Layers
    bidirectional: bool
    dropout: ShareBelowOne
    tie_embeddings: str

    @property
    def annotation_size(self) -> int:
        """Size of the encoder's output at each source token."""
        return self.hidden_size if self.encoder_size is None else self.encoder_size


class RecurrentEncoder(nn.Module):
    """A recurrence over the source in one direction, or both (Bahdanau et al. 2015, A.2.1).

    Two directions have half of the `annotation_size` each.
    """

    def __init__(self, config: RecurrentConfig, embedding: nn.Embedding) -> None:
        super().__init__()
        directions = 2 if config.bidirectional else 1
        if config.annotation_size % directions:
            setting = "hidden_size" if config.encoder_size is None else "encoder_size"
            raise UsageError(
                f"model.{setting}={config.annotation_size} cannot be split between two directions; "
                "make it even, or choose model.bidirectional=false"
            )
        self.embedding = embedding
        self.dropout = config.dropout
        self.cell = build_recurrence(
            config.cell,
            config.embedding_size,
            config.annotation_size // directions,
            config.layers,
            dropout=config.dropout,
            bidirectional=config.bidirectional,
        )

    def forward(
        self, source: Source, mask: SourceMask
    ) -> tuple[Float[Tensor, "batch length annotation_size"], Hidden]:
        """The annotation of each source token, and the last state of each layer."""
        embedded = dropout(self.embedding(source), self.dropout, self.training)
        return self.cell.read(embedded, mask=mask)


class Bridge(nn.Module):
    """The decoder's first state from the encoder's last one.

    Bahdanau et al. 2015, A.2.2: `s_0 = tanh(W h)`, with a W for each layer and each part of the
    state, if sizes differ; else the state itself (Sutskever et al. 2014).
    """

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        differ = config.annotation_size != config.hidden_size
        self.parts = nn.ModuleList(
            nn.ModuleList(
                nn.Linear(config.annotation_size, config.hidden_size) for _ in range(config.layers)
            )
            for _ in range(CELLS[config.cell].state_parts if differ else 0)
        )

    def forward(self, hidden: Hidden) -> Hidden:
        """For each part: (batch, layers, annotation size) -> (batch, layers, hidden size)."""
        if not self.parts:
            return hidden
        bridged = []
        for weights, part in zip(self.parts, hidden, strict=True):
            layers = zip(cast(nn.ModuleList, weights), part.unbind(1), strict=True)
            bridged.append(torch.stack([torch.tanh(weight(h)) for weight, h in layers], dim=1))
        return tuple(bridged)


class Readout(nn.Module):
    """The deep output of Bahdanau et al. 2015, A.2.2: `tanh(W [s_i; c_i; y_{i-1}])`.

    s is state, c is context, y is embedding. Features have the embedding's size, so that the output
    projection can be tied to it.
    """

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.weight = nn.Linear(
            config.hidden_size + config.annotation_size + config.embedding_size,
            config.embedding_size,
        )

    def forward(
        self,
        outputs: Float[Tensor, "*batch hidden_size"],
        context: Float[Tensor, "*batch annotation_size"],
        embedded: Float[Tensor, "*batch embedding_size"],
    ) -> Float[Tensor, "*batch embedding_size"]:
        """Features for the output projection."""
        features = torch.tanh(self.weight(torch.cat([outputs, context, embedded], dim=-1)))
        return dropout(features, self.dropout, self.training)


@dataclass(kw_only=True)
class RnnConfig(RecurrentConfig):
    """`reverse_source`: whether the encoder reads the source's tokens from last to first.

    Sutskever et al. 2014, section 3.3: the first words of both sentences are then close in time.
    With two directions it changes little, since one of them begins at the end anyway.
    """

    reverse_source: bool = False


@dataclass
class RnnState(DecoderState):
    """The decoder's state, and the encoder's last one as the context: (batch, annotation size)."""

    hidden: Hidden
    context: Tensor


@MODELS.register("rnn", RnnConfig)
class Rnn(EncoderDecoder[RnnState]):
    """Cho et al. 2014, section 2.2: `h_t = f(h_{t-1}, y_{t-1}, c)`; c is the encoder's last state.

    The baseline without attention. With several layers, each starts from the state of the
    encoder's (Sutskever et al. 2014).
    """

    def __init__(
        self, config: RnnConfig, attention: AttentionConfig, vocabulary: VocabularySizes
    ) -> None:
        super().__init__()
        attention.require_no_positions(config.name)
        source, target, self.output = embedding_tables(
            config.tie_embeddings, vocabulary, config.embedding_size
        )
        self.reverse_source = config.reverse_source
        self.encoder = RecurrentEncoder(config, source)
        self.bridge = Bridge(config)
        self.embedding = target
        self.dropout = config.dropout
        self.cell = build_recurrence(
            config.cell,
            config.embedding_size + config.annotation_size,
            config.hidden_size,
            config.layers,
            dropout=config.dropout,
        )
        self.readout = Readout(config)

    def encode(self, source: Source, source_mask: SourceMask) -> RnnState:
        """See `EncoderDecoder`."""
        if self.reverse_source:
            source = reversed_sentences(source, source_mask)
        _, hidden = self.encoder(source, source_mask)
        return RnnState(self.bridge(hidden), context=hidden[0][:, -1])

    def decode_features(self, target: Target, state: RnnState) -> tuple[Features, RnnState]:
        """See `EncoderDecoder`."""
        embedded = dropout(self.embedding(target), self.dropout, self.training)
        outputs, hidden = self.cell.read(embedded, state.hidden, beside=state.context)
        context = state.context.unsqueeze(1).expand(-1, target.size(1), -1)
        return self.readout(outputs, context, embedded), RnnState(hidden, state.context)

    def step_decoder(self, source: Source, source_mask: SourceMask) -> StepDecoder:
        """See `EncoderDecoder`."""
        return RnnSteps(self, self.encode(source, source_mask))


def reversed_sentences(source: Source, source_mask: SourceMask) -> Source:
    """The tokens of each row in reverse, END and padding in their places."""
    last = source_mask.sum(1, keepdim=True) - 1
    places = torch.arange(source.size(1), device=source.device)
    return source.gather(1, torch.where(places < last, last - 1 - places, places))
