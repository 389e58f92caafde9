"""The recurrent encoder–decoders with attention to the source (Bahdanau et al., Luong et al.)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attnlab.attention.config import AttentionConfig
from attnlab.attention.functional import dropout
from attnlab.models.interface import (
    MODELS,
    DecoderState,
    EncoderDecoder,
    Features,
    Source,
    SourceMask,
    Target,
    VocabularySizes,
    uncompiled,
)
from attnlab.models.layers import embedding_tables
from attnlab.models.recurrence import Hidden, build_recurrence
from attnlab.models.recurrent_steps import BahdanauSteps
from attnlab.models.rnn import Bridge, Readout, RecurrentConfig, RecurrentEncoder
from attnlab.models.source_attention import SourceAttention, SourceAttentionState
from attnlab.models.stepping import StepDecoder
from attnlab.support.ranges import Size


@dataclass
class BahdanauState(DecoderState):
    """State of the decoder's recurrence, and of its attention to the `source`."""

    hidden: Hidden
    source: SourceAttentionState


@dataclass(kw_only=True)
class BahdanauConfig(RecurrentConfig):
    """`input_feeding`: feed the context to the decoder's recurrence.

    Without it, training is faster: the states of all tokens are computed before attention.
    `window`: global, local_m or local_p attention, with `window_radius` tokens on each side.
    `coverage`: let scores depend on the weights of earlier tokens.
    """

    input_feeding: bool
    window: str
    window_radius: Size
    coverage: bool


class AttentiveDecoder(nn.Module):
    """A recurrence over the target that attends to the encoder's annotations h_j at each token.

    The context is `c_i = Σ_j α_ij h_j`, the output of the attention; keys and values are the
    annotations.

    - With input feeding (Bahdanau et al. 2015, section 3.1): `s_i = f(s_{i-1}, y_{i-1}, c_i)`, and
      the query is s_{i-1}, the top layer's previous state.
    - Without (Luong et al. 2015, section 3): `s_i = f(s_{i-1}, y_{i-1})`, and the query is s_i.
    """

    def __init__(
        self, config: BahdanauConfig, attention: AttentionConfig, embedding: nn.Embedding
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.dropout = config.dropout
        self.input_feeding = config.input_feeding
        self.cross_attention = SourceAttention(
            attention,
            config.hidden_size,
            config.annotation_size,
            window=config.window,
            radius=config.window_radius,
            coverage=config.coverage,
        )
        context_size = config.annotation_size if config.input_feeding else 0
        self.cell = build_recurrence(
            config.cell,
            config.embedding_size + context_size,
            config.hidden_size,
            config.layers,
            dropout=config.dropout,
        )
        self.readout = Readout(config)

    def forward(self, target: Target, state: BahdanauState) -> tuple[Features, BahdanauState]:
        """Features for predicting each next token, and the state after `target`."""
        embedded = dropout(self.embedding(target), self.dropout, self.training)
        decode = self._with_feeding if self.input_feeding else self._without_feeding
        outputs, contexts, state = decode(embedded, state)
        return self.readout(outputs, contexts, embedded), state

    @uncompiled  # torch.compile would unroll the steps
    def _with_feeding(
        self, embedded: Tensor, state: BahdanauState
    ) -> tuple[Tensor, Tensor, BahdanauState]:
        """Decode token by token, since each query depends on the previous context.

        Returns outputs (batch, length, hidden size), contexts (batch, length, annotation size) and
        the new state.
        """
        recurrence, source = self.cell.feed_from(embedded, state.hidden), state.source
        outputs, contexts = [], []
        for _ in range(embedded.size(1)):
            context, source = self.cross_attention(recurrence.top.unsqueeze(1), source)
            recurrence.feed(context.squeeze(1))
            outputs.append(recurrence.top)
            contexts.append(context)
        state = BahdanauState(recurrence.hidden(), source)
        return torch.stack(outputs, dim=1), torch.cat(contexts, dim=1), state

    def _without_feeding(
        self, embedded: Tensor, state: BahdanauState
    ) -> tuple[Tensor, Tensor, BahdanauState]:
        """Compute all outputs, then all contexts; returns the same as `_with_feeding`."""
        outputs, hidden = self.cell.read(embedded, state.hidden)
        contexts, source = self.cross_attention(outputs, state.source)
        return outputs, contexts, BahdanauState(hidden, source)


@MODELS.register("bahdanau", BahdanauConfig)
class Bahdanau(EncoderDecoder[BahdanauState]):
    """RNNsearch of Bahdanau et al. 2015, with any scoring function, and GRU or LSTM.

    Without input feeding, the current state is the query, as in Luong et al. 2015; `window` selects
    their local attention (section 3.2).
    """

    def __init__(
        self, config: BahdanauConfig, attention: AttentionConfig, vocabulary: VocabularySizes
    ) -> None:
        super().__init__()
        attention.require_no_positions(config.name)
        source, target, self.output = embedding_tables(
            config.tie_embeddings, vocabulary, config.embedding_size
        )
        self.encoder = RecurrentEncoder(config, source)
        self.bridge = Bridge(config)
        self.decoder = AttentiveDecoder(config, attention, target)

    def encode(self, source: Source, source_mask: SourceMask) -> BahdanauState:
        """See `EncoderDecoder`; projects the annotations to keys once per sentence."""
        annotations, hidden = self.encoder(source, source_mask)
        attended = self.decoder.cross_attention.prepare(annotations, source_mask)
        return BahdanauState(self.bridge(hidden), attended)

    def decode_features(
        self, target: Target, state: BahdanauState
    ) -> tuple[Features, BahdanauState]:
        """See `EncoderDecoder`."""
        features: Tensor
        features, state = self.decoder(target, state)
        return features, state

    def step_decoder(self, source: Source, source_mask: SourceMask) -> StepDecoder:
        """See `EncoderDecoder`."""
        return BahdanauSteps(self, self.encode(source, source_mask))
