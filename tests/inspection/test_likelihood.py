"""How likely a given translation is, against one step at a time."""

import math

import pytest
import torch

from attnlab.data.pairs import SentencePair
from attnlab.data.tokens import BEGIN, END
from attnlab.data.vocabulary import VocabularyPair
from attnlab.inspection.forced import log_likelihoods
from attnlab.models import VocabularySizes
from tests.conftest import small_model, vocabulary_config

PAIRS = [
    SentencePair(f"the {animal} number {n} sleeps .", f"le {animal} numéro {n} dort\u202f!")
    for animal in ("cat", "dog", "hen")
    for n in range(20)
]
FAMILIES = ["rnn", "bahdanau", "transformer"]


@pytest.fixture(scope="module")
def vocabulary():
    return VocabularyPair.train(
        PAIRS,
        vocabulary_config(size=60, sample_pairs=None),
    )


def model_of(name, vocabulary):
    size = len(vocabulary.source)
    return small_model(name, vocabulary=VocabularySizes(source=size, target=size, shared=True))


@pytest.mark.parametrize("name", FAMILIES)
def test_equals_the_sum_over_single_steps(name, vocabulary):
    model = model_of(name, vocabulary)
    pair = PAIRS[7]
    source = torch.tensor([*vocabulary.source.encode_many([pair.source])[0], END]).unsqueeze(0)
    target = [*vocabulary.target.encode_many([pair.target])[0], END]
    state = model.encode(source, torch.ones_like(source, dtype=torch.bool))
    total, read = 0.0, BEGIN
    for token in target:
        logits, state = model.decode(torch.tensor([[read]]), state)
        total += math.log(logits[0, -1].softmax(-1)[token].item())
        read = token
    (found,) = log_likelihoods(model, vocabulary, [(pair.source, pair.target)], 64)
    assert found == pytest.approx(total, rel=1e-5)
    assert found < 0
    assert math.isfinite(found)


@pytest.mark.parametrize("name", FAMILIES)
def test_order_and_company_change_nothing(name, vocabulary):
    model = model_of(name, vocabulary).train()
    pairs = [
        (one.source, other.target) for one, other in zip(PAIRS[:9], PAIRS[9:0:-1], strict=True)
    ] * 2
    together = log_likelihoods(model, vocabulary, pairs, 90)
    alone = [log_likelihoods(model, vocabulary, [pair], 1)[0] for pair in pairs]
    assert together == pytest.approx(alone, rel=1e-5)
    assert model.training, "left as it was found"
    assert log_likelihoods(model, vocabulary, [], 90) == []
