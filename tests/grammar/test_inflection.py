"""Forms of single words, by what a grammar book says."""

import pytest

from attnlab.grammar.inflection import (
    agreeing_participle,
    conjugate,
    english_verb,
    feminine,
    french_plural,
)


@pytest.mark.parametrize(
    ("infinitive", "tense", "forms"),
    [
        ("manger", "present", "mange manges mange mangeons mangez mangent"),
        ("commencer", "imperfect", "commençais commençais commençait commencions commenciez "
                                   "commençaient"),
        ("acheter", "future", "achèterai achèteras achètera achèterons achèterez achèteront"),
        ("préférer", "present", "préfère préfères préfère préférons préférez préfèrent"),
        ("nettoyer", "conditional", "nettoierais nettoierais nettoierait nettoierions "
                                    "nettoieriez nettoieraient"),
        ("finir", "imperfect", "finissais finissais finissait finissions finissiez finissaient"),
        ("répondre", "present", "réponds réponds répond répondons répondez répondent"),
        ("comprendre", "present", "comprends comprends comprend comprenons comprenez "
                                  "comprennent"),
        ("être", "imperfect", "étais étais était étions étiez étaient"),
        ("aller", "future", "irai iras ira irons irez iront"),
        ("construire", "present", "construis construis construit construisons construisez "
                                  "construisent"),
        ("offrir", "present", "offre offres offre offrons offrez offrent"),
    ],
)  # fmt: skip
def test_conjugation(infinitive: str, tense: str, forms: str) -> None:
    verb = conjugate(infinitive)
    assert [verb.form(tense, person) for person in range(6)] == forms.split()


@pytest.mark.parametrize(
    ("infinitive", "participle"),
    [("ouvrir", "ouverts"), ("mettre", "mis"), ("écrire", "écrits"), ("perdre", "perdus"),
     ("peindre", "peints"), ("naître", "nés"), ("devoir", "dus")],
)  # fmt: skip
def test_participles_agree(infinitive: str, participle: str) -> None:
    assert agreeing_participle(conjugate(infinitive).participle, "m", True) == participle


@pytest.mark.parametrize(
    ("masculine", "expected"),
    [("beau", "belle"), ("heureux", "heureuse"), ("léger", "légère"), ("italien", "italienne"),
     ("frais", "fraîche"), ("gris", "grise"), ("facile", "facile"), ("gentil", "gentille"),
     ("jaloux", "jalouse")],
)  # fmt: skip
def test_feminines(masculine: str, expected: str) -> None:
    assert feminine(masculine) == expected


@pytest.mark.parametrize(
    ("singular", "plural"),
    [("cheval", "chevaux"), ("gâteau", "gâteaux"), ("souris", "souris"), ("bleu", "bleus"),
     ("pomme de terre", "pommes de terre"), ("œil", "yeux"), ("jus", "jus")],
)  # fmt: skip
def test_plurals(singular: str, plural: str) -> None:
    assert french_plural(singular) == plural


def test_english_verbs() -> None:
    assert english_verb("carry", "third") == "carries"
    assert english_verb("write", "participle") == "written"
    assert english_verb("swim", "ing") == "swimming"
    assert english_verb("lie", "ing") == "lying"
    assert english_verb("prepare", "ing") == "preparing"
    assert english_verb("play", "past") == "played"
