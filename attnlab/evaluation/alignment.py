"""Word alignments against a gold standard: links of an attention, and how good links are.

Arrays and links only. Knows no model, no text and no tokenisation.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.errors import AttnlabError

Links = frozenset[tuple[int, int]]
"""Pairs of a source word and a target word, both counted from 0."""


def parse_links(text: str) -> Links:
    """The links that a text in Pharaoh form holds: `0-0 1-2`, source word first; "" holds none.

    Raises:
        AttnlabError: for any other text.
    """
    links = set()
    for link in text.split():
        if re.fullmatch("[0-9]+-[0-9]+", link) is None:
            raise AttnlabError(f"expected links like '0-0 1-2', found '{link}'")
        source, target = link.split("-")
        links.add((int(source), int(target)))
    return frozenset(links)


@dataclass(frozen=True)
class LinkCounts:
    """How many links were found in some sentences, and how many of them are right.

    Och & Ney 2003, section 5: `found` is |A|, `sure` |S|, `found_sure` |A ∩ S|, `found_possible`
    |A ∩ P|, where every sure link is possible too: S ⊆ P. Counts of sentences are added, so that
    each link weighs the same. An expected count may be a fraction.
    """

    found: float
    sure: float
    found_sure: float
    found_possible: float

    def __add__(self, other: "LinkCounts") -> "LinkCounts":
        return LinkCounts(
            self.found + other.found,
            self.sure + other.sure,
            self.found_sure + other.found_sure,
            self.found_possible + other.found_possible,
        )

    @property
    def precision(self) -> float:
        """|A ∩ P| / |A|: the share of found links that are possible; 0 where none was found."""
        return self.found_possible / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """|A ∩ S| / |S|: the share of sure links that were found; 1 where there is none to find."""
        return self.found_sure / self.sure if self.sure else 1.0

    @property
    def error_rate(self) -> float:
        """The alignment error rate, 0 at best: 1 − (|A ∩ S| + |A ∩ P|) / (|A| + |S|).

        Without any link, found or sure, there is no error.
        """
        links = self.found + self.sure
        return 1 - (self.found_sure + self.found_possible) / links if links else 0.0


NO_LINKS = LinkCounts(0, 0, 0, 0)


def count_links(found: Links, sure: Links, possible: Links | None = None) -> LinkCounts:
    """The counts of one sentence; without `possible`, only what is sure is possible."""
    allowed = sure if possible is None else sure | possible
    return LinkCounts(len(found), len(sure), len(found & sure), len(found & allowed))


def score_links(found: Iterable[Links], gold: Iterable[Links]) -> LinkCounts:
    """The counts of a corpus whose gold links are all sure, sentence for sentence.

    Raises:
        ValueError: when one of the two has more sentences than the other.
    """
    pairs = zip(found, gold, strict=True)
    return sum((count_links(mine, sure) for mine, sure in pairs), NO_LINKS)


def links_of_attention(weights: NDArray[Any]) -> Links:
    """Each target word's link to the source word that it attends to most.

    `weights`: (target words, source words). Of equal weights the leftmost counts; a row without
    any weight gives no link.
    """
    if weights.size == 0:
        return frozenset()
    most = weights.argmax(axis=1)
    attends = weights.max(axis=1) > 0
    return frozenset((int(most[target]), int(target)) for target in np.flatnonzero(attends))


def diagonal_links(source_words: int, target_words: int) -> Links:
    """Each target word's link to the source word that stands as far along its sentence."""
    if source_words == 0:
        return frozenset()
    # The middle of target word t is (t + 1/2) / target_words of the way; in whole numbers:
    return frozenset(
        ((2 * target + 1) * source_words // (2 * target_words), target)
        for target in range(target_words)
    )


def expect_uniform(source_words: int, target_words: int, sure: Links) -> LinkCounts:
    """The expected counts when each target word is linked with a source word drawn evenly.

    A target word with n sure links hits one with probability n / source_words, which sums to
    |S| / source_words. The number of links found is certain, so precision, recall and error rate
    of the expected counts are the expected ones.
    """
    if source_words == 0:
        return LinkCounts(0, len(sure), 0, 0)
    hits = len(sure) / source_words
    return LinkCounts(target_words, len(sure), hits, hits)
