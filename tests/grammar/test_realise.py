"""Words next to each other: elision, contraction, a and an, typography."""

import itertools

import pytest

from attnlab.grammar import Pair, tokenise_french
from attnlab.grammar.inflection import begins_with_vowel
from attnlab.grammar.words import english_text, english_words, french_text, french_words, words


@pytest.mark.parametrize(
    ("spelt_out", "printed"),
    [
        ("je ne le ai pas", "je ne l'ai pas"),
        ("il parle de le arbre", "il parle de l'arbre"),
        ("il va à le marché", "il va au marché"),
        ("elle parle de les amis", "elle parle des amis"),
        ("le héros que il voit", "le héros qu'il voit"),
        ("à onze heures", "à onze heures"),
        ("parle -t-il ?", "parle-t-il\u202f?"),
    ],
)
def test_elision_contraction_typography(spelt_out: str, printed: str) -> None:
    assert french_text(french_words(words(spelt_out))) == printed


def test_no_unelided_or_uncontracted_word(sample: list[Pair]) -> None:
    for pair in sample:
        tokens = tokenise_french(pair.french)
        for one, other in itertools.pairwise(tokens):
            if one.lower() in ("je", "ne", "de", "le", "la", "me", "te", "que", "ma", "ta", "sa"):
                assert not other[0].isalpha() or not begins_with_vowel(other), pair.french
            if one in ("à", "de") and "modal" not in pair.tags:
                # After a modal, le may be a pronoun: il refuse de le finir.
                assert other not in ("le", "les"), pair.french


@pytest.mark.parametrize(
    ("spelt_out", "printed"),
    [
        ("a apple", "an apple"),
        ("a useful hour", "a useful hour"),
        ("a honest man", "an honest man"),
        ("a other hat", "another hat"),
        ("they can not swim", "they cannot swim"),
    ],
)
def test_english_sandhi(spelt_out: str, printed: str) -> None:
    assert english_text(english_words(words(spelt_out))) == printed
