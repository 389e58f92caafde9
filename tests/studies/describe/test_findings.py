"""Suspicious characters and pairs, each kind planted."""

import pytest

from attnlab.data.pairs import SentencePair
from attnlab.data.reading.lines import normalise
from attnlab.studies.describe.findings import (
    CHARACTER_FAULTS,
    find_characters,
    is_unequal,
    is_untranslated,
)

FINE = SentencePair(
    "The café of Âge d'or.",
    "« À l'été », dit-il\u00a0: «\u202fŒuvre, maïs, 10\u00a0000 € – oui…\u202f»",
)


def misread(text: str, encoding: str) -> str:
    """UTF-8 read as another encoding: how such text comes about, then as attnlab reads it."""
    return normalise(text.encode().decode(encoding, errors="ignore"))


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
@pytest.mark.parametrize(
    "text", ["été", "français", "garçon", "œuvre", "l’eau", "«", "où", "À", "…"]
)
def test_utf8_read_as_another_encoding(text, encoding):
    found = find_characters([SentencePair("It.", misread(text, encoding))])
    assert set(found) & {"mixed_encodings", "control"}


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("caf\ufffd", "replaced", "\ufffd"),
        ("bell\u0007", "control", "\u0007"),
        ("next\u0085line", "control", "\u0085"),
        ("franÃ§ais", "mixed_encodings", "Ã§"),
        ("zero\u200bwidth", "invisible", "\u200b"),
        ("soft\u00adhyphen", "invisible", "\u00ad"),
        ("\ufeffmark", "invisible", "\ufeff"),
        ("Smith &amp; Wesson", "escaped", "&amp;"),
        ("it&#39;s", "escaped", "&#39;"),
    ],
)
def test_each_kind_of_character(text, kind, reason):
    pair = SentencePair(text, "Bien.")
    found = find_characters([FINE, pair, SentencePair("So.", f"{text} {text}")])
    assert list(found) == [kind]
    assert kind in CHARACTER_FAULTS
    pairs, texts = found[kind]
    assert len(pairs) == 2, "pairs, not characters"
    assert pairs[0] == pair
    assert texts == {reason: 3}


def test_french_typography_is_fine():
    assert find_characters([FINE] * 3) == {}


@pytest.mark.parametrize(
    ("source_words", "target_words", "unequal"),
    [(10, 1, False), (11, 1, True), (12, 4, False), (13, 4, True), (4, 13, True), (60, 20, False)],
)
def test_unequal_lengths(source_words, target_words, unequal):
    pair = SentencePair(" ".join("a" * source_words), " ".join("b" * target_words))
    assert is_unequal(pair) is unequal


def test_untranslated():
    assert is_untranslated(SentencePair("Taxi", "Taxi"))
    assert not is_untranslated(SentencePair("Taxi", "taxi"))
