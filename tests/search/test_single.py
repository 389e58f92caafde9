"""Sampling several translations, and from the nucleus."""

import math

import pytest
import torch

from attnlab.models.interface import evaluation_mode
from attnlab.search.single import _nucleus
from tests.conftest import small_model
from tests.search.searching import livelier, log_probability, search_of


def test_the_nucleus_is_the_fewest_tokens_of_that_share():
    """Holtzman et al. 2020: by hand."""
    probabilities = torch.tensor([[0.1, 0.5, 0.3, 0.1], [0.97, 0.01, 0.01, 0.01]])
    found = _nucleus(probabilities, 0.75)
    torch.testing.assert_close(found, torch.tensor([[0, 0.5, 0.3, 0], [0.97, 0, 0, 0]]))


def test_several_samples_of_a_sentence(sources):
    source, mask = sources
    model = livelier(small_model("transformer"), 1.5)
    found = search_of("sampling", n_best=4, top_p=0.9)(model, source, mask)
    assert [len(each) for each in found] == [4] * 5
    assert len({tuple(each.tokens) for each in found[2]}) > 1
    for row, n_best in enumerate(found):
        numbers = [each.log_probability for each in n_best]
        assert numbers == sorted(numbers, reverse=True)
        limit = int(1.5 * int(mask[row].sum())) + 10
        for each in n_best:
            if len(each.tokens) < limit:
                one = source[row : row + 1], mask[row : row + 1]
                assert each.log_probability == pytest.approx(
                    log_probability(model, *one, each.tokens), rel=1e-4
                )


def test_greedy_without_scores_finds_the_same(sources):
    model = livelier(small_model("transformer"))
    scored, unscored = (
        search_of("greedy")(model, *sources, scored=scored) for scored in (True, False)
    )
    assert [each.tokens for (each,) in unscored] == [each.tokens for (each,) in scored]
    assert all(math.isnan(each.log_probability) for (each,) in unscored)


def test_the_output_projection_follows_the_weights():
    model = small_model("rnn").float()
    features = torch.randn(3, model.output.in_features)
    for _ in range(2):
        with torch.no_grad():
            torch.testing.assert_close(model.output_step(features), model.output(features))
            model.output.weight.mul_(2.0)
    model.output.weight.data = torch.randn_like(model.output.weight)
    with torch.no_grad():
        torch.testing.assert_close(model.output_step(features), model.output(features))
    # A fused step leaves the version of the weights as it was.
    optimiser = torch.optim.Adam(model.parameters(), lr=0.1, fused=True)
    model.train()
    for _ in range(2):
        with evaluation_mode(model):
            torch.testing.assert_close(model.output_step(features), model.output(features))
        model.output(features).sum().backward()
        optimiser.step()
