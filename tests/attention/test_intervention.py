"""Interventions: against weights worked out by hand, over models and scores, leaving no trace."""

import pytest
import torch

from attnlab.attention.intervention import intervene, permuted, silence, uniform
from attnlab.attention.recording import attentions, record_attention
from attnlab.attention.scores import SCORES
from tests.cases import one_by_one
from tests.conftest import small_model

SOURCE_LENGTHS = [6, 3]


def inputs():
    generator = torch.Generator().manual_seed(3)
    source = torch.randint(4, 19, (2, 6), generator=generator)
    mask = torch.arange(6) < torch.tensor(SOURCE_LENGTHS)[:, None]
    return source, mask, torch.randint(4, 23, (2, 5), generator=generator)


def run(model):
    source, mask, target = inputs()
    with torch.no_grad(), record_attention(model) as record:
        logits, _ = model.decode(target, model.encode(source, mask))
    return logits, record


def visible(name):
    source_mask = inputs()[1]
    if name.endswith("cross"):
        return source_mask[:, None, None].expand(2, 1, 5, 6)
    if name.startswith("encoder"):
        return source_mask[:, None, None].expand(2, 1, 6, 6)
    return torch.ones(2, 1, 5, 5, dtype=torch.bool).tril()


@one_by_one(family=["bahdanau", "transformer"], score=SCORES)
def test_uniform_weights_are_alike_where_something_may_be_seen(family, score):
    model = small_model(family, score).eval()
    before, _ = run(model)
    for name in attentions(model):
        with intervene(model, {name: uniform()}):
            logits, record = run(model)
        expected = visible(name) / visible(name).sum(-1, keepdim=True)
        torch.testing.assert_close(record[name], expected.expand_as(record[name]).to(record[name]))
        assert not torch.allclose(logits, before), "the model goes on with the changed weights"
    torch.testing.assert_close(run(model)[0], before)


@pytest.mark.parametrize("family", ["bahdanau", "transformer"])
def test_permuted_weights_are_the_same_ones_elsewhere(family):
    model = small_model(family).eval()
    _, before = run(model)
    name = "decoder.layer1.cross" if family == "transformer" else "decoder.cross"
    with intervene(model, {name: permuted(torch.Generator().manual_seed(1))}):
        _, record = run(model)
    # Later queries of a recurrent model have themselves changed; its first has not.
    rows = slice(None) if family == "transformer" else slice(0, 1)
    was, now = before[name][:, :, rows], record[name][:, :, rows]
    torch.testing.assert_close(now.sort(-1).values, was.sort(-1).values)
    assert not torch.allclose(now, was)
    assert not record[name].masked_select(~visible(name).expand_as(record[name])).any()


def test_every_order_is_as_likely():
    weights = torch.tensor([0.5, 0.3, 0.2, 0.0]).repeat(6000, 1, 1, 1)
    seen = torch.tensor([True, True, True, False]).expand_as(weights)
    shuffled = permuted(torch.Generator().manual_seed(5))(weights, seen)
    orders, counts = shuffled.flatten(0, 2).unique(dim=0, return_counts=True)
    assert len(orders) == 6, "3! orders of three visible keys"
    assert not orders[:, 3].any()
    # A fair draw leaves each count within five standard deviations of 1,000.
    assert (counts - 1000).abs().max() < 5 * (6000 * 1 / 6 * 5 / 6) ** 0.5


def test_a_silenced_head_adds_nothing_but_its_projections_bias():
    model = small_model("transformer").eval()
    attention = model.decoder.layers[1].cross_attention
    answers = {}
    handle = attention.register_forward_hook(lambda _, __, out: answers.update(last=out))
    with intervene(model, {"decoder.layer2.cross": silence([1, 2, 3])}):
        run(model)
    handle.remove()
    torch.testing.assert_close(
        answers["last"], attention.output_weight.bias.expand_as(answers["last"])
    )


def test_only_the_heads_named_are_changed():
    model = small_model("transformer").eval()
    _, before = run(model)
    with intervene(model, {"decoder.layer1.cross": silence([2])}):
        _, record = run(model)
    name = "decoder.layer1.cross"
    assert not record[name][:, 1].any()
    torch.testing.assert_close(record[name][:, [0, 2]], before[name][:, [0, 2]])


@one_by_one(family=["bahdanau", "transformer"], score=SCORES)
def test_interventions_act_alike_stepwise_and_on_the_whole(family, score):
    """As search does, a token at a time, and as a reading of the whole target does."""
    model = small_model(family, score).eval()
    source, mask, target = inputs()
    plain, _ = run(model)
    for name in attentions(model):
        for intervention in (silence([1]), uniform()):
            with torch.no_grad(), intervene(model, {name: intervention}):
                whole, _ = model.decode(target, model.encode(source, mask))
                state, steps = model.encode(source, mask), []
                for token in target.split(1, dim=1):
                    logits, state = model.decode(token, state)
                    steps.append(logits)
            torch.testing.assert_close(torch.cat(steps, dim=1), whole)
            assert not torch.allclose(whole, plain)


def test_an_unknown_name_is_refused_and_leaves_no_trace():
    model = small_model("transformer")
    with (
        pytest.raises(KeyError, match="layer7"),
        intervene(model, {"encoder.layer1.self": uniform(), "decoder.layer7.cross": uniform()}),
    ):
        pass
    assert not any(each.interventions for each in attentions(model).values())
