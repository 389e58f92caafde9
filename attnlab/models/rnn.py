"""The plain recurrent encoder–decoder: the whole source sentence in one vector.

It attends to nothing. That is its place here: what attention is for shows against it.
"""

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor

from attnlab.attention.choices import AttentionConfig
from attnlab.attention.dropout import dropout
from attnlab.models.embedding import embedding_tables
from attnlab.models.interface import MODELS, DecoderState, EncoderDecoder, VocabularySizes
from attnlab.models.recurrence import Hidden, build_recurrence
from attnlab.models.recurrent import Bridge, Readout, RecurrentConfig, RecurrentEncoder


@dataclass
class RnnState(DecoderState):
    """The decoder's state, and the summary of the source: (batch, annotation size)."""

    hidden: Hidden
    context: Tensor


@dataclass(kw_only=True)
class RnnConfig(RecurrentConfig):
    """As every recurrent model's."""


@MODELS.register("rnn", RnnConfig)
class Rnn(EncoderDecoder[RnnState]):
    """Cho et al. 2014, section 2.2: `h_t = f(h_{t-1}, y_{t-1}, c)` with c the encoder's last state.

    Several layers start from the encoder's states, layer by layer (Sutskever et al. 2014).
    """

    def __init__(
        self,
        config: RnnConfig,
        attention: AttentionConfig,
        vocabulary: VocabularySizes,
    ) -> None:
        super().__init__()
        attention.require_no_positions(config.name)
        source, target, self.output = embedding_tables(
            config.tie_embeddings, vocabulary, config.embedding_size
        )
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

    def encode(
        self, source: Int[Tensor, "batch length"], source_mask: Bool[Tensor, "batch length"]
    ) -> RnnState:
        """Read the source; keep its last state alone."""
        _, hidden = self.encoder(source, source_mask)
        return RnnState(self.bridge(hidden), context=hidden[0][:, -1])

    def decode_features(
        self, target: Int[Tensor, "batch length"], state: RnnState
    ) -> tuple[Float[Tensor, "batch length features"], RnnState]:
        """See `EncoderDecoder`."""
        embedded = dropout(self.embedding(target), self.dropout, self.training)
        outputs, hidden = self.cell.read(embedded, state.hidden, beside=state.context)
        context = state.context.unsqueeze(1).expand(-1, target.size(1), -1)
        return self.readout(outputs, context, embedded), RnnState(hidden, state.context)
