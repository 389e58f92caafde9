"""Word dropout: words alone are dropped, as many as were asked for, and in training alone."""

import pytest
import torch

from attnlab.data.batching import EncodedPair, collate
from attnlab.data.tokens import END, UNKNOWN
from attnlab.models import MODELS
from attnlab.training.objective import Objective, total_cross_entropy
from attnlab.training.word_dropout import WordDropoutConfig, drop_words
from tests.conftest import objective_config, small_model

PAIRS = [EncodedPair([5 + n % 7] * (1 + n % 4), [6 + n % 5] * (1 + n % 3)) for n in range(3000)]
BATCH = collate(PAIRS)


def dropped(source=0.0, target_input=0.0):
    return drop_words(BATCH, WordDropoutConfig(source=source, target_input=target_input))


@pytest.mark.parametrize("side", ["source", "target_input"])
def test_the_expected_share_of_words_of_one_side_and_nothing_else(side):
    found = dropped(**{side: 0.3})
    before, after = getattr(BATCH, side), getattr(found, side)
    words = before > END
    is_dropped = before != after
    # the binomial's standard deviation is 0.0055 or less
    assert is_dropped[words].float().mean().item() == pytest.approx(0.3, abs=0.03)
    assert (after[is_dropped] == UNKNOWN).all()
    assert torch.equal(after[~words], before[~words]), "begin, end and padding stay"
    for name, tensor in vars(found).items():
        assert name == side or tensor is getattr(BATCH, name)


def test_each_occurrence_has_a_coin_of_its_own():
    sentences = dropped(source=0.5).source[BATCH.source_mask.sum(1) == 5][:, :4]
    some = (sentences == UNKNOWN).any(1) & (sentences != UNKNOWN).any(1)
    assert some.float().mean().item() == pytest.approx(1 - 2 / 2**4, abs=0.06)


def test_none_draws_no_random_number():
    before = torch.get_rng_state()
    dropped()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", list(MODELS))
@torch.no_grad()
def test_the_objective_drops_in_training_alone(name):
    model = small_model(name, dropout=0.0)
    batch = collate(PAIRS[:20])
    config = objective_config(word_dropout={"source": 0.4, "target_input": 0.4})
    objective = Objective(model, config)
    plain = total_cross_entropy(model, batch, config.label_smoothing)
    assert torch.equal(objective.eval()(batch, 0.5), plain)
    torch.manual_seed(3)
    found = objective.train()(batch, 0.5)
    torch.manual_seed(3)
    expected = total_cross_entropy(
        model, drop_words(batch, config.word_dropout), config.label_smoothing
    )
    assert torch.equal(found, expected)
    assert not torch.equal(found, plain)
