"""The links: complete, in range, and right where it is known what must be linked."""

from random import Random

import pytest

from attnlab.grammar import SIZES, Pair, sentence_pair, tokenise_english, tokenise_french
from attnlab.grammar.sentences import KINDS, of_kind


def test_every_word_is_linked(sample: list[Pair]) -> None:
    for pair in sample:
        linked = {source for source, _ in pair.links}, {target for _, target in pair.links}
        assert linked[0] == set(range(len(tokenise_english(pair.english)))), pair
        assert linked[1] == set(range(len(tokenise_french(pair.french)))), pair


@pytest.mark.parametrize("name", list(SIZES))
def test_every_word_of_the_files_is_linked(rows: dict[str, list[list[str]]], name: str) -> None:
    for english, french, links, *_ in rows[name]:
        ends = [tuple(map(int, link.split("-"))) for link in links.split()]
        assert {source for source, _ in ends} == set(range(len(tokenise_english(english))))
        assert {target for _, target in ends} == set(range(len(tokenise_french(french))))


def test_names_are_linked_with_themselves(sample: list[Pair]) -> None:
    seen = 0
    for pair in sample:
        english, french = tokenise_english(pair.english), tokenise_french(pair.french)
        links = set(pair.links)
        for source, token in enumerate(english[1:], 1):
            if token in ("Anna", "Hugo", "Paul") and french.count(token) == 1:
                seen += 1
                assert (source, french.index(token)) in links
    assert seen > 50


@pytest.mark.parametrize("kind", list(KINDS))
def test_english_decides_the_french(kind: str) -> None:
    """One English sentence never comes with two French ones."""
    rng = Random(11)
    translations: dict[str, str] = {}
    for _ in range(400):
        pair = sentence_pair(of_kind(kind, rng))
        assert translations.setdefault(pair.english, pair.french) == pair.french


@pytest.mark.parametrize(
    ("kind", "english", "french", "links"),
    [
        # I miss you: who is missed is the French subject.
        ("missing", "I miss you .", "Tu me manques .", "0-1 1-2 2-0 3-3"),
        ("missing", "We miss him .", "Il nous manque .", "0-1 1-2 2-0 3-3"),
        ("missing", "She misses us .", "Nous lui manquons .", "0-1 1-2 2-0 3-3"),
    ],
)  # fmt: skip
def test_idiom_of_crossed_roles(kind: str, english: str, french: str, links: str) -> None:
    rng = Random(2)
    found = (sentence_pair(of_kind(kind, rng)) for _ in range(4000))
    pair = next(pair for pair in found if tokenise_english(pair.english) == english.split())
    assert tokenise_french(pair.french) == french.split()
    assert " ".join(f"{source}-{target}" for source, target in pair.links) == links


@pytest.mark.parametrize(
    ("kind", "pronoun", "english"),
    [("there", "y", {"there"}), ("of them", "en", {"of", "them"})],
)
def test_y_and_en_are_linked_with_what_they_stand_for(
    kind: str, pronoun: str, english: set[str]
) -> None:
    rng = Random(4)
    for pair in (sentence_pair(of_kind(kind, rng)) for _ in range(200)):
        if "ago" in pair.english:  # il y a deux jours has a y of its own
            continue
        sources, targets = tokenise_english(pair.english), tokenise_french(pair.french)
        linked = {sources[one] for one, other in pair.links if targets[other].lower() == pronoun}
        assert linked == english, pair
