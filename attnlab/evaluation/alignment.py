"""Word alignments against a gold standard: links of an attention, and how good links are.

Arrays and links only. Knows no model, no text and no tokenisation.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.support.errors import AttnlabError

Links = frozenset[tuple[int, int]]
"""Pairs of a source word and a target word, both counted from 0."""


@dataclass(frozen=True)
class GoldLinks:
    """What a gold standard says of a sentence pair: the sure links S and the possible ones P ⊇ S.

    Och & Ney 2003, section 5: a sure link must be found, and a possible one may be.
    """

    sure: Links
    possible: Links

    @classmethod
    def of(cls, sure: Links, others: Links = frozenset()) -> "GoldLinks":
        """Links that are sure, and `others` that are possible alone."""
        return cls(sure, sure | others)


def parse_links(text: str) -> GoldLinks:
    """The links that a text in Pharaoh form holds, source word first; "" holds none.

    `0-0 1-2` are sure, and `3p2` is possible alone.

    Raises:
        AttnlabError: for any other text.
    """
    links: dict[str, set[tuple[int, int]]] = {"-": set(), "p": set()}
    for link in text.split():
        parts = re.fullmatch("([0-9]+)([-p])([0-9]+)", link)
        if parts is None:
            raise AttnlabError(f"expected links like '0-0 1-2', found '{link}'")
        source, mark, target = parts.groups()
        links[mark].add((int(source), int(target)))
    return GoldLinks.of(frozenset(links["-"]), frozenset(links["p"]))


@dataclass(frozen=True)
class LinkCounts:
    """How many links were found in some sentences, and how many of them are right.

    Och & Ney 2003, section 5: `found` is |A|, `sure` |S|, `found_sure` |A ∩ S|, `found_possible`
    |A ∩ P|, where every sure link is possible too: S ⊆ P. `linked` are the target words that have
    a link in P, and `hit` those of them that have one in A ∩ P. Counts of sentences are added, so
    that each link weighs the same. An expected count may be a fraction.
    """

    found: float
    sure: float
    found_sure: float
    found_possible: float
    linked: float
    hit: float

    def __add__(self, other: "LinkCounts") -> "LinkCounts":
        return LinkCounts(
            self.found + other.found,
            self.sure + other.sure,
            self.found_sure + other.found_sure,
            self.found_possible + other.found_possible,
            self.linked + other.linked,
            self.hit + other.hit,
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
    def accuracy(self) -> float:
        """The share of linked target words for which a right link was found; 1 without any such.

        Of an attention, whose words have a link each, to what they attend to most: how many of
        them attend most to a word that the gold standard links them with.
        """
        return self.hit / self.linked if self.linked else 1.0

    @property
    def error_rate(self) -> float:
        """The alignment error rate, 0 at best: 1 − (|A ∩ S| + |A ∩ P|) / (|A| + |S|).

        Without any link, found or sure, there is no error.
        """
        links = self.found + self.sure
        return 1 - (self.found_sure + self.found_possible) / links if links else 0.0


NO_LINKS = LinkCounts(0, 0, 0, 0, 0, 0)


def count_links(found: Links, gold: GoldLinks) -> LinkCounts:
    """The counts of one sentence."""
    right = found & gold.possible
    return LinkCounts(
        found=len(found),
        sure=len(gold.sure),
        found_sure=len(found & gold.sure),
        found_possible=len(right),
        linked=_target_words(gold.possible),
        hit=_target_words(right),
    )


def score_links(found: Iterable[Links], gold: Iterable[GoldLinks]) -> LinkCounts:
    """The counts of a corpus, sentence for sentence.

    Raises:
        ValueError: when one of the two has more sentences than the other.
    """
    pairs = zip(found, gold, strict=True)
    return sum((count_links(mine, theirs) for mine, theirs in pairs), NO_LINKS)


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


def expect_uniform(source_words: int, target_words: int, gold: GoldLinks) -> LinkCounts:
    """The expected counts when each target word is linked with a source word drawn evenly.

    A target word with n sure links hits one with probability n / source_words, which sums to
    |S| / source_words; of possible ones likewise. The number of links found is certain, so
    precision, recall, error rate and accuracy of the expected counts are the expected ones.
    """
    linked = _target_words(gold.possible)
    if source_words == 0:
        return LinkCounts(0, len(gold.sure), 0, 0, linked, 0)
    hits = len(gold.possible) / source_words
    return LinkCounts(
        found=target_words,
        sure=len(gold.sure),
        found_sure=len(gold.sure) / source_words,
        found_possible=hits,
        linked=linked,
        hit=hits,
    )


def _target_words(links: Links) -> int:
    return len({target for _, target in links})
