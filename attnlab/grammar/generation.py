"""The built-in corpus with its splits, and corpora of any size made in parallel.

Pairs are made in chunks, each with a seed that follows from the corpus's seed and the chunk's
number, so that any number of processes makes the same pairs.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from random import Random
from zlib import crc32

from attnlab.data.words import tokenise_french
from attnlab.grammar.lexicon import rare_nouns
from attnlab.grammar.long import a_list, a_long_sentence
from attnlab.grammar.predicates import a_clause
from attnlab.grammar.probes import minimal_pair, sentence_about
from attnlab.grammar.rendering import rendered
from attnlab.grammar.sentences import a_sentence, ended
from attnlab.grammar.words import Both, Pair, sentence_pair
from attnlab.support.workers import each

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
    """What a combination joins, as the tag of test_compose names it."""
    first = combination.partition("+")[0]
    if first in NEGATIONS:
        return "new-negation-tense"
    return "new-clitic-verb" if first in CLITICS else "new-adjective-noun"


def held_out(combination: str) -> bool:
    """Whether only test_compose may show the combination."""
    if combination_kind(combination) == "new-negation-tense":
        return combination in HELD_OUT_NEGATIONS
    return crc32(combination.encode()) % HELD_OUT_SHARE == 0


def new_kinds(pair: Pair) -> set[str]:
    """Which kinds of combinations that train lacks are in a pair."""
    return {combination_kind(each) for each in pair.combinations if held_out(each)}


def trainable(pair: Pair) -> bool:
    """Whether train may hold the pair."""
    return 3 <= pair.length <= LONGEST_TRAINED and not new_kinds(pair)


@dataclass
class Corpus:
    """The splits while they are being filled; no sentence is taken twice in either language."""

    rng: Random
    english: set[str] = field(default_factory=set)
    french: set[str] = field(default_factory=set)
    set_aside: defaultdict[str, list[Pair]] = field(default_factory=lambda: defaultdict(list))

    def ordinary(self, pair: Pair) -> bool:
        """Whether train may hold the pair; one with a held-out combination is set aside."""
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
        """The next new pair of a rule that fits."""
        while True:
            pair = sentence_pair(make(self.rng))
            if fits(pair) and self.take(pair):
                return pair


def corpus(seed: int) -> dict[str, list[Pair]]:
    """Every split of SIZES; the same seed gives the same pairs, in the same order."""
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
    """A minimal pair; the wrong French sentence differs in exactly one token."""
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


SHORTEST_AND_LONGEST = (8, 60)
"""Between these is the greatest length in tokens that can be asked for."""

_CHUNK = 500
_SHORTEST_SENTENCE = 3
# Sentences of single rules hardly ever have more tokens than this.
_LONGEST_ORDINARY = 20


def pairs(seed: int, longest: int = 20, workers: int = 1) -> Generator[Pair, None, None]:
    """Yield pairs without end, some of them repeated; memory does not grow.

    The same `seed` gives the same pairs in the same order, whatever the number of `workers`.
    Neither side has more than `longest` tokens; beyond 20, every other pair is a long sentence.
    """
    for chunk in each(partial(_chunk, seed, longest), count(), workers):
        yield from chunk


def distinct(pairs: Iterable[Pair], expected: int) -> Iterator[Pair]:
    """Yield the pairs of which neither side stood in an earlier one.

    Memory stays at six bytes for each of the `expected` pairs: a Bloom filter (Bloom 1970) takes
    fewer than one new pair in five hundred for an old one, and no pair is yielded twice.
    """
    seen = _Seen(2 * expected)
    for pair in pairs:
        sides = (f"en {pair.english}", f"fr {pair.french}")
        if not any(side in seen for side in sides):
            for side in sides:
                seen.add(side)
            yield pair


class _Seen:
    """A set of `expected` texts that may take a new one for an old one, never the reverse."""

    _BITS_EACH = 24
    _PROBES = 8

    def __init__(self, expected: int) -> None:
        self._size = max(1, expected) * self._BITS_EACH
        self._bits = bytearray(self._size // 8 + 1)

    def _places(self, text: str) -> Iterator[int]:
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        first = int.from_bytes(digest[:8], "big")
        step = int.from_bytes(digest[8:], "big")
        for probe in range(self._PROBES):
            yield (first + probe * step) % self._size

    def __contains__(self, text: str) -> bool:
        return all(self._bits[place >> 3] >> (place & 7) & 1 for place in self._places(text))

    def add(self, text: str) -> None:
        for place in self._places(text):
            self._bits[place >> 3] |= 1 << (place & 7)


def _chunk(seed: int, longest: int, number: int) -> list[Pair]:
    rng = Random(f"{seed} {number}")
    found: list[Pair] = []
    for turn in count():
        make = a_long_sentence if longest > _LONGEST_ORDINARY and turn % 2 else a_sentence
        pair = sentence_pair(make(rng))
        if _SHORTEST_SENTENCE <= pair.length <= longest:
            found.append(pair)
            if len(found) == _CHUNK:
                break
    return found
