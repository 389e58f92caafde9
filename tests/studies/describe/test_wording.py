"""Alignments in words, and characters that a terminal does not show."""

from attnlab.data.pairs import SentencePair
from attnlab.studies.describe.wording import links_in_words, printable


def test_links_in_words():
    source = ["She", "did", "not", "see", "it", "."]
    target = ["elle", "ne", "l'", "a", "pas", "vu", "."]
    alignment = "0-0 1-3 2-1 2-4 3-5 4-2 5-6"
    pair = SentencePair(" ".join(source), " ".join(target), alignment)
    assert links_in_words(pair, source, target) == (
        "She–elle  did–a  not–ne … pas  see–vu  it–l'  .–."
    )


def test_words_that_hang_together_are_one_group():
    pair = SentencePair("a b c", "x y z", "0-0 1-1 2-2 2-0 1-0")
    assert links_in_words(pair, list("abc"), list("xyz")) == "a b c–x y z"


def test_links_to_words_that_are_not_there_are_not_shown():
    pair = SentencePair("a b", "x", "0-0 1-1")
    assert links_in_words(pair, ["a", "b"], ["x"]) == ""
    assert links_in_words(SentencePair("a", "x"), ["a"], ["x"]) == ""


def test_printable():
    assert printable("Va\u202f! 10\u00a0€") == "Va\u202f! 10\u00a0€"
    assert printable("a\u001b[31mb\u200b") == "a<U+001B>[31mb<U+200B>"
