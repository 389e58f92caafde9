"""Next-token candidates against a softmax of logits decoded one token at a time."""

import numpy as np
import pytest
import torch

from attnlab.data.batching import EncodedPair
from attnlab.data.tokens import BEGIN, END
from attnlab.studies.explorer.job import next_tokens
from tests.conftest import small_model

PAIRS = [
    EncodedPair([5, 6, 7, 8], [4, 9]),
    EncodedPair([5], [7, 4, 11, 12, 13]),
    EncodedPair([4, 4], []),
]


@pytest.mark.parametrize("name", ["rnn", "bahdanau", "transformer"])
def test_of_steps_taken_one_by_one(name):
    model = small_model(name)
    found = next_tokens(model, PAIRS, count=3, batch_tokens=12)
    assert len(found) == len(PAIRS)
    for pair, following in zip(PAIRS, found, strict=True):
        source = torch.tensor([[*pair.source, END]])
        state = model.encode(source, torch.ones_like(source, dtype=torch.bool))
        np.testing.assert_array_equal(following.targets, [*pair.target, END])
        for step, token in enumerate([BEGIN, *pair.target]):
            logits, state = model.decode(torch.tensor([[token]]), state)
            scores = logits[0, 0].detach().numpy()
            probabilities = np.exp(scores) / np.exp(scores).sum()
            likeliest = np.argsort(-probabilities)[:3]
            np.testing.assert_array_equal(following.candidates[step], likeliest)
            np.testing.assert_allclose(
                following.probabilities[step], probabilities[likeliest], rtol=1e-5
            )
            own = probabilities[following.targets[step]]
            np.testing.assert_allclose(following.target_probabilities[step], own, rtol=1e-5)


def test_a_small_vocabulary_gives_all_that_it_has():
    (following,) = next_tokens(small_model("rnn"), PAIRS[:1], count=100)
    assert following.candidates.shape == (3, 23)
    np.testing.assert_allclose(following.probabilities.sum(1), 1, rtol=1e-5)


def test_the_model_stays_in_its_mode():
    model = small_model("transformer", dropout=0.5).train()
    once, again = (next_tokens(model, PAIRS)[0].probabilities for _ in range(2))
    assert model.training
    np.testing.assert_array_equal(once, again)  # no dropout while it reads
