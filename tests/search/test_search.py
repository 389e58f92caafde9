"""Search: against exhaustive enumeration, and routes that must agree, on every model."""

import itertools
import math

import pytest
import torch

from attnlab.data.tokens import BEGIN, END
from attnlab.models import MODELS, VocabularySizes
from attnlab.search import NEVER_CHOSEN, SEARCHES
from attnlab.support import machine
from attnlab.support.errors import AttnlabError
from tests.conftest import small_model
from tests.search import searching
from tests.search.searching import livelier, log_probability

every_model = pytest.mark.parametrize("name", list(MODELS))


def search_of(name, **changes):
    search = searching.search_of(name, **changes)
    return lambda *inputs: [each[0] for each in search(*inputs)]


@every_model
@torch.no_grad()
def test_greedy_is_the_argmax_at_each_step(name, sources):
    source, mask = sources
    model = livelier(small_model(name))
    found = search_of("greedy")(model, source, mask)
    assert len({tuple(hypothesis.tokens) for hypothesis in found}) > 1
    for row, hypothesis in enumerate(found):
        limit = int(1.5 * int(mask[row].sum())) + 10
        tokens = []
        while len(tokens) < limit:
            one, one_mask = source[row : row + 1, mask[row]], mask[row : row + 1, mask[row]]
            logits, _ = model.decode(torch.tensor([[BEGIN, *tokens]]), model.encode(one, one_mask))
            scores = logits[0, -1].clone()
            scores[NEVER_CHOSEN] = -math.inf
            if int(scores.argmax()) == END:
                break
            tokens.append(int(scores.argmax()))
        assert hypothesis.tokens == tokens


@every_model
def test_beam_of_one_equals_greedy(name, sources):
    model = livelier(small_model(name))
    greedy = search_of("greedy")(model, *sources)
    beam = search_of("beam", beam_size=1)(model, *sources)
    assert [h.tokens for h in beam] == [h.tokens for h in greedy]
    for one, other in zip(beam, greedy, strict=True):
        assert one.log_probability == pytest.approx(other.log_probability, rel=1e-4)


@pytest.mark.parametrize("search", ["greedy", "beam"])
@every_model
def test_a_batch_equals_one_by_one(name, search, sources):
    source, mask = sources
    model = livelier(small_model(name))
    together = search_of(search)(model, source, mask)
    for row in range(len(source)):
        length = int(mask[row].sum())
        alone = search_of(search)(
            model, source[row : row + 1, :length], mask[row : row + 1, :length]
        )
        assert alone[0].tokens == together[row].tokens


@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
@every_model
@torch.no_grad()
def test_a_wide_beam_finds_the_best_of_all(name, length_penalty):
    """Two words and the end, at most four tokens: every translation can be written down."""
    model = small_model(name, vocabulary=VocabularySizes(source=19, target=6, shared=False))
    for parameter in model.parameters():
        parameter.mul_(2.0)
    source = torch.tensor([[7, 12, 5]])
    mask = torch.ones_like(source, dtype=torch.bool)
    found = search_of(
        "beam",
        beam_size=40,
        length_penalty=length_penalty,
        max_length_factor=0.0,
        max_length_extra=4,
    )(model, source, mask)[0]
    scores = {}
    for length in range(4):
        for words in itertools.product([4, 5], repeat=length):
            # The search renormalises nothing: what is never said only cannot be chosen.
            scores[words] = log_probability(model, source, mask, words)
    best = max(scores, key=lambda words: scores[words] / (len(words) + 1) ** length_penalty)
    assert tuple(found.tokens) == best
    assert found.log_probability == pytest.approx(scores[best], rel=1e-4)


@pytest.mark.parametrize("search", list(SEARCHES))
def test_lengths_are_bounded_by_the_source(search, sources):
    model = small_model("rnn")
    with torch.no_grad():
        model.output.weight[END] = 0  # hardly ever ends
        model.output.weight[4:] *= 0.01
    found = search_of(search, max_length_factor=2.0, max_length_extra=3)(model, *sources)
    for hypothesis, length in zip(found, [5, 1, 7, 3, 4], strict=True):
        assert len(hypothesis.tokens) <= 2 * length + 3
        assert not set(hypothesis.tokens) & {*NEVER_CHOSEN, END}


def test_sampling_follows_the_models_probabilities():
    model = small_model("rnn", vocabulary=VocabularySizes(source=19, target=7, shared=False))
    source = torch.full((4000, 1), 5)
    mask = torch.ones_like(source, dtype=torch.bool)
    found = search_of("sampling", max_length_factor=0.0, max_length_extra=1)(model, source, mask)
    logits, _ = model.decode(torch.tensor([[BEGIN]]), model.encode(source[:1], mask[:1]))
    logits[..., NEVER_CHOSEN] = -math.inf
    expected = logits[0, 0].softmax(-1).tolist()
    for token in (4, 5, 6):
        share = sum(h.tokens == [token] for h in found) / len(found)
        assert share == pytest.approx(expected[token], abs=0.04)  # 5 standard deviations


def test_sampling_is_seeded_and_top_1_is_greedy(sources):
    model = livelier(small_model("transformer"))
    tokens = [
        [h.tokens for h in search_of("sampling", seed=seed)(model, *sources)] for seed in (1, 1, 2)
    ]
    assert tokens[0] == tokens[1] != tokens[2]
    top = search_of("sampling", top_k=1)(model, *sources)
    assert [h.tokens for h in top] == [h.tokens for h in search_of("greedy")(model, *sources)]


@torch.no_grad()
def test_a_beam_wider_than_the_memory_is_refused_before_it_is_asked_for(sources, monkeypatch):
    model, beam = small_model("rnn"), search_of("beam", beam_size=3)
    needed = 3 * 4 * len(sources[0]) * 3 * model.output.out_features
    monkeypatch.setattr(machine, "memory_of", lambda _: needed)
    beam(model, *sources)
    monkeypatch.setattr(machine, "memory_of", lambda _: needed - 1)
    with pytest.raises(AttnlabError, match=r"search\.beam_size=3 for 5 sentences .* lower it"):
        beam(model, *sources)


@pytest.mark.parametrize("search", ["beam", "sampling"])
@torch.no_grad()
def test_a_model_whose_numbers_overflow_is_refused(search, sources):
    model = small_model("rnn")
    model.output.weight.fill_(torch.inf)
    with pytest.raises(AttnlabError, match="probabilities are no finite numbers"):
        search_of(search)(model, *sources)
