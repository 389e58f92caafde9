"""Recording: names that people say, shapes, and no trace left behind."""

import torch

from attnlab.attention.pooling import AttentionPooling
from attnlab.attention.recording import attention_name, record_attention
from tests.conftest import small_model

BATCH, SOURCE, TARGET = 2, 5, 7


def run(model):
    source, target = torch.randint(4, 19, (BATCH, SOURCE)), torch.randint(4, 23, (BATCH, TARGET))
    return model.decode(target, model.encode(source, torch.ones_like(source, dtype=torch.bool)))[0]


def test_names():
    assert attention_name("decoder.layers.1.cross_attention.pooling") == "decoder.layer2.cross"
    assert attention_name("decoder.cross_attention") == "decoder.cross"


def test_transformer_records_every_layer_and_kind():
    with record_attention(model := small_model("transformer")) as record:
        run(model)
    assert {name: tuple(weights.shape) for name, weights in record.items()} == {
        "encoder.layer1.self": (BATCH, 3, SOURCE, SOURCE),
        "encoder.layer2.self": (BATCH, 3, SOURCE, SOURCE),
        "decoder.layer1.self": (BATCH, 3, TARGET, TARGET),
        "decoder.layer1.cross": (BATCH, 3, TARGET, SOURCE),
        "decoder.layer2.self": (BATCH, 3, TARGET, TARGET),
        "decoder.layer2.cross": (BATCH, 3, TARGET, SOURCE),
    }
    assert not record["decoder.layer1.self"].triu(1).any(), "no word may look ahead"


def test_recurrent_queries_are_joined_in_order():
    with record_attention(model := small_model("bahdanau")) as record:
        run(model)
    assert list(record) == ["decoder.cross"]
    weights = record["decoder.cross"]
    assert weights.shape == (BATCH, 1, TARGET, SOURCE)
    torch.testing.assert_close(weights.sum(-1), torch.ones(BATCH, 1, TARGET).double())


def test_plain_rnn_has_nothing_to_record():
    with record_attention(model := small_model("rnn")) as record:
        run(model)
    assert record == {}


def test_nobody_watches_after_the_block_even_if_it_failed():
    model = small_model("transformer", "scaled_dot")
    try:
        with record_attention(model):
            raise KeyError
    except KeyError:
        pass
    assert not any(m.observers for m in model.modules() if isinstance(m, AttentionPooling))
