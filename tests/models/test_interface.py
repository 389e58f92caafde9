"""What holds for every model with every scoring function, and with every normaliser."""

from dataclasses import replace

import pytest
import torch

from attnlab.attention.normalisers import NORMALISERS
from attnlab.attention.positions import POSITIONS
from attnlab.attention.recording import record_attention
from attnlab.attention.scores import SCORES
from attnlab.models import MODELS, VocabularySizes
from attnlab.support.errors import UsageError
from tests.cases import pairwise
from tests.conftest import VARIANTS, every_model_and_score, small_model

BATCH, SOURCE, TARGET = 3, 5, 7

every_model = pytest.mark.parametrize("name", [*MODELS, *VARIANTS])
feeding = pytest.mark.parametrize("input_feeding", [True, False])
every_normaliser = pytest.mark.parametrize("normaliser", list(NORMALISERS))
every_score = pytest.mark.parametrize("score", list(SCORES))
every_position = pytest.mark.parametrize("positions", list(POSITIONS))


@pytest.fixture
def sentences():
    """Sources of 5, 3 and 1 tokens, and targets of 7."""
    source = torch.randint(4, 19, (BATCH, SOURCE))
    mask = torch.arange(SOURCE) < torch.tensor([[5], [3], [1]])
    return source.masked_fill(~mask, 0), mask, torch.randint(4, 23, (BATCH, TARGET))


@every_model_and_score
def test_stepwise_decoding_equals_the_whole_sequence(name, score, sentences):
    source, mask, target = sentences
    model = small_model(name, score)
    whole, _ = model.decode(target, model.encode(source, mask))
    assert whole.shape == (BATCH, TARGET, 23)
    state = model.encode(source, mask)
    steps = []
    for token in target.split(1, dim=1):
        logits, state = model.decode(token, state)
        steps.append(logits)
    torch.testing.assert_close(torch.cat(steps, dim=1), whole)


@every_model_and_score
def test_padding_changes_nothing(name, score, sentences):
    source, mask, target = sentences
    model = small_model(name, score)
    together, _ = model.decode(target, model.encode(source, mask))
    wider = torch.cat([source, torch.randint(0, 19, (BATCH, 11))], dim=1)
    wider_mask = torch.cat([mask, torch.zeros(BATCH, 11, dtype=torch.bool)], dim=1)
    padded, _ = model.decode(target, model.encode(wider, wider_mask))
    torch.testing.assert_close(padded, together)
    for row, length in enumerate(mask.sum(1).tolist()):
        alone = model.encode(source[row : row + 1, :length], mask[row : row + 1, :length])
        logits, _ = model.decode(target[row : row + 1], alone)
        torch.testing.assert_close(logits[0], together[row])


@every_model_and_score
def test_later_targets_change_no_earlier_logits(name, score, sentences):
    source, mask, target = sentences
    model = small_model(name, score)
    before, _ = model.decode(target, model.encode(source, mask))
    changed = target.clone()
    changed[:, 4] = (changed[:, 4] - 3) % 19 + 4
    after, _ = model.decode(changed, model.encode(source, mask))
    torch.testing.assert_close(after[:, :4], before[:, :4])
    assert not torch.allclose(after[:, 4:], before[:, 4:])


@every_model
def test_select_keeps_repeats_and_reorders_sentences(name, sentences):
    source, mask, target = sentences
    model = small_model(name)
    rows = torch.tensor([2, 0, 0, 1])
    _, state = model.decode(target[:, :3], model.encode(source, mask))
    selected, _ = model.decode(target[rows, 3:], state.select(rows))
    whole, _ = model.decode(target[rows], model.encode(source[rows], mask[rows]))
    torch.testing.assert_close(selected, whole[:, 3:])


@every_model_and_score
def test_every_parameter_learns(name, score, sentences):
    source, mask, target = sentences
    model = small_model(name, score).train()
    model.decode(target, model.encode(source, mask))[0].square().mean().backward()
    idle = [path for path, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


@every_normaliser
@every_model
def test_what_holds_for_every_normaliser(name, normaliser, sentences):
    """Whole is step by step, padding changes nothing, all learns; by each model's own score."""
    source, mask, target = sentences
    score = "scaled_dot" if name == "transformer" else "additive"
    model = small_model(name, score, normaliser=normaliser)
    whole, _ = model.decode(target, model.encode(source, mask))
    _, state = model.decode(target[:, :3], model.encode(source, mask))
    rest = []
    for token in target[:, 3:].split(1, dim=1):
        logits, state = model.decode(token, state)
        rest.append(logits)
    torch.testing.assert_close(torch.cat(rest, dim=1), whole[:, 3:])
    for row, length in enumerate(mask.sum(1).tolist()):
        alone = model.encode(source[row : row + 1, :length], mask[row : row + 1, :length])
        logits, _ = model.decode(target[row : row + 1], alone)
        torch.testing.assert_close(logits[0], whole[row])
    whole.square().mean().backward()
    idle = [path for path, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


@pairwise(
    positions=POSITIONS,
    score=["scaled_dot", "general", "additive", "gaussian"],
    key_value_heads=[None, 1],
)
def test_positions_in_a_transformer(positions, score, key_value_heads, sentences):
    source, mask, target = sentences
    model = small_model("transformer", score, positions=positions, key_value_heads=key_value_heads)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    whole, _ = model.decode(target, model.encode(source, mask))
    # One word after the other gives what the whole sentence gives.
    state = model.encode(source, mask)
    steps = []
    for token in target.split(1, dim=1):
        logits, state = model.decode(token, state)
        steps.append(logits)
    torch.testing.assert_close(torch.cat(steps, dim=1), whole)
    held = key_value_heads or 3
    assert all(layer.past.key.shape[:3] == (BATCH, held, TARGET) for layer in state.layers)
    # Padding changes nothing.
    wider = torch.cat([source, torch.randint(0, 19, (BATCH, 11))], dim=1)
    wider_mask = torch.cat([mask, torch.zeros(BATCH, 11, dtype=torch.bool)], dim=1)
    padded, _ = model.decode(target, model.encode(wider, wider_mask))
    torch.testing.assert_close(padded, whole)
    # Watched or not, the answer is the same; each head's weights are there.
    with record_attention(model) as record:
        observed, _ = model.decode(target, model.encode(source, mask))
    torch.testing.assert_close(observed, whole)
    assert record["decoder.layer1.self"].shape == (BATCH, 3, TARGET, TARGET)
    # The order of source words matters, unless there are no positions.
    turned = source[:1, [1, 0, 2, 3, 4]]
    moved, _ = model.decode(target[:1], model.encode(turned, mask[:1]))
    assert torch.allclose(moved[0], whole[0]) == (positions == "none")


@every_position
def test_every_parameter_of_positions_learns(positions, sentences):
    source, mask, target = sentences
    model = small_model("transformer", "scaled_dot", positions=positions).train()
    model.decode(target, model.encode(source, mask))[0].square().mean().backward()
    idle = [path for path, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


@every_position
def test_sentences_far_longer_than_any_before_are_read(positions):
    changes = {"longest": 7} if positions == "learned" else {}
    model = small_model("transformer", "scaled_dot", positions=positions, **changes)
    tokens = torch.randint(4, 19, (1, 150))
    state = model.encode(tokens, torch.ones_like(tokens, dtype=torch.bool))
    logits, state = model.decode(tokens[:, :140], state)
    further, _ = model.decode(tokens[:, 140:], state)
    assert logits.isfinite().all()
    assert further.isfinite().all()


@feeding
@every_score
def test_bahdanau_with_and_without_input_feeding(score, input_feeding, sentences):
    source, mask, target = sentences
    model = small_model("bahdanau", score, input_feeding=input_feeding)
    whole, _ = model.decode(target, model.encode(source, mask))
    state = model.encode(source, mask)
    steps = []
    for token in target.split(1, dim=1):
        logits, state = model.decode(token, state)
        steps.append(logits)
    torch.testing.assert_close(torch.cat(steps, dim=1), whole)


def test_only_input_feeding_makes_the_recurrence_depend_on_attention(sentences):
    source, mask, target = sentences
    for input_feeding, changed in ((False, False), (True, True)):
        model = small_model("bahdanau", input_feeding=input_feeding)
        state = model.encode(source, mask)
        memory = replace(state.source.memory, value=2 * state.source.memory.value)
        louder = replace(state, source=replace(state.source, memory=memory))
        (_, plain), (_, moved) = model.decode(target, state), model.decode(target, louder)
        assert torch.equal(plain.hidden[0], moved.hidden[0]) != changed


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", ["rnn", "bahdanau"])
def test_recurrent_choices(name, bidirectional, cell, sentences):
    source, mask, target = sentences
    model = small_model(name, cell=cell, bidirectional=bidirectional)
    whole, _ = model.decode(target, model.encode(source, mask))
    _, state = model.decode(target[:, :4], model.encode(source, mask))
    rest, _ = model.decode(target[:, 4:], state)
    torch.testing.assert_close(rest, whole[:, 4:])


@every_model
def test_tied_embeddings_are_one_table(name):
    sizes = VocabularySizes(source=23, target=23, shared=True)
    separate, target, every = (
        sum(p.numel() for p in small_model(name, vocabulary=sizes, tie_embeddings=tie).parameters())
        for tie in ("none", "target", "all")
    )
    table = separate - target
    assert table == separate - every - table > 0


@every_model
def test_tying_needs_one_vocabulary(name):
    with pytest.raises(UsageError, match="tie_embeddings=all needs one vocabulary"):
        small_model(name, tie_embeddings="all")


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("rnn", {"cell": "vanilla"}, "model.cell=vanilla is none of: gru, lstm"),
        ("bahdanau", {"hidden_size": 13}, "model.hidden_size=13 cannot be split"),
        ("transformer", {"norm": "middle"}, "model.norm=middle is none of: pre, post, none"),
        (
            "transformer",
            {"activation": "sine"},
            "activation=sine is none of: relu, gelu, swiglu",
        ),
        (
            "transformer",
            {"normalisation": "group"},
            "normalisation=group is none of: layer, rms",
        ),
        ("transformer", {"tie_embeddings": "some"}, "tie_embeddings=some is none of"),
    ],
)
def test_impossible_choices_are_refused_by_name(name, changes, message):
    with pytest.raises(UsageError, match=message):
        small_model(name, **changes)
