"""Hugging Face's MarianMT with random weights, its Trainer's label smoother and optimiser."""

import torch
from torch import Tensor
from transformers import MarianConfig, MarianMTModel
from transformers.trainer_pt_utils import LabelSmoother

from attnlab.data.batching import Batch
from attnlab.data.tokens import BEGIN, END, PAD
from attnlab.models.transformer import TransformerConfig
from peers import Setting, Trainee


def build(setting: Setting) -> Trainee:
    """A Marian of the configured sizes."""
    config = setting.config.model
    assert isinstance(config, TransformerConfig)
    model = MarianMTModel(
        MarianConfig(
            vocab_size=setting.vocabulary,
            d_model=config.size,
            encoder_layers=config.encoder_layers,
            decoder_layers=config.decoder_layers,
            encoder_attention_heads=config.heads,
            decoder_attention_heads=config.heads,
            encoder_ffn_dim=config.feedforward_size,
            decoder_ffn_dim=config.feedforward_size,
            activation_function=config.activation,
            dropout=config.dropout,
            attention_dropout=config.attention_dropout,
            scale_embedding=True,
            pad_token_id=PAD,
            eos_token_id=END,
            decoder_start_token_id=BEGIN,
        )
    )
    smoother = LabelSmoother(epsilon=setting.config.objective.label_smoothing)

    def loss(batch: Batch) -> Tensor:
        outputs = model(
            input_ids=batch.source,
            attention_mask=batch.source_mask.long(),
            decoder_input_ids=batch.target_input,
            use_cache=False,
        )
        smoothed: Tensor = smoother(
            outputs, batch.target_output.masked_fill(~batch.target_mask, smoother.ignore_index)
        )
        return smoothed

    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    return Trainee(model, loss, optimiser, "float32")
