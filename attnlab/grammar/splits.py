"""The corpus and its splits: what each may hold, and that no sentence stands in two of them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from zlib import crc32

from attnlab.data.words import tokenise_french
from attnlab.grammar.lexicon import rare_nouns
from attnlab.grammar.lists import a_list
from attnlab.grammar.long import a_long_sentence
from attnlab.grammar.predicates import a_clause
from attnlab.grammar.probes import minimal_pair, sentence_about
from attnlab.grammar.realise import Pair, sentence_pair
from attnlab.grammar.rendering import rendered
from attnlab.grammar.sentences import a_sentence, ended
from attnlab.grammar.words import Both

SEED = 2014
"""The corpus that ships is made with this one."""

SIZES = {"train": 20_000, "valid": 1_000, "test": 1_000, "test_long": 1_000, "test_dense": 1_000,
         "test_compose": 1_000, "test_agree": 1_000, "fewshot": 1_000}  # fmt: skip
LONGEST_TRAINED = 20
LONG = range(21, 61)
DENSE = range(14, LONGEST_TRAINED + 1)

NEGATIONS = ("not", "never", "no-longer", "nobody", "nothing")
CLITICS = ("me", "te", "le", "la", "nous", "les", "lui", "leur")
# Negations and tenses that train never joins, though it shows each of them elsewhere.
HELD_OUT_NEGATIONS = ("never+future", "no-longer+state-past", "nothing+future", "nobody+past")
HELD_OUT_SHARE = 12


def combination_kind(combination: str) -> str:
    """Return what a combination joins, as the tag of test_compose names it."""
    first = combination.partition("+")[0]
    if first in NEGATIONS:
        return "new-negation-tense"
    return "new-clitic-verb" if first in CLITICS else "new-adjective-noun"


def held_out(combination: str) -> bool:
    """Say whether only test_compose may show the combination."""
    if combination_kind(combination) == "new-negation-tense":
        return combination in HELD_OUT_NEGATIONS
    return crc32(combination.encode()) % HELD_OUT_SHARE == 0


def new_kinds(pair: Pair) -> set[str]:
    """Return which kinds of combinations that train lacks are in a pair."""
    return {combination_kind(each) for each in pair.combinations if held_out(each)}


def trainable(pair: Pair) -> bool:
    """Say whether train may hold the pair."""
    return 3 <= pair.length <= LONGEST_TRAINED and not new_kinds(pair)


@dataclass
class Corpus:
    """The splits while they are being filled; no sentence is taken twice in either language."""

    rng: Random
    splits: dict[str, list[Pair]] = field(default_factory=dict)
    english: set[str] = field(default_factory=set)
    french: set[str] = field(default_factory=set)
    set_aside: defaultdict[str, list[Pair]] = field(default_factory=lambda: defaultdict(list))

    def ordinary(self, pair: Pair) -> bool:
        """Say whether train may hold the pair; one that shows too much is kept for test_compose."""
        new = new_kinds(pair)
        if len(new) == 1 and pair.length <= LONGEST_TRAINED:
            self.set_aside[new.pop()].append(pair)
            return False
        return trainable(pair)

    def take(self, pair: Pair) -> bool:
        """Mark a pair as used; False if either side was used before."""
        if pair.english in self.english or pair.french in self.french:
            return False
        self.english.add(pair.english)
        self.french.add(pair.french)
        return True

    def draw(self, make: Callable[[Random], Both], fits: Callable[[Pair], bool]) -> Pair:
        """Return the next new pair of a rule that fits."""
        while True:
            pair = sentence_pair(make(self.rng))
            if fits(pair) and self.take(pair):
                return pair


def corpus(seed: int) -> dict[str, list[Pair]]:
    """Return every split of SIZES; the same seed gives the same pairs, in the same order."""
    building = Corpus(rng=Random(seed))
    taught = list(_rare(building, {noun.english: shown for noun, shown in rare_nouns()}))
    size = SIZES["train"] + SIZES["valid"] + SIZES["test"] - len(taught)
    ordinary = [building.draw(a_sentence, building.ordinary) for _ in range(size)]
    end = SIZES["train"] - len(taught)
    train = ordinary[:end] + taught
    building.rng.shuffle(train)
    asked, rest = divmod(SIZES["fewshot"], len(rare_nouns()))
    wanted = {noun.english: asked + (index < rest) for index, (noun, _) in enumerate(rare_nouns())}
    return {
        "train": train,
        "valid": ordinary[end : end + SIZES["valid"]],
        "test": ordinary[end + SIZES["valid"] :],
        "test_long": list(_long(building)),
        "test_dense": [building.draw(_dense, _fits_dense) for _ in range(SIZES["test_dense"])],
        "test_compose": list(_compose(building)),
        "test_agree": [_agree(building) for _ in range(SIZES["test_agree"])],
        "fewshot": list(_rare(building, wanted)),
    }


def _rare(building: Corpus, wanted: dict[str, int]) -> Iterator[Pair]:
    """Yield so many sentences about each rare noun, tagged with how often train shows it."""
    for noun, shown in rare_nouns():
        for _ in range(wanted[noun.english]):
            pair = building.draw(partial(sentence_about, noun), trainable)
            yield pair.tagged(f"shown-{shown}").asking_for(noun)


def _long(building: Corpus) -> Iterator[Pair]:
    """Yield the same number of pairs for every length."""
    room = Counter(dict.fromkeys(LONG, SIZES["test_long"] // len(LONG)))
    while room.total():
        target = building.rng.choice([length for length in LONG if room[length]])
        make = partial(a_long_sentence, target=target)
        pair = building.draw(make, lambda pair: room[pair.length] > 0)
        room[pair.length] -= 1
        yield pair


def _dense(rng: Random) -> Both:
    return ended(a_list(rng, smallest=3, largest=6))


def _fits_dense(pair: Pair) -> bool:
    return pair.length in DENSE


def _compose(building: Corpus) -> Iterator[Pair]:
    """Yield pairs with a combination that train lacks, a third for each kind."""
    kinds = ("new-adjective-noun", "new-clitic-verb", "new-negation-tense")
    share, rest = divmod(SIZES["test_compose"], len(kinds))
    for index, kind in enumerate(kinds):
        ready = iter(building.set_aside[kind])
        for _ in range(share + (index < rest)):
            pair = next(filter(building.take, ready), None)
            if pair is None:
                make = _newly_negated if kind == "new-negation-tense" else a_sentence
                pair = building.draw(make, partial(_is_new, kind))
            yield pair.tagged(kind)


def _newly_negated(rng: Random) -> Both:
    negation, _, tense = rng.choice(HELD_OUT_NEGATIONS).partition("+")
    frame = "object" if negation in ("nobody", "nothing") else None
    clause = a_clause(rng, tense=tense.replace("-", " "), negation=negation.replace("-", " "),
                      frame=frame, modals=False)  # fmt: skip
    return ended(rendered(clause))


def _is_new(kind: str, pair: Pair) -> bool:
    return new_kinds(pair) == {kind} and pair.length <= LONGEST_TRAINED


def _agree(building: Corpus) -> Pair:
    """Return a minimal pair; the wrong French sentence differs in exactly one token."""
    while True:
        found = minimal_pair(building.rng)
        right, wrong = sentence_pair(found.right), sentence_pair(found.wrong)
        tokens = tokenise_french(right.french), tokenise_french(wrong.french)
        if len(tokens[0]) != len(tokens[1]) or not trainable(right):
            continue
        if sum(one != other for one, other in zip(*tokens, strict=True)) == 1 and building.take(
            right
        ):
            return replace(right.tagged(f"agree-{found.kind}"), wrong=wrong.french)
