"""No sentence says a word twice or contradicts itself."""

import pytest

from attnlab.grammar import Pair, tokenise_english
from attnlab.grammar.lexicon import nouns
from attnlab.grammar.predicates import sensible
from attnlab.grammar.words import Both, words


@pytest.mark.parametrize(
    ("english", "allowed"),
    [
        ("the small dog that he fed is black", True),
        ("the happy man who was happy is here", False),
        ("the hot soup is cold", False),
        ("the book is as long as the books", False),
        ("the red dress is expensive", True),
    ],
)
def test_sensible(english: str, allowed: bool) -> None:
    phrase = Both(english=words(english), french=words("x", tags="attribute"))
    assert sensible(phrase) == allowed


def test_no_noun_comes_twice(sample: list[Pair]) -> None:
    forms = {form: noun for noun in nouns() for form in (noun.english, noun.english_plural)}
    for pair in sample:
        found = [forms[token] for token in tokenise_english(pair.english) if token in forms]
        assert len(found) == len(set(found)), pair.english


def test_prices_are_plausible(rows: dict[str, list[list[str]]]) -> None:
    """No jacket for thousands, no car for nothing."""
    checked = 0
    for name in ("train", "valid", "test"):
        for english, *_ in rows[name]:
            tokens = tokenise_english(english)
            if tokens[-2:-1] == ["euros"] and tokens[-3].isdigit():
                amount = int(tokens[-3])
                if {"jacket", "hat", "shoe", "dress"} & set(tokens):
                    assert amount <= 250, english
                    checked += 1
                if {"car", "boat", "lorry"} & set(tokens):
                    assert amount >= 2400, english
                    checked += 1
    assert checked > 20
