"""A worked step: recomputed in numpy from raw vectors and the model's own weights, without torch's
score and without `compare`."""

import numpy as np
import pytest
import torch

from attnlab.attention.recording import attentions, record_attention
from attnlab.attention.scores import SCORES
from attnlab.data.batching import EncodedPair, collate
from attnlab.inspection.forced import kind_and_layer
from attnlab.studies.explain.step import trace_step
from tests.cases import one_by_one
from tests.conftest import score_config, small_model

PAIR = EncodedPair([5, 9, 11, 7], [6, 12, 8, 21, 5, 9])
FAMILIES = ["bahdanau", "transformer"]


def by_hand(name, score, query, keys):
    """The paper's formula for one query, from what enters the scoring function."""
    if name == "dot":
        return keys @ query
    if name == "scaled_dot":
        return keys @ query / np.sqrt(len(query))
    weights = {each: value.detach().numpy() for each, value in score.named_parameters()}
    if name == "general":
        return (keys @ weights["key_weight.weight"].T) @ query
    if name == "additive":
        inner = weights["query_weight.weight"] @ query + keys @ weights["key_weight.weight"].T
        return np.tanh(inner) @ weights["hidden_weight.weight"][0]
    if name == "cosine":
        lengths = np.linalg.norm(keys, axis=1) * np.linalg.norm(query)
        return weights["sharpness"] * (keys @ query) / lengths
    if name == "location":
        return weights["weight"][: len(keys)] @ query
    assert name == "gaussian"
    return -(weights["width"] ** 2) * ((keys - query) ** 2).sum(axis=1) / 2


def recorded(model):
    batch = collate([PAIR])
    with torch.no_grad(), record_attention(model) as record:
        model.decode(batch.target_input, model.encode(batch.source, batch.source_mask))
    return record


@one_by_one(family=FAMILIES, score=SCORES)
def test_every_step_of_every_head_follows_from_its_vectors(family, score):
    model = small_model(family, score)
    for name, weights in recorded(model).items():
        _, heads, queries, keys = weights.shape
        for head in range(1, heads + 1):
            for query in (0, 2, queries - 1):
                worked = trace_step(model, PAIR, name, head, query)
                assert worked.heads == (None if family == "bahdanau" else heads)
                module = attentions(model)[name].score
                scores = by_hand(score, module, worked.query, worked.key_vectors)
                np.testing.assert_allclose(worked.scores, scores, atol=1e-10)
                ahead = np.arange(keys) > query if kind_and_layer(name)[0] == "decoder" else False
                np.testing.assert_array_equal(
                    worked.visible, np.full(keys, True) & np.logical_not(ahead)
                )
                shown = np.where(worked.visible, np.exp(scores - scores.max()), 0)
                shown = shown / shown.sum()
                np.testing.assert_allclose(worked.weights, shown, atol=1e-10)
                np.testing.assert_allclose(shown, weights[0, head - 1, query].numpy(), atol=1e-10)
                np.testing.assert_allclose(worked.context, shown @ worked.value_vectors, atol=1e-10)
                summed = module.factor * worked.terms.sum(axis=1)
                np.testing.assert_allclose(summed, scores, atol=1e-10)


def test_a_heads_vectors_are_its_projections():
    model = small_model("transformer", "general")
    attention = model.decoder.layers[1].cross_attention
    inputs = {}
    hooks = [
        attention.query_weight.register_forward_hook(lambda _, __, out: inputs.update(query=out)),
        attention.key_weight.register_forward_hook(lambda _, __, out: inputs.update(keys=out)),
        attention.value_weight.register_forward_hook(lambda _, __, out: inputs.update(values=out)),
    ]
    worked = trace_step(model, PAIR, "decoder.layer2.cross", 3, 4)
    for hook in hooks:
        hook.remove()
    # Three heads of four features: the third has the last four.
    np.testing.assert_array_equal(worked.query, inputs["query"][0, 4, 8:].numpy())
    np.testing.assert_array_equal(worked.key_vectors, inputs["keys"][0, :, 8:].numpy())
    np.testing.assert_array_equal(worked.value_vectors, inputs["values"][0, :, 8:].numpy())


@pytest.mark.parametrize("shared", [1, 2])
def test_heads_that_share_keys_and_values_are_worked_out_with_those(shared):
    model = small_model("transformer", "scaled_dot", heads=6, key_value_heads=shared)
    name = "encoder.layer2.self"
    weights = recorded(model)[name][0]
    for head in range(1, 7):
        worked = trace_step(model, PAIR, name, head, 1)
        scores = worked.key_vectors @ worked.query / np.sqrt(2)
        shown = np.exp(scores - scores.max())
        shown /= shown.sum()
        np.testing.assert_allclose(shown, weights[head - 1, 1].numpy(), atol=1e-10)
        np.testing.assert_allclose(worked.context, shown @ worked.value_vectors, atol=1e-10)
    first = [trace_step(model, PAIR, name, head, 1).value_vectors for head in range(1, 7)]
    np.testing.assert_array_equal(first[0], first[1])
    assert np.array_equal(first[0], first[5]) == (shared == 1)


@pytest.mark.parametrize("feeding", [True, False])
def test_a_recurrent_models_queries_one_by_one(feeding):
    model = small_model("bahdanau", input_feeding=feeding)
    record = recorded(model)["decoder.cross"]
    for query in range(len(PAIR.target) + 1):
        worked = trace_step(model, PAIR, "decoder.cross", 1, query)
        np.testing.assert_allclose(worked.weights, record[0, 0, query].numpy(), atol=1e-12)
        np.testing.assert_array_equal(worked.value_vectors, worked.key_vectors)


def test_nothing_is_left_behind_and_what_is_not_there_is_refused():
    model = small_model("transformer").train()
    trace_step(model, PAIR, "decoder.layer1.self", 1, 0)
    assert model.training
    assert not any(each.observers or each.key_observers for each in attentions(model).values())
    with pytest.raises(IndexError):
        trace_step(model, PAIR, "decoder.layer1.self", 1, 7)
    with pytest.raises(IndexError):
        trace_step(model, PAIR, "decoder.layer1.self", 4, 0)
    with pytest.raises(KeyError):
        trace_step(model, PAIR, "decoder.layer7.self", 1, 0)


@pytest.mark.parametrize("name", list(SCORES))
def test_every_score_has_a_formula_and_says_its_terms(name):
    score = SCORES.build(score_config(name), 7, 7).double()
    assert "q" in score.formula
    assert "k" in score.formula
    assert all(each in dict(score.named_parameters()) for each in score.symbols)
    query = score.project_query(torch.randn(2, 3, 7).double())
    key = score.project_key(torch.randn(2, 5, 7).double())
    terms = score.terms(query, key)
    torch.testing.assert_close(score.factor * terms.sum(-1), score.compare(query, key))


@pytest.mark.parametrize("positions", ["sinusoidal", "rotary", "shaw"])
@pytest.mark.parametrize("key_value_heads", [1, 2])
def test_heads_that_share_keys_and_values_are_shown_those(key_value_heads, positions):
    model = small_model(
        "transformer",
        "scaled_dot",
        positions=positions,
        heads=4,
        key_value_heads=key_value_heads,
    )
    for name, weights in recorded(model).items():
        for head in range(1, 5):
            worked = trace_step(model, PAIR, name, head, 2)
            bias = 0.0 if worked.bias is None else worked.bias
            scores = by_hand("scaled_dot", None, worked.query, worked.key_vectors) + bias
            visible = worked.visible
            exponentials = np.where(visible, np.exp(scores), 0.0)
            np.testing.assert_allclose(worked.weights, exponentials / exponentials.sum())
            np.testing.assert_allclose(worked.weights, weights[0, head - 1, 2])
            told = 0.0 if worked.position_output is None else worked.position_output
            np.testing.assert_allclose(worked.context, worked.weights @ worked.value_vectors + told)
