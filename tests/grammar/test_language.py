"""The built-in corpus: the files are what the grammar writes, and what it writes agrees."""

import itertools
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from attnlab.grammar import (
    SEED,
    SIZES,
    Pair,
    corpus,
    pairs,
    sentence_pair,
    tokenise_english,
    tokenise_french,
)
from attnlab.grammar.content import described
from attnlab.grammar.french_verbs import agreeing_participle, conjugate
from attnlab.grammar.inflection import (
    agreeing,
    begins_with_vowel,
    english_verb,
    feminine,
    french_plural,
)
from attnlab.grammar.lexicon_nouns import nouns
from attnlab.grammar.lexicon_rare import rare_nouns
from attnlab.grammar.realise import french_text, french_words
from attnlab.grammar.sentences import KINDS, of_kind
from attnlab.grammar.splits import held_out
from attnlab.grammar.words import words
from attnlab.resources import shipped_folder

DATA = shipped_folder("data")
NAMES = tuple(SIZES)
ORDINARY = ("train", "valid", "test")


@pytest.fixture(scope="module")
def splits() -> dict[str, list[Pair]]:
    """The corpus made anew: a dozen seconds, once."""
    return corpus(SEED)


@pytest.fixture(scope="module")
def rows() -> dict[str, list[list[str]]]:
    return {name: [line.split("\t") for line in _text(name).splitlines()] for name in NAMES}


@pytest.fixture(scope="module")
def sample() -> list[Pair]:
    return list(itertools.islice(pairs(seed=5), 3000))


def _text(name: str) -> str:
    return (DATA / f"{name}.tsv").read_text(encoding="utf-8")


def test_nothing_depends_on_the_order_of_sets() -> None:
    program = (
        "import itertools, attnlab.grammar as grammar\n"
        "for pair in itertools.islice(grammar.pairs(4, longest=60), 400): print(pair.line())"
    )

    def output(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-c", program]
        run = subprocess.run(command, check=True, env=environment, capture_output=True)
        return run.stdout.decode()

    assert output("1") == output("17")


def test_another_seed_writes_other_sentences() -> None:
    one, other = (list(itertools.islice(pairs(seed), 50)) for seed in (1, 2))
    assert {pair.english for pair in one} != {pair.english for pair in other}


def test_script_writes_the_files_that_ship(tmp_path: Path) -> None:
    script = DATA.parent / "scripts" / "make_corpus.py"
    subprocess.run([sys.executable, script, "--output", tmp_path], check=True, capture_output=True)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in DATA.glob("*.tsv")}


def test_sizes(rows: dict[str, list[list[str]]]) -> None:
    assert {name: len(rows[name]) for name in NAMES} == SIZES
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 6_000_000


@pytest.mark.parametrize("column", [0, 1], ids=["english", "french"])
def test_no_sentence_twice(rows: dict[str, list[list[str]]], column: int) -> None:
    sentences = [row[column] for name in NAMES for row in rows[name]]
    assert len(sentences) == len(set(sentences))


def test_vocabulary_is_rich_enough(rows: dict[str, list[list[str]]]) -> None:
    english = {token.lower() for row in rows["train"] for token in tokenise_english(row[0])}
    french = {token.lower() for row in rows["train"] for token in tokenise_french(row[1])}
    assert sum(token[0].isalpha() for token in english) >= 900
    assert sum(token[0].isalpha() for token in french) >= 1_100


@pytest.mark.parametrize("name", NAMES)
def test_lines_are_well_formed(rows: dict[str, list[list[str]]], name: str) -> None:
    for row in rows[name]:
        assert len(row) == (5 if name == "test_agree" else 4)
        english, french, links, tags = row[:4]
        sources, targets = tokenise_english(english), tokenise_french(french)
        assert (max(len(sources), len(targets)) <= 20) == (name != "test_long")
        for text in (english, french):
            assert text == text.strip()
            assert text[0].isupper()
            assert text[-1] in '.?!"»'
            assert not re.search(r"  |’", text)
        assert not re.search("[^\u202f][?!;:»]|«[^\u202f]", french)
        assert re.fullmatch(r"[a-z0-9-]+(,[a-z0-9-]+)*", tags), row
        pairs_of_links = [tuple(map(int, link.split("-"))) for link in links.split(" ")]
        assert pairs_of_links == sorted(set(pairs_of_links))
        for source, target in pairs_of_links:
            assert 0 <= source < len(sources)
            assert 0 <= target < len(targets)


# --- the special splits -------------------------------------------------------------------


def test_long_lengths_are_evenly_spread(splits: dict[str, list[Pair]]) -> None:
    lengths = Counter(pair.length for pair in splits["test_long"])
    assert lengths == dict.fromkeys(range(21, 61), 25)


def test_dense_is_dense(rows: dict[str, list[list[str]]]) -> None:
    """Two words in five or more are names or numbers; in test, far fewer."""

    def share(name: str) -> float:
        tokens = [token for row in rows[name] for token in tokenise_english(row[0])[1:]]
        return sum(token.isdigit() or token[0].isupper() for token in tokens) / len(tokens)

    assert share("test_dense") > 2.5 * share("test")


def test_compose_is_new_but_made_of_known_parts(splits: dict[str, list[Pair]]) -> None:
    trained = {each for pair in splits["train"] for each in pair.combinations}
    parts = {part for each in trained for part in each.split("+")}
    for pair in splits["train"]:
        parts.update(tokenise_english(pair.english), tokenise_french(pair.french))
    for pair in splits["test_compose"]:
        new = [each for each in pair.combinations if held_out(each)]
        assert new, pair.english
        for each in new:
            assert each not in trained, each
            first, _, second = each.partition("+")
            assert first in parts, each
            assert parts & _forms(second), each
    kinds = Counter(tag for pair in splits["test_compose"] for tag in pair.tags if "new-" in tag)
    assert set(kinds.values()) == {333, 334}


def _forms(name: str) -> set[str]:
    """An English noun or a tense as it is; a French infinitive in some of its forms."""
    if not name.endswith(("er", "ir", "re")):
        return {name.split()[-1]}
    verb = conjugate(name)
    return {name.split()[-1], verb.participle, *verb.present}


def test_minimal_pairs_differ_in_one_token(rows: dict[str, list[list[str]]]) -> None:
    kinds: Counter[str] = Counter()
    for _, right, _, tags, wrong in rows["test_agree"]:
        tokens = tokenise_french(right), tokenise_french(wrong)
        assert sum(one != other for one, other in zip(*tokens, strict=True)) == 1
        kinds.update(tag for tag in tags.split(",") if tag.startswith("agree-"))
    assert set(kinds) == {"agree-verb", "agree-adjective", "agree-participle"}
    assert min(kinds.values()) > 150


def test_rare_words_are_shown_as_often_as_they_say(rows: dict[str, list[list[str]]]) -> None:
    shown: Counter[str] = Counter()
    for name in ("train", "fewshot"):
        for noun, times in rare_nouns():
            forms = {noun.english, noun.english_plural}
            found = [row for row in rows[name]
                     if forms & {token.lower() for token in tokenise_english(row[0])}]  # fmt: skip
            if name == "train":
                assert len(found) == times, noun.english
            assert len(found) >= 1
            assert all(f"shown-{times}" in row[3].split(",") for row in found)
            shown[name] += len(found)
    assert shown == {"train": 5 * (1 + 2 + 4 + 8 + 16 + 32), "fewshot": 1_000}


def test_tokens_lose_no_letter(rows: dict[str, list[list[str]]]) -> None:
    for english, french, *_ in rows["test"]:
        assert "".join(tokenise_english(english)) == re.sub(r"\s", "", english)
        assert "".join(tokenise_french(french)) == re.sub(r"\s", "", french)


def test_every_word_is_linked(sample: list[Pair]) -> None:
    for pair in sample:
        linked = {source for source, _ in pair.links}, {target for _, target in pair.links}
        assert linked[0] == set(range(len(tokenise_english(pair.english)))), pair
        assert linked[1] == set(range(len(tokenise_french(pair.french)))), pair


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


# --- French, by what a grammar book says --------------------------------------------------


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


@pytest.mark.parametrize("kind", list(KINDS))
def test_english_decides_the_french(kind: str) -> None:
    """One English sentence never comes with two French ones."""
    rng = Random(11)
    translations: dict[str, str] = {}
    for _ in range(400):
        pair = sentence_pair(of_kind(kind, rng))
        assert translations.setdefault(pair.english, pair.french) == pair.french


@pytest.mark.parametrize(
    ("english", "french", "links"),
    [
        # I miss you: who is missed is the French subject.
        ("I miss you .", "Tu me manques .", "0-1 1-2 2-0 3-3"),
        ("We miss him .", "Il nous manque .", "0-1 1-2 2-0 3-3"),
        ("She misses us .", "Nous lui manquons .", "0-1 1-2 2-0 3-3"),
    ],
)
def test_idiom_of_crossed_roles(english: str, french: str, links: str) -> None:
    rng = Random(2)
    found = (sentence_pair(of_kind("missing", rng)) for _ in range(4000))
    pair = next(pair for pair in found if tokenise_english(pair.english) == english.split())
    assert tokenise_french(pair.french) == french.split()
    assert " ".join(f"{source}-{target}" for source, target in pair.links) == links


# --- agreement ----------------------------------------------------------------------------

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
        number_word = any("number" in part.notes for part in spelt)
        if first not in QUANTITIES and not number_word:
            assert first in DETERMINERS[noun.gender, phrase.plural], tokens
        for part in phrase.french:
            if "adjective" in part.notes and part.text not in ("bon", "marché"):
                adjectives_seen += 1
                assert part.text in _agreeing_forms(noun.gender, phrase.plural), tokens
    assert adjectives_seen > 300


def _agreeing_forms(gender: str, plural: bool) -> set[str]:
    from attnlab.grammar.lexicon_adjectives import adjectives

    return {agreeing(adjective.french, gender, plural) for adjective in adjectives()}


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


CLITICS = {"ne", "n'", "me", "m'", "te", "t'", "se", "s'", "nous"}
CLITICS |= {"le", "la", "l'", "les", "lui", "leur"}


def test_participle_agrees_with_the_relative_antecedent(sample: list[Pair]) -> None:
    """Les lettres qu'Anna a écrites: the participle ends as the noun's gender and number ask."""
    genders = {noun.french: (noun.gender, False) for noun in nouns()}
    genders |= {noun.french_plural: (noun.gender, True) for noun in nouns()
                if noun.french_plural != noun.french}  # fmt: skip
    checked = 0
    subject = r"(?:j'|(?:il|elle|tu|nous|ils|[A-Z]\w+) )"
    pattern = re.compile(
        rf"(?:Le|La|Les|L')\s?(\w+) qu(?:e |'){subject}(?:ai|as|a|avons|ont) (?:déjà )?(?!ne )(\w+)"
    )
    for pair in sample:
        found = pattern.match(pair.french)
        if found and found[1] in genders:
            gender, plural = genders[found[1]]
            ending = ("e" if gender == "f" else "") + ("s" if plural else "")
            assert found[2].endswith(ending), pair.french
            if gender == "m" and not found[2].endswith("is"):
                assert not found[2].endswith("e" if not plural else "es"), pair.french
            checked += 1
    assert checked > 40
