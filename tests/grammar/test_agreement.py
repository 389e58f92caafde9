"""Everything that French agrees on: determiner, adjective, participle, verb and pronoun.

What is checked here is the printed sentence; of the grammar it knows only each noun's gender.
"""

import itertools
import re
from random import Random

import pytest

from attnlab.grammar import Pair, tokenise_french
from attnlab.grammar.content import described
from attnlab.grammar.inflection import agreeing, begins_with_vowel
from attnlab.grammar.lexicon import MEN, WOMEN, adjectives, nouns, rare_nouns
from attnlab.grammar.words import french_words

ALL_NOUNS = (*nouns(), *(noun for noun, _ in rare_nouns()))
# One French word and its gender and number; what looks alike in both numbers is left out.
GENDERS = {noun.french: (noun.gender, False) for noun in ALL_NOUNS
           if noun.french_plural != noun.french}  # fmt: skip
GENDERS |= {noun.french_plural: (noun.gender, True) for noun in ALL_NOUNS
            if noun.french_plural != noun.french}  # fmt: skip

DETERMINERS = {
    ("m", False): {"le", "un", "ce", "cet", "mon", "ton", "son", "notre", "leur", "du", "l'",
                   "de"},
    ("f", False): {"la", "une", "cette", "ma", "ta", "sa", "mon", "ton", "son", "notre", "leur",
                   "de", "l'"},
    ("m", True): {"les", "des", "de", "d'", "ces", "mes", "tes", "ses", "nos", "leurs"},
    ("f", True): {"les", "des", "de", "d'", "ces", "mes", "tes", "ses", "nos", "leurs"},
}  # fmt: skip
QUANTITIES = {"beaucoup", "plusieurs"}


def test_determiner_and_adjectives_agree_with_their_noun() -> None:
    rng = Random(3)
    adjectives_seen = 0
    for noun in nouns() * 12:
        phrase = described(rng, noun, 0.8)
        expected = noun.french_plural if phrase.plural else noun.french
        spelt = french_words(phrase.french)
        tokens = [part.text for part in spelt]
        assert expected in " ".join(tokens)
        first = tokens[0]
        number_word = any("number" in part.tags for part in spelt)
        if first not in QUANTITIES and not number_word:
            assert first in DETERMINERS[noun.gender, phrase.plural], tokens
        for part in phrase.french:
            if "adjective" in part.tags and part.text not in ("bon", "marché"):
                adjectives_seen += 1
                assert part.text in _agreeing_forms(noun.gender, phrase.plural), tokens
    assert adjectives_seen > 300


def _agreeing_forms(gender: str, plural: bool) -> set[str]:
    return {agreeing(adjective.french, gender, plural) for adjective in adjectives()}


CLITICS = {"ne", "n'", "me", "m'", "te", "t'", "se", "s'", "nous"}
CLITICS |= {"le", "la", "l'", "les", "lui", "leur", "y", "en"}


def test_finite_verb_agrees_with_pronoun_subject(sample: list[Pair]) -> None:
    """Each pronoun is followed, past ne and the clitics, by a form of its own person."""
    checked = 0
    endings = {"je": "sxai", "j'": "esxai", "tu": "sx", "nous": "s", "ils": "t", "elles": "t"}
    for pair in sample:
        tokens = [token.lower() for token in tokenise_french(pair.french)]
        if tokens[0] not in endings or "question" in pair.tags:
            continue
        rest = itertools.dropwhile(CLITICS.__contains__, tokens[1:])
        finite = next(rest)
        allowed = endings[tokens[0]] + ("e" if tokens[0] == "je" else "")
        assert finite[-1] in allowed, pair.french
        checked += 1
    assert checked > 300


def test_participle_agrees_with_the_relative_antecedent(lines: list[str]) -> None:
    """Les lettres qu'Anna a écrites: the participle ends as the noun's gender and number ask."""
    checked = 0
    subject = r"(?:j'|(?:il|elle|tu|nous|ils|[A-Z]\w+) )"
    having = r"(?:ai|as|a|avons|ont|avais|avait|avions|avaient) (?:déjà )?"
    pattern = rf"(?:Le|La|Les|L')\s?(\w+) qu(?:e |'){subject}{having}(\w+)"
    for found in _found(lines, pattern):
        # "que nous avons est légère": the verb is avoir itself, no participle follows.
        having_alone = found[2] in ("est", "sont", "était", "étaient", "ne", "n")
        if found[1] in GENDERS and not having_alone and not found[2].endswith("is"):
            assert _ends_as_asked(found[2], *GENDERS[found[1]]), found.string
            checked += 1
    assert checked > 150


def _found(lines: list[str], pattern: str) -> list[re.Match[str]]:
    return [found for line in lines for found in re.finditer(pattern, line)]


def _ends_as_asked(participle: str, gender: str, plural: bool) -> bool:
    """Say whether a participle ends in -e, -s or -es as gender and number ask."""
    if plural and not participle.endswith("s"):
        return False
    return participle.removesuffix("s").endswith("e") == (gender == "f")


@pytest.fixture(scope="module")
def lines(rows: dict[str, list[list[str]]]) -> list[str]:
    """The French sentences of train."""
    return [row[1] for row in rows["train"]]


NO_PARTICIPLE = r"(?!(?:tombé|allé|venu|resté|parti|sorti|rentré|arrivé|né|mort)e?s?\.)"


def test_attribute_agrees_with_its_subject(lines: list[str]) -> None:
    checked = 0
    subject = r"^(?:Les? |La |L'|C(?:e|et|ette|es) )(\w+)"
    being = r"(?:est|sont|était|étaient|sera|seront)"
    pattern = rf"{subject} {being} (?:très |trop |si )?{NO_PARTICIPLE}(\w+)\."
    for found in _found(lines, pattern):
        if found[1] in GENDERS:
            assert found[2] in _agreeing_forms(*GENDERS[found[1]]), found.string
            checked += 1
    assert checked > 40


def test_finite_verb_agrees_with_its_noun(lines: list[str]) -> None:
    """Les clés étaient, but la clé était: past adjectives too, with no relative between."""
    checked = 0
    singular = {"est", "était", "sera", "a", "avait", "aura", "va", "coûte", "coûtait"}
    plural = {"sont", "étaient", "seront", "ont", "avaient", "auront", "vont", "coûteront"}
    pattern = r"^(?:Les? |La |L'|C(?:e|et|ette|es) )(\w+) (?:n'|ne )?(\w+)"
    for found in _found(lines, pattern):
        if found[1] in GENDERS and found[2] in singular | plural:
            assert (found[2] in plural) == GENDERS[found[1]][1], found.string
            checked += 1
    assert checked > 150


def test_possessive_agrees_with_the_thing(lines: list[str]) -> None:
    checked = 0
    forms = r"\b([Mm]on|[Mm]a|[Mm]es|[Tt]on|[Tt]a|[Tt]es|[Ss]on|[Ss]a|[Ss]es|[Nn]os|[Ll]eurs)"
    for found in _found(lines, forms + r" (\w+)"):
        if found[2] not in GENDERS:
            continue
        gender, plural = GENDERS[found[2]]
        masculine = gender == "m" or begins_with_vowel(found[2])
        expected = ("es", "os", "eurs") if plural else ("on",) if masculine else ("a",)
        assert found[1][1:] in expected, found.string
        checked += 1
    assert checked > 200


def test_participle_with_etre_agrees_with_a_name(lines: list[str]) -> None:
    checked = 0
    going = r"(allée?|venue?|restée?|partie?|sortie?|rentrée?|arrivée?|tombée?|née?)\b"
    for found in _found(lines, rf"^([A-Z]\w+) (?:n')?est (?:pas |jamais |déjà )?{going}"):
        if found[1] not in WOMEN + MEN:
            continue
        assert _ends_as_asked(found[2], "f" if found[1] in WOMEN else "m", False), found.string
        checked += 1
    assert checked > 15


def test_participle_agrees_with_the_clitic_before_it(lines: list[str]) -> None:
    """Cette lettre ? Je l'ai envoyée: the pronoun in front hands on the gender of the topic."""
    checked = 0
    topic = r"^(?:\w+ |L')(\w+)\u202f\? .*\b(?:l'|les )(?:ai|as|a|avons|ont) (?:déjà |pas )?(\w+)"
    for found in _found(lines, topic):
        if found[1] in GENDERS and not found[2].endswith("is"):
            assert _ends_as_asked(found[2], *GENDERS[found[1]]), found.string
            checked += 1
    assert checked > 10


@pytest.mark.parametrize(
    ("subject", "own"),
    [("je", {"me", "m'"}), ("tu", {"te", "t'"}), ("nous", {"nous"}), ("il", {"se", "s'"}),
     ("elle", {"se", "s'"}), ("ils", {"se", "s'"})],
)  # fmt: skip
def test_reflexive_pronoun_agrees_with_its_subject(
    rows: dict[str, list[list[str]]], subject: str, own: set[str]
) -> None:
    checked = 0
    for _, french, _, tags, *_ in rows["train"]:
        tokens = [token.lower() for token in tokenise_french(french)]
        elsewhere = {"relative", "subordination", "coordination", "modal"} & set(tags.split(","))
        if (
            tokens[0] == subject
            and "reflexive" in tags.split(",")
            and not elsewhere | ({";"} & set(tokens))
        ):
            place = 2 if tokens[1] in ("ne", "n'") else 1
            assert tokens[place] in own, french
            checked += 1
    assert checked > 10


def test_de_and_a_stand_before_each_of_two(lines: list[str]) -> None:
    """Il manque à Nina et à Thomas."""
    both_named = 0
    for found in _found(lines, r"(?:manqu|pla[iî])\w* (?:pas )?à [A-Z]\w+ et (à )?[A-Z]"):
        assert found[1], found.string
        both_named += 1
    assert both_named > 3
