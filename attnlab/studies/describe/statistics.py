"""Counts over the splits of a corpus: words, lengths, tags, and what is repeated or shared.

A word is what `split_words` gives, as for `data.max_words`: between spaces, so that "chat" and
"chat." are two forms, or a character in a script without spaces.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

from attnlab.data.pairs import SentencePair, longest_side
from attnlab.data.words import split_words

Key = TypeVar("Key")


@dataclass(frozen=True)
class Lengths:
    """A distribution of sentence lengths: `counts[words]` sentences, in ascending order."""

    counts: dict[int, int]

    @classmethod
    def of(cls, lengths: Iterable[int]) -> "Lengths":
        """The distribution of `lengths`, which may have any order."""
        return cls(dict(sorted(Counter(lengths).items())))

    @property
    def sentences(self) -> int:
        """The number of sentences."""
        return sum(self.counts.values())

    @property
    def shortest(self) -> int:
        """The least length in words."""
        return min(self.counts)

    @property
    def longest(self) -> int:
        """The greatest length in words."""
        return max(self.counts)

    def quantile(self, percent: int) -> int:
        """The least length that `percent` % of the sentences do not exceed (nearest rank)."""
        reached = 0
        for length, count in self.counts.items():
            reached += count
            if reached * 100 >= percent * self.sentences:
                return length
        return self.longest

    def summary(self) -> dict[str, float]:
        """The measures that are shown of a side's lengths."""
        return {
            "shortest": self.shortest,
            "median": self.quantile(50),
            "mean": sum(n * count for n, count in self.counts.items()) / self.sentences,
            "percentile_95": self.quantile(95),
            "longest": self.longest,
        }

    def between(self, first: int, last: int | None) -> int:
        """The number of sentences of `first` to `last` words, both included; None is no limit."""
        return sum(
            count
            for length, count in self.counts.items()
            if first <= length and (last is None or length <= last)
        )


@dataclass(frozen=True)
class SideStatistics:
    """Word counts of one language of a split.

    `forms`: occurrences of each distinct word. `unseen`: those of them that the training split
    lacks; None for the training split itself.
    """

    lengths: Lengths
    forms: Counter[str]
    unseen: Counter[str] | None

    @property
    def words(self) -> int:
        """The number of running words."""
        return self.forms.total()

    @property
    def unseen_words(self) -> float | None:
        """The fraction of the running words that training lacks."""
        return None if self.unseen is None else self.unseen.total() / self.words

    @property
    def unseen_forms(self) -> float | None:
        """The fraction of the distinct words that training lacks."""
        return None if self.unseen is None else len(self.unseen) / len(self.forms)


@dataclass(frozen=True)
class SplitStatistics:
    """Counts of a split: both sides, the lengths of each pair's longer side, pairs by tag."""

    source: SideStatistics
    target: SideStatistics
    longer: Lengths
    phenomena: dict[str, int]

    @property
    def pairs(self) -> int:
        """The number of sentence pairs."""
        return self.longer.sentences

    @property
    def ratio(self) -> float:
        """Target words for each source word."""
        return self.target.words / self.source.words


def count_split(
    pairs: Sequence[SentencePair], training: SplitStatistics | None = None
) -> SplitStatistics:
    """The statistics of `pairs`, at least one; with `training`, unseen words too."""
    return SplitStatistics(
        source=_count_side((pair.source for pair in pairs), training.source if training else None),
        target=_count_side((pair.target for pair in pairs), training.target if training else None),
        longer=Lengths.of(longest_side(pair) for pair in pairs),
        phenomena=dict(Counter(tag for pair in pairs for tag in pair.tags).most_common()),
    )


def _count_side(texts: Iterable[str], training: SideStatistics | None) -> SideStatistics:
    forms, lengths = Counter[str](), Counter[int]()
    for text in texts:
        words = split_words(text)
        lengths[len(words)] += 1
        forms.update(words)
    unseen = None
    if training is not None:
        unseen = Counter({form: n for form, n in forms.items() if form not in training.forms})
    return SideStatistics(Lengths(dict(sorted(lengths.items()))), forms, unseen)


@dataclass(frozen=True)
class Shared:
    """The numbers of distinct sources, targets and pairs that two splits share.

    `examples`: shared sources with the pair of either split, those with equal targets first.
    """

    splits: tuple[str, str]
    sources: int
    targets: int
    pairs: int
    examples: list[tuple[SentencePair, SentencePair]]


def shared_between(splits: Mapping[str, Sequence[SentencePair]], examples: int = 3) -> list[Shared]:
    """The overlap of every two splits that share a source or a target."""
    sources = {name: {pair.source for pair in pairs} for name, pairs in splits.items()}
    targets = {name: {pair.target for pair in pairs} for name, pairs in splits.items()}
    found = []
    for names in combinations(splits, 2):
        one, other = names
        both = sources[one] & sources[other]
        same_targets = len(targets[one] & targets[other])
        if not both and not same_targets:
            continue
        ours, theirs = (
            _first_of_each((pair for pair in splits[name] if pair.source in both), _texts)
            for name in names
        )
        equal = [texts for texts in ours if texts in theirs]
        first, second = (_first_of_each(side.values(), _source) for side in (ours, theirs))
        in_equal = {source for source, _ in equal}
        unequal = [source for source in first if source not in in_equal]
        shown = [(ours[texts], theirs[texts]) for texts in equal[:examples]]
        shown += [(first[source], second[source]) for source in unequal[:examples]]
        found.append(Shared(names, len(both), same_targets, len(equal), shown[:examples]))
    return found


@dataclass(frozen=True)
class Repeated:
    """Repetition within a split.

    `copies`: pairs equal to an earlier one. `variants`: distinct sources with several targets;
    an example has the first two pairs of one.
    """

    copies: int
    variants: int
    copy_examples: list[SentencePair]
    variant_examples: list[tuple[SentencePair, SentencePair]]


def repeated_within(pairs: Sequence[SentencePair], examples: int = 3) -> Repeated:
    """Copies and variants in `pairs`."""
    occurrences = Counter(pair.source for pair in pairs)
    repeated = [pair for pair in pairs if occurrences[pair.source] > 1]  # few, so memory stays low
    distinct = _first_of_each(repeated, _texts)
    counts = Counter(map(_texts, repeated))
    by_source = defaultdict[str, list[SentencePair]](list)
    for pair in distinct.values():
        by_source[pair.source].append(pair)
    variants = [(several[0], several[1]) for several in by_source.values() if len(several) > 1]
    return Repeated(
        copies=len(repeated) - len(distinct),
        variants=len(variants),
        copy_examples=[distinct[texts] for texts, n in counts.items() if n > 1][:examples],
        variant_examples=variants[:examples],
    )


def _texts(pair: SentencePair) -> tuple[str, str]:
    return pair.source, pair.target


def _source(pair: SentencePair) -> str:
    return pair.source


def _first_of_each(
    pairs: Iterable[SentencePair], key: Callable[[SentencePair], Key]
) -> dict[Key, SentencePair]:
    found: dict[Key, SentencePair] = {}
    for pair in pairs:
        found.setdefault(key(pair), pair)
    return found
