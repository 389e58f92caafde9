"""The recurrent models' ways to look back, each with each: cell, feeding, window, coverage, score.

And attention to the source against Luong et al. 2015 and See et al. 2017 in numpy, word by word.
"""

import numpy as np
import pytest
import torch
from torch.func import functional_call

from attnlab.attention.normalisers import NORMALISERS
from attnlab.attention.recording import record_attention
from attnlab.attention.scores import SCORES
from attnlab.attention.window import WINDOWS
from attnlab.data.batching import EncodedPair, collate
from attnlab.models.source_attention import SourceAttention
from attnlab.search import SEARCHES
from attnlab.support.errors import UsageError
from attnlab.training.objective import total_cross_entropy
from attnlab.training.scheduled_sampling import with_own_words
from tests.cases import pairwise
from tests.conftest import attention_config, shipped_values, small_model

BATCH, SOURCE, TARGET = 3, 8, 6

WAYS = {"feeding": [True, False], "window": list(WINDOWS), "coverage": [False, True]}
CELLS = ["gru", "lstm"]


def looking_back(score="additive", *, feeding=True, window="global", coverage=False, **changes):
    """A small model of which coverage has been learnt, whose window is narrow."""
    model = small_model(
        "bahdanau",
        score,
        input_feeding=feeding,
        window=window,
        window_radius=2,
        coverage=coverage,
        **changes,
    )
    if coverage:
        torch.nn.init.normal_(model.decoder.cross_attention.coverage.weight)
    return model


@pytest.fixture
def sentences():
    """Sources of 8, 4 and 1 tokens, and targets of 6."""
    mask = torch.arange(SOURCE) < torch.tensor([[8], [4], [1]])
    source = torch.randint(4, 19, (BATCH, SOURCE)).masked_fill(~mask, 0)
    return source, mask, torch.randint(4, 23, (BATCH, TARGET))


@pairwise(**WAYS, cell=CELLS, score=list(SCORES))
def test_properties(cell, feeding, window, coverage, score, sentences):
    source, mask, target = sentences
    model = looking_back(
        score, cell=cell, feeding=feeding, window=window, coverage=coverage, layers=1
    ).train()  # there is dropout between layers alone, of which there is one
    model.decoder.dropout = model.encoder.dropout = model.decoder.readout.dropout = 0.0
    whole, _ = model.decode(target, model.encode(source, mask))

    # Step by step, with sentences put in another order on the way, and more padding.
    wider = torch.cat([source, torch.randint(0, 19, (BATCH, 5))], dim=1)
    wider_mask = torch.cat([mask, torch.zeros(BATCH, 5, dtype=torch.bool)], dim=1)
    rows = torch.tensor([2, 0, 0, 1])
    state, steps = model.encode(wider, wider_mask), []
    for token in target[:, :3].split(1, dim=1):
        logits, state = model.decode(token, state)
        steps.append(logits[rows])
    state = state.select(rows)
    for token in target[rows, 3:].split(1, dim=1):
        logits, state = model.decode(token, state)
        steps.append(logits)
    torch.testing.assert_close(torch.cat(steps, dim=1), whole[rows])

    whole.square().mean().backward()
    idle = [path for path, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


@pairwise(**WAYS, normaliser=list(NORMALISERS))
def test_recorded_weights_are_those_that_make_the_context(
    feeding, window, coverage, normaliser, sentences
):
    source, mask, target = sentences
    model = looking_back(normaliser=normaliser, feeding=feeding, window=window, coverage=coverage)
    contexts = []
    model.decoder.readout.register_forward_hook(lambda _, given, __: contexts.append(given[1]))
    state = model.encode(source, mask)
    unobserved, _ = model.decode(target, state)
    with record_attention(model) as record:
        observed, _ = model.decode(target, state)
    torch.testing.assert_close(observed, unobserved)
    weights = record["decoder.cross"]
    assert weights.shape == (BATCH, 1, TARGET, SOURCE)
    assert not (weights * ~mask[:, None, None]).any()
    torch.testing.assert_close(weights[:, 0] @ state.source.memory.value, contexts[0])
    sums = weights[mask[:, None, None].expand_as(weights)].sum() / (BATCH * TARGET)
    assert (sums < 0.999) == (window == "local_p")
    if window == "local_m":
        for step in range(TARGET):
            distance = torch.arange(SOURCE) - step
            assert not weights[0, 0, step, distance.abs() > 2].any()


def attention_to_source(score, window="global", coverage=False, query_size=5, key_size=5):
    attention = SourceAttention(
        attention_config(score), query_size, key_size, window=window, radius=2, coverage=coverage
    ).double()
    if coverage:
        torch.nn.init.normal_(attention.coverage.weight)
    return attention


def softmax(scores):
    exponentials = np.exp(scores - scores.max())
    return exponentials / exponentials.sum()


def test_luongs_local_attention_with_the_general_score_by_hand():
    attention = attention_to_source("general", "local_p", query_size=5, key_size=7)
    torch.nn.init.normal_(attention.window.hidden_weight.weight, std=3)
    weights = {name: value.detach().numpy() for name, value in attention.named_parameters()}
    query, key = torch.randn(1, TARGET, 5).double(), torch.randn(1, SOURCE, 7).double()
    context, _ = attention(query, attention.prepare(key, torch.ones(1, SOURCE).bool()))
    h_s = key[0].numpy()
    for t in range(TARGET):
        h_t = query[0, t].numpy()
        inner = np.tanh(weights["window.query_weight.weight"] @ h_t)
        p_t = SOURCE / (1 + np.exp(-weights["window.hidden_weight.weight"][0] @ inner))
        inside = [s for s in range(1, SOURCE + 1) if p_t - 2 <= s <= p_t + 2]
        w_a = weights["pooling.score.key_weight.weight"]
        align = softmax(np.array([h_t @ (w_a @ h_s[s - 1]) for s in inside]))
        a_t = [a * np.exp(-((s - p_t) ** 2) / 2) for s, a in zip(inside, align, strict=True)]
        expected = sum(a * h_s[s - 1] for s, a in zip(inside, a_t, strict=True))
        np.testing.assert_allclose(context[0, t].detach().numpy(), expected, atol=1e-12)


def test_sees_coverage_with_the_additive_score_by_hand():
    attention = attention_to_source("additive", coverage=True)
    weights = {name: value.detach().numpy() for name, value in attention.named_parameters()}
    query, key = torch.randn(1, TARGET, 5).double(), torch.randn(1, SOURCE, 5).double()
    context, sight = attention(query, attention.prepare(key, torch.ones(1, SOURCE).bool()))
    w_h, w_s = (weights[f"pooling.score.{of}_weight.weight"] for of in ("key", "query"))
    v, w_c = weights["pooling.score.hidden_weight.weight"][0], weights["coverage.weight"]
    h, covered = key[0].numpy(), np.zeros(SOURCE)
    for t in range(TARGET):
        s_t = query[0, t].numpy()
        scores = [v @ np.tanh(w_h @ h[i] + w_s @ s_t + w_c * covered[i]) for i in range(SOURCE)]
        a = softmax(np.array(scores))
        np.testing.assert_allclose(context[0, t].detach().numpy(), a @ h, atol=1e-12)
        covered += a
    np.testing.assert_allclose(sight.covered[0].detach().numpy(), covered, atol=1e-12)


@pytest.mark.parametrize("score", list(SCORES))
@pytest.mark.parametrize("window", ["local_m", "local_p"])
def test_gradients_of_windows_and_coverage(window, score):
    attention = attention_to_source(score, window, coverage=True)
    names = [name for name, _ in attention.named_parameters()]
    mask = torch.arange(SOURCE) < torch.tensor([[8], [3]])

    def contexts(query, key, *values):
        class Whole(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.attention = attention

            def forward(self):
                return self.attention(query, self.attention.prepare(key, mask))[0]

        given = {f"attention.{name}": value for name, value in zip(names, values, strict=True)}
        return functional_call(Whole(), given, ())

    inputs = [torch.randn(2, 3, 5).double(), torch.randn(2, SOURCE, 5).double()]
    inputs += [value.detach().clone() for value in attention.parameters()]
    assert torch.autograd.gradcheck(
        contexts, [each.requires_grad_() for each in inputs], fast_mode=True
    )


@pairwise(**WAYS)
@torch.no_grad()
def test_beam_search_gives_a_sentence_the_same_translation_in_any_batch(
    feeding, window, coverage, sentences
):
    source, mask, _ = sentences
    model = looking_back(feeding=feeding, window=window, coverage=coverage)
    for parameter in model.parameters():
        parameter.mul_(2.5)  # or it repeats one word
    values = shipped_values("search", "beam") | {"beam_size": 3, "max_length_extra": 1}
    search = SEARCHES.build(SEARCHES.config("beam")(**values))
    together = search(model, source, mask)
    for row, length in enumerate(mask.sum(1).tolist()):
        alone = search(model, source[row : row + 1, :length], mask[row : row + 1, :length])
        assert together[row][0].tokens == alone[0][0].tokens
        assert together[row][0].log_probability == pytest.approx(alone[0][0].log_probability)
    assert len({each[0].log_probability for each in together}) > 1


@pairwise(**WAYS)
@torch.no_grad()
def test_own_words_are_those_of_greedy_search(feeding, window, coverage):
    model = looking_back(feeding=feeding, window=window, coverage=coverage)
    batch = collate([EncodedPair([5, 6, 7, 8], [9, 10, 11, 12, 13]), EncodedPair([5], [9, 10])])
    mixed = with_own_words(model, batch, 1.0, "argmax").target_input
    logits, _ = model.decode(mixed, model.encode(batch.source, batch.source_mask))
    logits[..., :4] = -torch.inf  # no word
    own = logits.argmax(-1)[:, :-1]
    wanted = batch.target_mask[:, 1:]
    assert wanted.sum() == 7
    assert torch.equal(mixed[:, 1:][wanted], own[wanted])


@pairwise(
    name=["rnn", "bahdanau"],
    score=["general", "additive"],
    bidirectional=[False, True],
    feeding=[True, False],
    cell=CELLS,
)
def test_an_encoder_of_another_size(cell, feeding, bidirectional, name, score, sentences):
    source, mask, target = sentences
    fed = {"input_feeding": feeding, "window": "local_p", "coverage": True}
    changes = fed if name == "bahdanau" else {}
    model = small_model(
        name, score, cell=cell, encoder_size=6, bidirectional=bidirectional, **changes
    )
    state = model.encode(source, mask)
    assert {part.shape for part in state.hidden} == {(BATCH, 2, 14)}
    assert all(part.abs().max() <= 1 for part in state.hidden)
    whole, _ = model.decode(target, state)
    _, state = model.decode(target[:, :4], state)
    rest, _ = model.decode(target[:, 4:], state)
    torch.testing.assert_close(rest, whole[:, 4:])
    total_cross_entropy(model, collate([EncodedPair([5, 6, 7, 8], [9, 10, 11])])).backward()
    idle = [path for path, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert [path for path in idle if "score" not in path or name == "bahdanau"] == []


def test_the_bridge_is_bahdanaus(sentences):
    source, mask, _ = sentences
    model = small_model("bahdanau", cell="lstm", encoder_size=6)
    _, read = model.encoder(source, mask)
    for part, (ends, first) in enumerate(zip(read, model.encode(source, mask).hidden, strict=True)):
        for layer in range(2):
            linear = model.bridge.parts[part][layer]
            expected = np.tanh(
                ends[:, layer].detach().numpy() @ linear.weight.detach().numpy().T
                + linear.bias.detach().numpy()
            )
            np.testing.assert_allclose(first[:, layer].detach().numpy(), expected, atol=1e-12)


def test_equal_sizes_need_no_bridge(sentences):
    source, mask, _ = sentences
    model = small_model("bahdanau", encoder_size=14)
    assert not list(model.bridge.parameters())
    assert torch.equal(model.encode(source, mask).hidden[0], model.encoder(source, mask)[1][0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window": "narrow"}, r"model.window=narrow is none of: global, local_m, local_p"),
        ({"encoder_size": 13}, r"model.encoder_size=13 cannot be split between two directions"),
        ({"encoder_size": 6, "score": "dot"}, r"score=dot .* queries have 14 .* keys 6"),
    ],
)
def test_impossible_choices_are_refused_by_name(changes, message):
    with pytest.raises(UsageError, match=message):
        small_model("bahdanau", **changes)


def test_what_is_not_asked_for_costs_nothing(sentences):
    plain, windowed, covered = (
        dict(small_model("bahdanau", **changes).named_parameters())
        for changes in ({}, {"window": "local_m"}, {"coverage": True})
    )
    assert set(plain) == set(windowed)
    assert set(covered) - set(plain) == {"decoder.cross_attention.coverage.weight"}
