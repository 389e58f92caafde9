"""What holds for every way to tell positions."""

import inspect

import pytest
import torch

from attnlab.attention.multihead import MultiHeadAttention
from attnlab.attention.positions import POSITIONS
from attnlab.attention.recording import observe_attention, record_attention
from tests.conftest import attention_config

BATCH, LENGTH, SIZE, HEADS = 2, 9, 24, 6
RELATIVE = ("rotary", "alibi", "shaw", "t5")

every_position = pytest.mark.parametrize("name", list(POSITIONS))
relative = pytest.mark.parametrize("name", RELATIVE)
shared = pytest.mark.parametrize("key_value_heads", [None, 2, 1])
sides = pytest.mark.parametrize("causal", [False, True])


def attention_of(name, score="scaled_dot", *, causal=False, **more):
    config = attention_config(score, positions=name)
    positions = config.build_positions(causal=causal)
    attention = MultiHeadAttention(config, SIZE, HEADS, positions=positions, **more).double().eval()
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return attention


def scores_of(attention, x):
    found = []
    with torch.no_grad(), observe_attention(attention, lambda _, step: found.append(step.scores)):
        attention(x, attention.prepare(x, x))
    return found[0]


@sides
@relative
def test_scores_of_the_same_words_depend_on_their_offset_alone(name, causal):
    attention = attention_of(name, causal=causal)
    words = torch.randn(1, 5, SIZE, dtype=torch.float64)
    before, behind = torch.randn(1, 4, SIZE).double(), torch.randn(1, 2, SIZE).double()
    alone = scores_of(attention, words)
    moved = scores_of(attention, torch.cat([before, words, behind], dim=1))[..., 4:9, 4:9]
    torch.testing.assert_close(moved, alone, atol=1e-5, rtol=0)
    plain = attention_of("none")
    plain.load_state_dict(attention.state_dict(), strict=False)
    assert (alone - scores_of(plain, words)).abs().max() > 0.1


@sides
@shared
@relative
def test_observed_equals_unobserved(name, key_value_heads, causal):
    attention = attention_of(name, key_value_heads=key_value_heads, causal=causal)
    x = torch.randn(BATCH, LENGTH, SIZE, dtype=torch.float64)
    mask = torch.ones(BATCH, 1, LENGTH, LENGTH, dtype=torch.bool)
    mask = mask.tril() if causal else mask
    mask[1, :, :, 6:] = False
    mask[1, :, 2] = False  # sees nothing
    unobserved = attention(x, attention.prepare(x, x), mask)
    with record_attention(attention) as record:
        observed = attention(x, attention.prepare(x, x), mask)
    torch.testing.assert_close(observed, unobserved)
    weights = record["pooling"]
    assert weights.shape == (BATCH, HEADS, LENGTH, LENGTH)
    assert not weights[1, :, 2].any()
    torch.testing.assert_close(observed[1, 2], attention.output_weight.bias)


@relative
def test_bfloat16_gives_what_float32_gives(name):
    attention = attention_of(name).float()
    x = torch.randn(BATCH, LENGTH, SIZE)
    mask = torch.ones(LENGTH, LENGTH, dtype=torch.bool).tril()
    exact = attention(x, attention.prepare(x, x), mask)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = attention(x, attention.prepare(x, x), mask)
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), exact, atol=0.1, rtol=0.05)
    # Gradients reach whatever is learnt through the rounded route, too.
    rounded.float().square().sum().backward()
    assert all(p.grad.isfinite().all() and p.grad.any() for p in attention.pooling.parameters())


@relative
def test_keys_that_come_later_are_told_as_if_they_had_come_at_once(name):
    attention = attention_of(name, causal=True, key_value_heads=3)
    x = torch.randn(BATCH, LENGTH, SIZE, dtype=torch.float64)
    mask = torch.ones(LENGTH, LENGTH, dtype=torch.bool).tril()
    whole = attention(x, attention.prepare(x, x), mask)
    memory = attention.prepare(x[:, :4], x[:, :4])
    memory = memory.append(attention.prepare(x[:, 4:], x[:, 4:], start=4))
    torch.testing.assert_close(attention(x[:, 7:], memory, mask[7:]), whole[:, 7:])


@every_position
def test_an_order_of_words_is_told_unless_there_is_none(name):
    config = attention_config("scaled_dot", positions=name)
    positions = config.build_positions()
    attention = attention_of(name)
    embedding = positions.embedding(SIZE)
    x = torch.randn(1, LENGTH, SIZE, dtype=torch.float64)

    def last(words):
        embedded = words if embedding is None else embedding.double()(words)
        return attention(embedded[:, -1:], attention.prepare(embedded, embedded))

    order = [3, 1, 0, 2, *range(4, LENGTH)]
    same = torch.allclose(last(x), last(x[:, order]), atol=1e-6)
    assert same == (name == "none")


@every_position
def test_every_choice_names_its_paper(name):
    config = attention_config(positions=name).positions
    assert isinstance(config, POSITIONS.config(name))
    made = type(attention_config(positions=name).build_positions())
    assert name == "none" or " et al. " in inspect.getdoc(made)
