"""Vocabularies of whole words and with rules for text, by hand and against plain Python."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.reading.lines import normalise
from attnlab.data.subword_regularization import BpeDropout
from attnlab.data.tokens import END, UNKNOWN
from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.data.words import group_pieces
from attnlab.support.errors import UsageError
from tests.conftest import shared_data, vocabulary_config

FRENCH = [
    "Va\u202f!",
    "Il a perdu, lui.",
    "il a gagné, Élise.",
    "Où va-t-il ? Va !",
    "Élise, va !",
]
ENGLISH = ["Go!", "He lost, he did.", "Did he go? He did!", "Go home, he lost."]


def as_the_book(text):
    """Section 10.5: small letters, plain spaces, and a space before each of , . ! and ?.

    The book knows two kinds of odd spaces; Python's `split` knows all.
    """
    return re.sub(r"(?=[,.!?])", " ", text.lower()).split()


def words_of(sentences, **changes):
    chosen = {
        "size": 500,
        "model": "word",
        "minimum_frequency": 2,
        "lowercase": True,
        "split_punctuation": True,
    }
    return Vocabulary.train(sentences, vocabulary_config("separate", **chosen | changes))


def words_in(vocabulary):
    return {piece.removeprefix("▁") for piece in vocabulary.pieces(range(END + 1, len(vocabulary)))}


def test_the_words_are_those_that_the_book_counts():
    counts = Counter(word for text in FRENCH for word in as_the_book(text))
    for least in (1, 2, 3):
        frequent = {word for word, count in counts.items() if count >= least}
        assert words_in(words_of(FRENCH, minimum_frequency=least)) == frequent


def test_size_bounds_the_words_to_the_most_frequent():
    counts = Counter(word for text in FRENCH for word in as_the_book(text))
    found = words_in(words_of(FRENCH, minimum_frequency=1, size=4 + 5))
    assert len(found) == 5
    assert min(counts[word] for word in found) >= sorted(counts.values())[-5]


def test_each_unknown_word_is_one_token_and_one_word_of_a_heatmap():
    vocabulary = words_of(FRENCH)
    ids = vocabulary.encode("Marie dort, Élise va !")
    assert vocabulary.pieces(ids) == ["▁<unk>", "▁<unk>", "▁,", "▁élise", "▁va", "▁!"]
    assert ids[:2] == [UNKNOWN, UNKNOWN]
    assert len(group_pieces(vocabulary.pieces(ids))) == 6
    assert vocabulary.encode_many(FRENCH) == [vocabulary.encode(text) for text in FRENCH]


def test_marks_are_joined_again_where_the_language_joins_them():
    french, english = words_of(FRENCH), words_of(ENGLISH)
    assert french.decode(french.encode("Élise, va !")) == "élise, va !"
    assert english.decode(english.encode("He lost, he did!")) == "he lost, he did!"


def test_pieces_are_found_in_the_text_as_it_was_written():
    vocabulary, text = words_of(FRENCH), "Marie dort, ÉLISE va\u202f!"
    spans = vocabulary.locate([*vocabulary.pieces(vocabulary.encode(text)), "</s>"], text)
    found = [text[start:stop].strip(" \u202f") for start, stop in spans]
    assert found == ["Marie", "dort", ",", "ÉLISE", "va", "!", ""]


@pytest.mark.parametrize("model", ["bpe", "unigram", "word"])
def test_a_saved_vocabulary_does_the_same_and_training_it_again_gives_it_again(model, tmp_path):
    least = 2 if model == "word" else 1
    vocabulary = words_of(FRENCH, model=model, size=45, minimum_frequency=least)
    VocabularyPair(vocabulary, vocabulary).save(tmp_path)
    again = VocabularyPair.load(tmp_path).source
    assert again.encode_many(FRENCH) == vocabulary.encode_many(FRENCH)
    assert again.rewritten("Va\u202f!") == "va !"
    trained_again = words_of(FRENCH, model=model, size=45, minimum_frequency=least)
    assert trained_again.model == vocabulary.model


def test_pieces_of_rewritten_text_spell_it_and_are_cut_at_random_alike():
    vocabulary = words_of(FRENCH, model="bpe", size=45, minimum_frequency=1)
    for text in FRENCH:
        spelt = "".join(vocabulary.pieces(vocabulary.encode(text))).replace("▁", " ").split()
        assert spelt == as_the_book(text)
    rewritten = [vocabulary.rewritten(text) for text in FRENCH]
    ids, counts = BpeDropout(vocabulary, 0.0).draw(rewritten, np.random.default_rng(1))
    assert ids.tolist() == [each for row in vocabulary.encode_many(FRENCH) for each in row]
    assert counts.tolist() == list(map(len, vocabulary.encode_many(FRENCH)))


VOCABULARY = words_of(FRENCH)


@given(st.text(st.sampled_from("aZéÉ ,.!?\u202f\u00a0'-09"), max_size=30))
def test_any_text_is_rewritten_as_the_book_does_it(text):
    text = normalise(text)
    if not as_the_book(text):
        assert VOCABULARY.encode(text) == []
        return
    assert VOCABULARY.rewritten(text).split() == as_the_book(text)
    spans = VOCABULARY.locate(VOCABULARY.pieces(VOCABULARY.encode(text)), text)
    assert len(spans) == len(as_the_book(text))
    for (start, stop), word in zip(spans, as_the_book(text), strict=True):
        assert text[start:stop].strip(" \u202f\u00a0").lower() == word


def test_the_first_pairs_of_tatoeba_have_the_vocabulary_that_plain_counting_gives():
    rows = (shared_data("tatoeba") / "fra.txt").read_text(encoding="utf-8").split("\n")[:512]
    for column in (0, 1):
        texts = [normalise(row.split("\t")[column]) for row in rows]
        counts = Counter(word for text in texts for word in as_the_book(text))
        assert words_in(words_of(texts)) == {word for word, count in counts.items() if count >= 2}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "bpe", "minimum_frequency": 2}, "minimum_frequency=2 counts whole words"),
        ({"model": "word", "sampling": {"source": 0.1}}, "vocabulary.model=word cuts none"),
    ],
)
def test_what_is_refused(changes, message):
    with pytest.raises(UsageError, match=message):
        vocabulary_config("separate", **changes)
