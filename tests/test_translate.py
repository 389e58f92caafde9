"""Text to text, with a real vocabulary: order, empty lines, normalisation."""

import pytest
import torch

from attnlab.data.pairs import SentencePair
from attnlab.data.reading.lines import normalise
from attnlab.data.vocabulary import VocabularyPair
from attnlab.models import VocabularySizes
from attnlab.search import SEARCHES
from attnlab.support.errors import UsageError
from attnlab.translate import Translator
from tests.conftest import shipped_values, small_model, vocabulary_config

PAIRS = [
    SentencePair(f"the {animal} number {n} sleeps .", f"le {animal} numéro {n} dort\u202f!")
    for animal in ("cat", "dog", "hen")
    for n in range(20)
]


@pytest.fixture(scope="module")
def vocabulary():
    return VocabularyPair.train(
        PAIRS,
        vocabulary_config(size=60, sample_pairs=None),
    )


def translator_of(name, vocabulary, batch_tokens=64):
    size = len(vocabulary.source)
    sizes = VocabularySizes(source=size, target=size, shared=True)
    search = SEARCHES.build(SEARCHES.config("greedy")(**shipped_values("search", "greedy")))
    torch.manual_seed(1)
    return Translator(small_model(name, vocabulary=sizes), vocabulary, search, batch_tokens)


@pytest.mark.parametrize("name", ["rnn", "bahdanau", "transformer"])
def test_each_line_has_its_own_translation_whatever_the_batch(name, vocabulary):
    sentences = [pair.source for pair in PAIRS[::7]]
    sentences.insert(2, "")
    sentences.insert(5, " \t ")
    found = translator_of(name, vocabulary).translate(sentences)
    assert [each.source for each in found] == [normalise(sentence) for sentence in sentences]
    assert found[2].text == found[5].text == ""
    alone = translator_of(name, vocabulary, batch_tokens=1)
    for sentence, translation in zip(sentences, found, strict=True):
        assert alone.translate([sentence])[0].text == translation.text


def test_progress_counts_every_sentence_that_is_translated(vocabulary):
    reported = []
    translator_of("rnn", vocabulary).translate([pair.source for pair in PAIRS], reported.append)
    assert sum(reported) == len(PAIRS)
    assert len(reported) > 1


def test_typing_habits_do_not_matter(vocabulary):
    translator = translator_of("rnn", vocabulary)
    plain, curly = translator.translate(["the cat's", "  the   cat’s "])
    assert plain == curly


def test_nothing_to_translate(vocabulary):
    assert translator_of("rnn", vocabulary).translate([]) == []


@pytest.mark.parametrize("name", ["rnn", "bahdanau", "transformer", "convolutional"])
def test_translations_begin_with_a_prefix(name, vocabulary):
    translator = translator_of(name, vocabulary)
    sentences = [pair.source for pair in PAIRS[:30:7]]
    forced = translator.translate(sentences, prefix=" le  hen ")
    begun = vocabulary.target.encode("le hen")
    assert all(each.target_tokens[: len(begun)] == begun for each in forced)
    assert all(each.text.startswith("le hen") for each in forced)
    with pytest.raises(UsageError, match="lacks a character"):
        translator.translate(sentences, prefix="le \N{SNOWMAN}")
