"""Word alignments: links of an attention or an external aligner, scored by gold links."""

import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.support.errors import AttnlabError

ALIGNER = "fast_align"
_PACKAGE = "systran_align"
_FIRST_WITHOUT = (3, 12)  # the first version of Python without builds of the package
_SIDES = " ||| "  # between the two sides of a line

Links = frozenset[tuple[int, int]]
"""Pairs of a source word and a target word, both counted from 0."""


TokenPair = tuple[Sequence[str], Sequence[str]]
"""The tokens of a source sentence and of its translation."""


@dataclass(frozen=True)
class GoldLinks:
    """Sure links S, which must be found, and possible links P ⊇ S, which may be found.

    Och & Ney 2003, section 5.
    """

    sure: Links
    possible: Links

    @classmethod
    def of(cls, sure: Links, others: Links = frozenset()) -> "GoldLinks":
        """Gold links of `sure` ones and `others` that are only possible."""
        return cls(sure, sure | others)


def parse_links(text: str) -> GoldLinks:
    """Parse links in Pharaoh format, source word first: `0-0` is sure, `3p2` only possible.

    Raises:
        AttnlabError: the text has another format.
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
    """Counts of found links A against gold links, over some sentences (Och & Ney 2003, section 5).

    `found` is |A|, `sure` |S|, `found_sure` |A ∩ S|, `found_possible` |A ∩ P|. `linked`: target
    words with a link in P. `hit`: those with a link in A ∩ P. Counts are added over sentences, so
    that each link has the same weight; expected counts may be fractions.
    """

    found: float
    sure: float
    found_sure: float
    found_possible: float
    linked: float
    hit: float

    def __add__(self, other: "LinkCounts") -> "LinkCounts":
        names = (each.name for each in fields(self))
        return LinkCounts(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def precision(self) -> float:
        """|A ∩ P| / |A|; 0 if no link was found."""
        return self.found_possible / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """|A ∩ S| / |S|; 1 without sure links."""
        return self.found_sure / self.sure if self.sure else 1.0

    @property
    def accuracy(self) -> float:
        """The share of linked target words for which a possible link was found; 1 without any.

        For an attention: the share of words whose most attended source word is linked with them.
        """
        return self.hit / self.linked if self.linked else 1.0

    @property
    def error_rate(self) -> float:
        """The alignment error rate 1 − (|A ∩ S| + |A ∩ P|) / (|A| + |S|); 0 without any link."""
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
    """Links of each target word to its most attended source word, the leftmost of equal ones.

    `weights`: (target words, source words); a row of zeros gives no link.
    """
    if weights.size == 0:
        return frozenset()
    most = weights.argmax(axis=1)
    attends = weights.max(axis=1) > 0
    return frozenset((int(most[target]), int(target)) for target in np.flatnonzero(attends))


def diagonal_links(source_words: int, target_words: int) -> Links:
    """Links of each target word to the source word at the same relative position."""
    if source_words == 0:
        return frozenset()
    # The middle of target word t is at (t + 1/2) / target_words; in whole numbers:
    return frozenset(
        ((2 * target + 1) * source_words // (2 * target_words), target)
        for target in range(target_words)
    )


def expect_uniform(source_words: int, target_words: int, gold: GoldLinks) -> LinkCounts:
    """The expected counts of linking each target word with a uniformly drawn source word.

    A target word with n sure links hits one with probability n / source_words, which sums to
    |S| / source_words; likewise for possible links. Since the number of found links is constant,
    the measures of the expected counts are the expected measures.
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


def aligner_missing() -> str | None:
    """Why the external aligner is missing, and the remedy; None if it is installed."""
    if find_spec(_PACKAGE) is not None:
        return None
    if sys.version_info >= _FIRST_WITHOUT:
        running = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"not to be had for Python {running}: use Python 3.11, pip install 'attnlab[align]'"
    return "not installed: pip install 'attnlab[align]'"


def align(pairs: Sequence[TokenPair], training: Sequence[TokenPair]) -> list[Links]:
    """Align `pairs` by fast_align in both directions, symmetrised.

    Dyer et al. 2013: IBM Model 2 with a prior for the diagonal, learnt from `training` and `pairs`
    together, in lower case. A pair with an empty side has no links.

    Raises:
        AttnlabError: the package is not installed.
    """
    missing = aligner_missing()
    if missing is not None:
        raise AttnlabError(f"{ALIGNER} is {missing}")
    import systran_align

    prepared = [(_prepare(source), _prepare(target)) for source, target in (*training, *pairs)]
    lines = [
        f"{' '.join(source)}{_SIDES}{' '.join(target)}\n"
        for source, target in prepared
        if source and target
    ]
    if not lines:
        return [frozenset() for _ in pairs]
    with tempfile.TemporaryDirectory(prefix="attnlab-align-") as folder:
        text, forward, backward = (Path(folder) / name for name in ("text", "forward", "backward"))
        text.write_text("".join(lines), encoding="utf-8")
        systran_align.generate_alignment_probabilities(
            str(text),
            str(forward),
            str(backward),
            # The options that its authors advise: -d -o -v.
            favor_diagonal=True,
            optimize_tension=True,
            variational_bayes=True,
            beam_threshold=-100.0,  # a logarithm: keep all probabilities
        )
        aligner = systran_align.Aligner(str(forward), str(backward))
    evaluated = prepared[len(training) :]
    whole = [index for index, (source, target) in enumerate(evaluated) if source and target]
    sources, targets = ([list(evaluated[index][side]) for index in whole] for side in (0, 1))
    found = dict(zip(whole, aligner.align_batch(sources, targets), strict=True))
    return [
        frozenset((int(source), int(target)) for source, target in found[index]["alignments"])
        if index in found
        else frozenset()
        for index in range(len(pairs))
    ]


def _prepare(tokens: Sequence[str]) -> list[str]:
    """Lower-case tokens without the separator of sides."""
    return [token.lower().replace("|||", "|") for token in tokens]
