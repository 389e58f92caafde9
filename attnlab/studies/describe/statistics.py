"""How long the sentences of a split are, and which words they have. Knows no files.

A word is what `split_words` says, as `data.max_words` counts them: what spaces separate, so that
"chat" and "chat." are two forms, and a character in a script without spaces.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from attnlab.data.pairs import SentencePair, longest_side
from attnlab.data.words import split_words


@dataclass(frozen=True)
class Lengths:
    """How many sentences have each length: `counts[words]`, in ascending order of the length."""

    counts: dict[int, int]

    @classmethod
    def of(cls, lengths: Iterable[int]) -> "Lengths":
        """Of any number of lengths, in any order."""
        return cls(dict(sorted(Counter(lengths).items())))

    @property
    def sentences(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    @property
    def shortest(self) -> int:
        """In words."""
        return min(self.counts)

    @property
    def longest(self) -> int:
        """In words."""
        return max(self.counts)

    @property
    def mean(self) -> float:
        """In words."""
        return sum(length * count for length, count in self.counts.items()) / self.sentences

    def quantile(self, percent: int) -> int:
        """The least length that `percent` in a hundred sentences do not exceed (nearest rank)."""
        reached = 0
        for length, count in self.counts.items():
            reached += count
            if reached * 100 >= percent * self.sentences:
                return length
        return self.longest

    def between(self, first: int, last: int | None) -> int:
        """How many sentences have `first` to `last` words, both included; None is no limit."""
        return sum(
            count
            for length, count in self.counts.items()
            if first <= length and (last is None or length <= last)
        )


@dataclass(frozen=True)
class SideStatistics:
    """One language of a split.

    `forms` counts each distinct word. `unseen` counts those that the training split lacks; it is
    None where that was not asked.
    """

    lengths: Lengths
    forms: Counter[str]
    unseen: Counter[str] | None

    @property
    def words(self) -> int:
        """Running words."""
        return self.forms.total()

    @property
    def unseen_words(self) -> float | None:
        """The share of the running words, from 0 to 1, that training lacks."""
        return None if self.unseen is None else self.unseen.total() / self.words

    @property
    def unseen_forms(self) -> float | None:
        """The share of the distinct words, from 0 to 1, that training lacks."""
        return None if self.unseen is None else len(self.unseen) / len(self.forms)


@dataclass(frozen=True)
class SplitStatistics:
    """A split: both languages, the length of the longer side, and how often each tag stands."""

    source: SideStatistics
    target: SideStatistics
    longer: Lengths
    phenomena: dict[str, int]

    @property
    def pairs(self) -> int:
        """How many sentence pairs."""
        return self.longer.sentences

    @property
    def ratio(self) -> float:
        """Target words for each source word."""
        return self.target.words / self.source.words


def count_split(
    pairs: Sequence[SentencePair], training: SplitStatistics | None = None
) -> SplitStatistics:
    """The statistics of `pairs`, at least one; with `training`, what that split lacks."""
    return SplitStatistics(
        source=_count_side([pair.source for pair in pairs], training.source if training else None),
        target=_count_side([pair.target for pair in pairs], training.target if training else None),
        longer=Lengths.of(longest_side(pair) for pair in pairs),
        phenomena=dict(Counter(tag for pair in pairs for tag in pair.tags).most_common()),
    )


def _count_side(texts: Sequence[str], training: SideStatistics | None) -> SideStatistics:
    forms: Counter[str] = Counter()
    lengths: Counter[int] = Counter()
    for text in texts:
        words = split_words(text)
        lengths[len(words)] += 1
        forms.update(words)
    unseen = None
    if training is not None:
        unseen = Counter(
            {form: count for form, count in forms.items() if form not in training.forms}
        )
    return SideStatistics(Lengths(dict(sorted(lengths.items()))), forms, unseen)
