"""What every search obeys, and the exclusion of tokens against plain Python."""

import itertools

import pytest
import torch

from attnlab.data.tokens import END
from attnlab.search import NEVER_CHOSEN, SEARCHES
from attnlab.search.constraints import Constraints
from attnlab.search.interface import top_tokens
from tests.conftest import small_model
from tests.search.searching import livelier, search_of

every_search = pytest.mark.parametrize("search", list(SEARCHES))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_repetitions_are_excluded_as_by_plain_python(order):
    tokens = torch.randint(4, 8, (50, 9))
    logits = torch.randn(50, 11)
    found = logits.clone()
    Constraints(no_repeat_ngram=order).exclude(found, tokens, torch.arange(50), 9)
    for row, words in enumerate(tokens.tolist()):
        seen = {tuple(words[i : i + order]) for i in range(len(words) - order + 1)}
        for token in range(11):
            repeats = (*words[len(words) - order + 1 :], token) in seen
            excluded = repeats or token in NEVER_CHOSEN
            assert float(found[row, token]) == (-torch.inf if excluded else logits[row, token])


@every_search
def test_no_sequence_comes_twice(search, sources):
    model = livelier(small_model("rnn"))
    settings = {"no_repeat_ngram": 2, "max_length_extra": 25}
    for n_best in search_of(search, **settings)(model, *sources):
        for each in n_best:
            pairs = list(itertools.pairwise(each.tokens))
            assert len(set(pairs)) == len(pairs)


@every_search
def test_no_translation_is_shorter_than_the_least_length(search, sources):
    model = livelier(small_model("transformer"))
    with torch.no_grad():
        model.decoder.norm.weight.zero_()  # all tokens are as likely
    found = search_of(search, min_length=6)(model, *sources)
    assert all(len(each.tokens) >= 6 for n_best in found for each in n_best)


@every_search
def test_translations_begin_with_their_prefixes(search, sources):
    source, mask = sources
    model = livelier(small_model("transformer"))
    prefixes = [[], [4, 4, 4], [9], [5, 6], [7] * 30]
    found = search_of(search, no_repeat_ngram=1)(model, source, mask, prefixes)
    for (first, *_), prefix in zip(found, prefixes, strict=True):
        assert first.tokens[: len(prefix)] == prefix
        rest = first.tokens[len(prefix) :]
        assert END not in rest
    if search != "sampling":
        alone = search_of(search, no_repeat_ngram=1)(model, source[:1], mask[:1])
        assert found[0][0].tokens == alone[0][0].tokens


@pytest.mark.parametrize("vocabulary", [10_000, 9_999, 8_020])
@pytest.mark.parametrize("count", [1, 2, 10])
def test_top_tokens_equal_topk(vocabulary, count):
    logits = torch.randn(12, vocabulary)
    logits[3, 17] = logits[3].max() + 1
    logits[4, vocabulary - 1] = logits[4].max() + 1
    logits[5] = -torch.inf
    logits[5, 40] = 0.0
    values, tokens = top_tokens(logits, count)
    torch.testing.assert_close(values, logits.topk(count).values)
    torch.testing.assert_close(logits.gather(1, tokens), values)
    assert all(len(set(row)) == count for row in tokens.tolist())
