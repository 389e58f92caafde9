"""OpenNMT-py 3.5: its Transformer and its loss, as its trainer calls them."""

import torch
from torch import Tensor, nn

from peers import Setting, Trainee, leave_out

leave_out("spacy")  # for a transform of texts

from onmt.decoders.transformer import TransformerDecoder  # noqa: E402
from onmt.encoders.transformer import TransformerEncoder  # noqa: E402
from onmt.models import NMTModel  # noqa: E402
from onmt.modules import Embeddings  # noqa: E402
from onmt.utils.loss import LossCompute  # noqa: E402

from attnlab.data.batching import Batch  # noqa: E402
from attnlab.data.tokens import PAD  # noqa: E402
from attnlab.models.transformer import TransformerConfig  # noqa: E402


def build(setting: Setting) -> Trainee:
    """Its encoder, decoder and generator, embeddings shared."""
    config = setting.config.model
    assert isinstance(config, TransformerConfig)

    def embeddings() -> nn.Module:
        return Embeddings(
            config.size, setting.vocabulary, PAD, position_encoding=True, dropout=config.dropout
        )

    source, target = embeddings(), embeddings()
    target.word_lut.weight = source.word_lut.weight
    shared = {
        "d_model": config.size,
        "heads": config.heads,
        "d_ff": config.feedforward_size,
        "dropout": config.dropout,
        "attention_dropout": config.attention_dropout,
        "max_relative_positions": 0,
        "relative_positions_buckets": 0,
    }
    encoder = TransformerEncoder(config.encoder_layers, embeddings=source, **shared)
    decoder = TransformerDecoder(
        config.decoder_layers,
        embeddings=target,
        copy_attn=False,
        self_attn_type="scaled-dot-flash",  # its default
        aan_useffn=False,
        full_context_alignment=False,
        alignment_layer=-3,
        alignment_heads=0,
        **shared,
    )
    model = NMTModel(encoder, decoder)
    for parameter in model.parameters():  # left as memory was; its builder does the same
        if parameter.dim() > 1:
            nn.init.xavier_uniform_(parameter)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
    model.generator = nn.Linear(config.size, setting.vocabulary)
    model.generator.weight = target.word_lut.weight
    criterion = nn.CrossEntropyLoss(
        ignore_index=PAD, reduction="sum", label_smoothing=setting.config.objective.label_smoothing
    )
    compute = LossCompute(criterion, model.generator)

    def loss(batch: Batch) -> Tensor:
        lengths = batch.source_mask.sum(1)
        target = torch.cat([batch.target_input[:, :1], batch.target_output], dim=1).unsqueeze(-1)
        output, attentions = model(batch.source.unsqueeze(-1), target, lengths)
        theirs = {"tgt": target, "srclen": lengths}
        total, _ = compute(theirs, output, attentions)
        mean: Tensor = total / batch.target_tokens
        return mean

    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.998))
    return Trainee(model, loss, optimiser, "float32")
