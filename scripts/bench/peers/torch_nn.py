"""torch.nn.Transformer between embeddings and an output projection, as its tutorial has it."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from attnlab.attention.positions.absolute import sinusoids
from attnlab.data.batching import Batch
from attnlab.data.tokens import PAD
from attnlab.models.transformer import TransformerConfig
from peers import Setting, Trainee


class TorchTransformer(nn.Module):
    """One table of embeddings for both sides and for the output."""

    def __init__(self, config: TransformerConfig, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, config.size)
        self.dropout = nn.Dropout(config.dropout)
        self.register_buffer("positions", sinusoids(0, 1024, config.size), persistent=False)
        self.transformer = nn.Transformer(
            config.size,
            config.heads,
            config.encoder_layers,
            config.decoder_layers,
            config.feedforward_size,
            config.dropout,
            config.activation,
            batch_first=True,
            norm_first=config.norm == "pre",
        )
        nn.init.normal_(self.embedding.weight, std=config.size**-0.5)

    def forward(self, batch: Batch) -> Tensor:
        """Logits, (batch, target length, vocabulary)."""
        causal = nn.Transformer.generate_square_subsequent_mask(
            batch.target_input.size(1), dtype=torch.bool
        )
        features = self.transformer(
            self._embed(batch.source),
            self._embed(batch.target_input),
            tgt_mask=causal,
            src_key_padding_mask=~batch.source_mask,
            tgt_key_padding_mask=~batch.target_mask,
            memory_key_padding_mask=~batch.source_mask,
            tgt_is_causal=True,
        )
        return F.linear(features, self.embedding.weight)

    def _embed(self, tokens: Tensor) -> Tensor:
        embedded = self.embedding(tokens) * math.sqrt(self.embedding.embedding_dim)
        return self.dropout(embedded + self.positions[: tokens.size(1)])


def build(setting: Setting) -> Trainee:
    """The Transformer of the configured sizes."""
    assert isinstance(setting.config.model, TransformerConfig)
    model = TorchTransformer(setting.config.model, setting.vocabulary)

    def loss(batch: Batch) -> Tensor:
        return F.cross_entropy(
            model(batch).flatten(0, 1),
            batch.target_output.flatten(),
            ignore_index=PAD,
            label_smoothing=setting.config.objective.label_smoothing,
        )

    return Trainee(model, loss, torch.optim.Adam(model.parameters(), lr=1e-3), "float32")
