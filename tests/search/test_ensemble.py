"""Ensembles of models of any kind."""

import pytest
import torch

from attnlab.data.tokens import BEGIN, END
from attnlab.models import VocabularySizes
from attnlab.search.ensemble import Ensemble
from tests.conftest import small_model
from tests.search.searching import livelier, search_of

SIZES = VocabularySizes(source=19, target=23, shared=False)


def models():
    return [livelier(small_model(name, vocabulary=SIZES)) for name in ("bahdanau", "transformer")]


@pytest.mark.parametrize("search", ["greedy", "beam"])
def test_an_ensemble_of_one_is_the_model(search, sources):
    model, _ = models()
    alone, ensemble = (search_of(search)(each, *sources) for each in (model, Ensemble([model])))
    assert [each[0].tokens for each in ensemble] == [each[0].tokens for each in alone]


@torch.no_grad()
def test_probabilities_are_averaged(sources):
    source, mask = sources
    both = models()
    found = search_of("beam", beam_size=3)(Ensemble(both), source, mask)
    for row, (best, *_) in enumerate(found):
        target = torch.tensor([[BEGIN, *best.tokens]])
        one = source[row : row + 1], mask[row : row + 1]
        probabilities = sum(
            model.decode(target, model.encode(*one))[0][0].softmax(-1) for model in both
        )
        steps = (probabilities / 2).log()
        is_cut = len(best.tokens) == int(1.5 * int(mask[row].sum())) + 10
        ended = best.tokens if is_cut else [*best.tokens, END]
        expected = sum(float(steps[i, token]) for i, token in enumerate(ended))
        assert best.log_probability == pytest.approx(expected, rel=1e-4)
