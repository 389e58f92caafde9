"""JoeyNMT 2.3.0: its models, its batches' tensors and its loss, as its training loop uses them."""

from types import SimpleNamespace
from typing import Any

import torch
from joeynmt.batch import Batch as JoeyBatch
from joeynmt.model import build_model
from joeynmt.vocabulary import Vocabulary
from torch import Tensor

from attnlab.data.batching import Batch
from attnlab.data.tokens import BEGIN, END, PAD, UNKNOWN
from attnlab.models.interface import ModelConfig
from attnlab.models.rnn import RecurrentConfig
from attnlab.models.transformer import TransformerConfig
from peers import Setting, Trainee


def build(setting: Setting) -> Trainee:
    """Its model by its own configuration."""
    vocabulary = vocabulary_of(setting.vocabulary)
    model = build_model(configuration_of(setting.config.model), vocabulary, vocabulary)
    model.loss_function = ("crossentropy", setting.config.objective.label_smoothing)

    def loss(batch: Batch) -> Tensor:
        target = torch.cat([batch.target_input[:, :1], batch.target_output], dim=1)
        theirs = JoeyBatch(
            src=swapped(batch.source),
            src_length=batch.source_mask.sum(1),
            src_prompt_mask=None,
            trg=swapped(target),
            trg_prompt_mask=None,
            indices=torch.arange(len(batch.source)),
            device=torch.device("cpu"),
            pad_index=UNKNOWN,
            eos_index=END,
        )
        theirs.sort_by_src_length()
        total, *_ = model(return_type="loss", **vars(theirs))
        normalised: Tensor = theirs.normalize(total, normalization="tokens")
        return normalised

    return Trainee(model, loss, torch.optim.Adam(model.parameters(), lr=1e-3), "float32")


def vocabulary_of(size: int) -> Vocabulary:
    """A vocabulary of that size."""
    # Its first two tokens are <unk> and <pad>, in this order: ours the other way round.
    ids = {"unk_id": PAD, "pad_id": UNKNOWN, "bos_id": BEGIN, "eos_id": END}
    names = {name.replace("id", "token"): f"<{name}>" for name in ids}
    return Vocabulary(
        list(map(str, range(size - len(ids)))),
        SimpleNamespace(**ids, **names, sep_token=None, sep_id=None, lang_tags=[]),
    )


def swapped(tokens: Tensor) -> Tensor:
    """Token ids of attnlab as its own."""
    return torch.where(tokens < BEGIN, 1 - tokens, tokens)


def configuration_of(model: ModelConfig) -> dict[str, Any]:
    """Its configuration of a model of attnlab's sizes."""
    if isinstance(model, TransformerConfig):
        shared = {
            "type": "transformer",
            "embeddings": {"embedding_dim": model.size, "scale": True},
            "hidden_size": model.size,
            "ff_size": model.feedforward_size,
            "num_heads": model.heads,
            "dropout": model.dropout,
            "layer_norm": model.norm,
        }
        return {
            "tied_embeddings": True,
            "tied_softmax": True,
            "encoder": {**shared, "num_layers": model.encoder_layers},
            "decoder": {**shared, "num_layers": model.decoder_layers},
        }
    assert isinstance(model, RecurrentConfig)
    shared = {
        "type": "recurrent",
        "rnn_type": model.cell,
        "embeddings": {"embedding_dim": model.embedding_size},
        "hidden_size": model.hidden_size,
        "num_layers": model.layers,
        "dropout": model.dropout,
    }
    # Its encoder has that many features in each direction, ours in both together.
    each_direction = model.hidden_size // (2 if model.bidirectional else 1)
    decoder = {"attention": "bahdanau", "input_feeding": True, "hidden_dropout": model.dropout}
    return {
        "encoder": {
            **shared,
            "hidden_size": each_direction,
            "bidirectional": model.bidirectional,
        },
        "decoder": {**shared, **decoder},
    }
