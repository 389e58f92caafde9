"""N-best lists, penalties, diverse groups and the early stop of beam search."""

import itertools
import math

import pytest
import torch

from attnlab.attention.recording import record_attention
from attnlab.attention.scores import SCORES
from attnlab.data.tokens import BEGIN
from attnlab.models import MODELS, VocabularySizes
from attnlab.models.stepping import StepDecoder
from attnlab.search.beam import Beam
from attnlab.search.penalties import LengthPenalty
from attnlab.support.errors import UsageError
from tests.conftest import small_model
from tests.search.searching import livelier, log_probability, search_of

TWO_WORDS = VocabularySizes(source=19, target=6, shared=False)
SHORT = {"max_length_factor": 0.0, "max_length_extra": 4}
ONE = torch.tensor([[7, 12, 5]]), torch.ones(1, 3, dtype=torch.bool)


def all_translations(model, shortest=0):
    """Log p of every sequence of two words with at most three of them."""
    return {
        words: log_probability(model, *ONE, words)
        for length in range(shortest, 4)
        for words in itertools.product([4, 5], repeat=length)
    }


@pytest.mark.parametrize(
    "penalty",
    [
        ("average", 1.0, lambda length: length),
        ("average", -0.5, lambda length: length**-0.5),
        ("wu", 0.6, lambda length: ((5 + length) / 6) ** 0.6),  # Wu et al. 2016, equation 14
    ],
    ids=["average", "negative", "wu"],
)
def test_a_wide_beam_lists_the_best_of_all_translations(penalty):
    normalisation, alpha, divisor = penalty
    model = livelier(small_model("bahdanau", vocabulary=TWO_WORDS), 2.0)
    settings = {"length_normalisation": normalisation, "length_penalty": alpha}
    (found,) = search_of("beam", beam_size=40, n_best=6, **settings, **SHORT)(model, *ONE)
    by_score = {
        words: value / divisor(len(words) + 1) for words, value in all_translations(model).items()
    }
    expected = sorted(by_score, key=by_score.get, reverse=True)[:6]
    assert [tuple(each.tokens) for each in found] == expected
    for each in found:
        assert each.score == pytest.approx(by_score[tuple(each.tokens)], rel=1e-4)
        assert each.log_probability == pytest.approx(
            log_probability(model, *ONE, each.tokens), rel=1e-4
        )


def test_constraints_narrow_the_exhaustive_search():
    model = livelier(small_model("transformer", vocabulary=TWO_WORDS), 2.0)
    settings = {"min_length": 1, "no_repeat_ngram": 2, "beam_size": 40, "n_best": 40, **SHORT}
    (found,) = search_of("beam", **settings)(model, *ONE)
    allowed = {
        words
        for words in all_translations(model, shortest=1)
        if len(set(itertools.pairwise(words))) == max(0, len(words) - 1)
    }
    assert {tuple(each.tokens) for each in found} == allowed


@pytest.mark.parametrize("score", list(SCORES))
@pytest.mark.parametrize("name", list(MODELS))
def test_scores_are_those_of_forced_decoding(name, score, sources):
    source, mask = sources
    model = livelier(small_model(name, score), 1.5)
    for row, n_best in enumerate(search_of("beam", beam_size=3, n_best=3)(model, source, mask)):
        limit = int(1.5 * int(mask[row].sum())) + 10
        assert [each.score for each in n_best] == sorted((h.score for h in n_best), reverse=True)
        assert len({tuple(each.tokens) for each in n_best}) == len(n_best)
        for each in n_best:
            if len(each.tokens) < limit:  # else it was cut, without an end
                forced = log_probability(
                    model, source[row : row + 1], mask[row : row + 1], each.tokens
                )
                assert each.log_probability == pytest.approx(forced, rel=1e-4, abs=1e-4)


class Counting:
    """A model that counts how many rows were decoded."""

    def __init__(self, model):
        self.model, self.rows = model, 0

    @property
    def device(self):
        return self.model.device

    def step_decoder(self, source, source_mask):
        steps, counting = self.model.step_decoder(source, source_mask), self

        class Steps(StepDecoder):
            def decode(self, tokens):
                counting.rows += len(tokens)
                return steps.decode(tokens)

            def select(self, rows, sentences=None):
                steps.select(rows, sentences)

        return Steps()


@pytest.mark.parametrize(("alpha", "n_best"), [(0.0, 1), (0.0, 3), (1.0, 1), (-1.0, 2)])
def test_the_early_stop_changes_nothing_but_the_work(alpha, n_best, sources, monkeypatch):
    saved = 0
    for seed in range(3):
        torch.manual_seed(seed)
        model = Counting(livelier(small_model("rnn")))
        search = search_of("beam", beam_size=4, n_best=n_best, length_penalty=alpha)
        found = search(model, *sources)
        rows, model.rows = model.rows, 0
        monkeypatch.setattr(Beam, "early_stop", False)
        assert search(model, *sources) == found
        monkeypatch.undo()
        assert rows <= model.rows
        saved += model.rows - rows
    # The mean of a long continuation can still become the best, and so can a third best.
    assert saved > 0 or (alpha, n_best) != (0.0, 1)


def test_the_bound_of_the_early_stop_holds_for_every_continuation():
    for normalisation, alpha in itertools.product(("average", "wu"), (-1.0, 0.0, 0.7, 2.0)):
        penalty = LengthPenalty(normalisation, alpha)
        bound = penalty.best(torch.tensor([-3.0]), 5, torch.tensor([12]))
        reached = [(-3.0 - loss) / penalty(length) for length in range(5, 13) for loss in (0, 0.5)]
        assert max(reached) == pytest.approx(float(bound))


def test_groups_without_diversity_are_narrower_beams(sources):
    model = livelier(small_model("transformer"))
    groups = search_of("beam", beam_size=6, groups=3, diversity=0.0, n_best=6)(model, *sources)
    narrow = search_of("beam", beam_size=2, n_best=1)(model, *sources)
    for several, (best,) in zip(groups, narrow, strict=True):
        assert best.tokens in [each.tokens for each in several]
        assert several[0].score >= best.score - 1e-6


def test_diverse_groups_begin_with_different_words(sources):
    """With a large penalty no group takes a token that an earlier one takes at the same step."""
    model = livelier(small_model("transformer"))
    settings = {"beam_size": 3, "groups": 3, "n_best": 3, "min_length": 1}
    plain, diverse = (
        search_of("beam", diversity=diversity, **settings)(model, *sources)
        for diversity in (0.0, 1000.0)
    )
    firsts = [[each.tokens[0] for each in n_best] for n_best in diverse]
    assert all(len(set(each)) == len(each) for each in firsts)
    assert any(len({h.tokens[0] for h in n_best}) < len(n_best) for n_best in plain)


@pytest.mark.parametrize("name", ["bahdanau", "convolutional", "transformer"])
@torch.no_grad()
def test_the_coverage_penalty_is_that_of_the_recorded_attention(name, sources):
    """Wu et al. 2016, equations 14 and 15, from one pass over the finished translation."""
    source, mask = sources
    model = livelier(small_model(name), 1.5)
    found = search_of("beam", coverage_penalty=0.4, n_best=5)(model, source, mask)
    for row, n_best in enumerate(found):
        for each in n_best:
            limit = int(1.5 * int(mask[row].sum())) + 10
            if len(each.tokens) == limit:
                continue
            with record_attention(model, lambda where: where.endswith("cross")) as record:
                target = torch.tensor([[BEGIN, *each.tokens]])
                one = source[row : row + 1, mask[row]], mask[row : row + 1, mask[row]]
                model.decode(target, model.encode(*one))
            # (layers, 1, heads, queries, keys) -> (keys,)
            covered = torch.stack(list(record.values())).mean((0, 2)).sum((0, 1))
            penalty = 0.4 * sum(math.log(min(float(each), 1.0)) for each in covered)
            expected = each.log_probability / (len(each.tokens) + 1) + penalty
            assert each.score == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_settings_that_make_no_sense_are_refused(sources):
    with pytest.raises(UsageError, match=r"n_best=6 is more than search\.beam_size=5"):
        search_of("beam", n_best=6)
    with pytest.raises(UsageError, match=r"cannot be split evenly among search\.groups=2"):
        search_of("beam", groups=2)
    with pytest.raises(UsageError, match=r"length_normalisation=mean is none of: average, wu"):
        search_of("beam", length_normalisation="mean")
    with pytest.raises(UsageError, match=r"coverage_penalty needs the weights of attention"):
        search_of("beam", coverage_penalty=0.2)(small_model("rnn"), *sources)
