"""Decoding token by token, as a search does, against `decode` of whole targets."""

import pytest
import torch

from attnlab.attention.normalisers import NORMALISERS
from attnlab.attention.positions import POSITIONS
from attnlab.attention.recording import record_attention
from attnlab.attention.scores import SCORES
from attnlab.models import MODELS
from tests.conftest import VARIANTS, small_model

SENTENCES, SOURCE, BEAMS, VOCABULARY = 3, 5, 2, 23


@pytest.fixture
def sources():
    source = torch.randint(4, 19, (SENTENCES, SOURCE))
    mask = torch.arange(SOURCE) < torch.tensor([[5], [3], [4]])
    return source.masked_fill(~mask, 0), mask


def assert_steps_equal_decode(model, source, mask, length=6):
    """Beams are made, reordered and left out; each step's logits are those of the whole target."""
    steps = model.step_decoder(source, mask)
    sentences, beams = torch.arange(SENTENCES), 1
    targets = torch.full((SENTENCES, 1), 2)
    for step in range(length):
        logits = steps.decode(targets[:, -1])
        if step < 4 or step in (31, 32, 33, length - 1):  # a cache's first capacity is 32
            rows = sentences.repeat_interleave(beams)
            whole, _ = model.decode(targets, model.encode(source[rows], mask[rows]))
            torch.testing.assert_close(logits, whole[:, -1].float(), atol=1e-5, rtol=1e-4)
        kept = None
        starts = torch.arange(len(sentences)).unsqueeze(1) * beams
        if step == 0:
            rows, beams = starts.repeat(1, BEAMS).flatten(), BEAMS
        else:
            parents = torch.randint(0, beams, (len(sentences), beams))
            rows = (starts + parents).flatten()
        if step in (1, 32):
            kept = torch.arange(len(sentences))[1:]
            rows = rows[beams:]
            sentences = sentences[kept]
        if step == 5:
            rows, kept = None, None
        steps.select(rows, kept)
        targets = targets if rows is None else targets[rows]
        targets = torch.cat([targets, torch.randint(4, VOCABULARY, (len(targets), 1))], dim=1)


@pytest.mark.parametrize("score", list(SCORES))
@pytest.mark.parametrize("name", list(MODELS))
@torch.no_grad()
def test_steps_of_every_model_and_score(name, score, sources):
    assert_steps_equal_decode(small_model(name, score), *sources)


@torch.no_grad()
def test_a_cache_grows_with_the_translation(sources):
    assert_steps_equal_decode(small_model("transformer", "gaussian"), *sources, length=40)


@pytest.mark.parametrize("name", list(VARIANTS))
@torch.no_grad()
def test_steps_of_every_norm_and_activation(name, sources):
    assert_steps_equal_decode(small_model(name, "scaled_dot"), *sources)


@pytest.mark.parametrize("normaliser", list(NORMALISERS))
@pytest.mark.parametrize("name", ["bahdanau", "transformer"])
@torch.no_grad()
def test_steps_of_every_normaliser(name, normaliser, sources):
    assert_steps_equal_decode(small_model(name, normaliser=normaliser), *sources)


@pytest.mark.parametrize("key_value_heads", [None, 1])
@pytest.mark.parametrize("score", ["scaled_dot", "gaussian"])
@pytest.mark.parametrize("positions", list(POSITIONS))
@torch.no_grad()
def test_steps_of_every_kind_of_positions(positions, score, key_value_heads, sources):
    model = small_model("transformer", score, positions=positions, key_value_heads=key_value_heads)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    assert_steps_equal_decode(model, *sources)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("input_feeding", [True, False])
@pytest.mark.parametrize("window", ["global", "local_m", "local_p"])
@pytest.mark.parametrize("coverage", [True, False])
@torch.no_grad()
def test_steps_of_every_recurrent_decoder(cell, input_feeding, window, coverage, sources):
    choices = {"window": window, "window_radius": 2, "coverage": coverage}
    model = small_model("bahdanau", cell=cell, input_feeding=input_feeding, **choices)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    assert_steps_equal_decode(model, *sources)


@pytest.mark.parametrize("name", ["bahdanau", "convolutional", "transformer"])
@torch.no_grad()
def test_the_source_is_not_repeated_for_beams_and_can_be_recorded(name, sources):
    source, mask = sources
    model = small_model(name)
    steps = model.step_decoder(source, mask)
    steps.decode(torch.full((SENTENCES,), 2))
    steps.select(torch.arange(SENTENCES).repeat_interleave(BEAMS))
    with record_attention(model, lambda each: each.endswith("cross")) as record:
        steps.decode(torch.full((SENTENCES * BEAMS,), 4))
    for weights in record.values():
        assert weights.shape[0] == SENTENCES
        assert weights.shape[2:] == (BEAMS, SOURCE)
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:3]).double())


def test_a_search_beyond_the_longest_table_lets_training_go_on(sources):
    model = small_model("transformer", "scaled_dot", positions="rotary").train()
    long = torch.randint(4, 19, (1, 150))
    with torch.inference_mode():
        model.step_decoder(long, torch.ones_like(long, dtype=torch.bool))
    source, mask = sources
    model.decode(source, model.encode(source, mask))[0].sum().backward()
    assert model.output.weight.grad is not None
