"""fast_align through its package: small texts whose alignment is plain, and odd ones."""

import random

import pytest

from attnlab.evaluation.alignment import align, aligner_missing

needs_aligner = pytest.mark.skipif(
    aligner_missing() is not None, reason=f"fast_align is {aligner_missing()}"
)

WORDS = {f"word{number}": f"mot{number}" for number in range(40)}


def sentences(count):
    """Words, their translations in whatever order, and the links."""
    generator = random.Random(1)
    for _ in range(count):
        source = generator.sample(list(WORDS), generator.randint(2, 5))
        order = generator.sample(range(len(source)), len(source))
        links = {(place, where) for where, place in enumerate(order)}
        yield (source, [WORDS[source[place]] for place in order]), links


TRAINING = [pair for pair, _ in sentences(400)]


@needs_aligner
def test_words_that_always_meet_are_linked_wherever_they_stand():
    found = align([(["Word3", "WORD1", "word5"], ["MOT5", "Mot1", "mot3"])], TRAINING)
    assert found == [{(0, 2), (1, 1), (2, 0)}]  # capitals make no other words


@needs_aligner
def test_what_is_aligned_is_learnt_from_too():
    assert align(TRAINING, []) == [links for _, links in sentences(400)]


@needs_aligner
def test_odd_sentences_keep_their_places():
    pairs = [([], ["mot1"]), (["word1"], []), (["|||", "word2"], ["|||", "mot2"]), TRAINING[0]]
    links = align(pairs, TRAINING)
    assert links[:2] == [frozenset(), frozenset()]
    assert links[2] == {(0, 0), (1, 1)}
    assert links[3] == next(sentences(1))[1]
    assert align([([], [])], []) == [frozenset()]


@needs_aligner
def test_a_no_break_space_does_not_cut_a_token():
    # Nor does it crash on characters outside the alphabet.
    links = align([(["10\u202f000", "word2"], ["10\u202f000", "mot2"])], TRAINING)
    assert links == [{(0, 0), (1, 1)}]
