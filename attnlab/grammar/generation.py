"""Any number of pairs, as fast as the machine's cores allow, always the same for the same seed.

Pairs are made in chunks, each with a seed of its own that follows from the corpus's seed and the
chunk's number: so the chunks can be made side by side, and how many are changes nothing.
"""

import hashlib
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from itertools import count
from random import Random

from attnlab.grammar.long import a_long_sentence
from attnlab.grammar.realise import Pair, sentence_pair
from attnlab.grammar.sentences import a_sentence
from attnlab.support.workers import each

SHORTEST_AND_LONGEST = (8, 60)
"""Between these is the greatest length in tokens that can be asked for."""

_CHUNK = 500
_SHORTEST_SENTENCE = 3
# Sentences of single rules hardly ever have more tokens than this.
_LONGEST_ORDINARY = 20


def pairs(seed: int, longest: int = 20, workers: int = 1) -> Generator[Pair, None, None]:
    """Yield pairs without end, now and then one that came before; memory does not grow.

    Args:
        seed: the same seed gives the same pairs, in the same order.
        longest: the most tokens that either side may have; beyond 20, every other pair is one of
            the long sentences.
        workers: how many processes make them.
    """
    for chunk in each(partial(_chunk, seed, longest), count(), workers):
        yield from chunk


def distinct(pairs: Iterable[Pair], expected: int) -> Iterator[Pair]:
    """Yield the pairs of which neither side stood in an earlier one.

    Memory stays at six bytes for each of the `expected` pairs to be yielded, because the
    sentences that were seen are kept as a Bloom filter (Bloom 1970): fewer than one new pair in
    five hundred is taken for an old one, and none is ever yielded twice.
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
