"""What stands twice: within one split, or in two. Knows no files.

Every question is answered by dictionaries and sets of the texts that are there anyway, in time
proportional to the number of pairs; a set of pairs is built only of those whose source repeats.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from attnlab.data.pairs import SentencePair


@dataclass(frozen=True)
class Shared:
    """What two splits have in common: distinct sources, targets and pairs of the two.

    `examples` are shared sources as each split has them: (the first's pair, the second's pair),
    first those with the same target too.
    """

    splits: tuple[str, str]
    sources: int
    targets: int
    pairs: int
    examples: list[tuple[SentencePair, SentencePair]]


@dataclass(frozen=True)
class Repeated:
    """What one split has more than once.

    `copies`: pairs that an earlier pair equals. `variants`: distinct sources with more than one
    target. The examples are the pairs themselves; of a source with variants, its first two.
    """

    copies: int
    variants: int
    copy_examples: list[SentencePair]
    variant_examples: list[tuple[SentencePair, SentencePair]]


def shared_between(splits: Mapping[str, Sequence[SentencePair]], examples: int = 3) -> list[Shared]:
    """What any two splits share, those that share nothing left out; in the order of `splits`."""
    sources = {name: {pair.source for pair in pairs} for name, pairs in splits.items()}
    targets = {name: {pair.target for pair in pairs} for name, pairs in splits.items()}
    found = []
    for one, other in combinations(splits, 2):
        both = sources[one] & sources[other]
        same_targets = len(targets[one] & targets[other])
        if not both and not same_targets:
            continue
        ours, theirs = (_by_text(splits[name], both) for name in (one, other))
        same = [text for text in ours if text in theirs]
        shown = [(ours[text], theirs[text]) for text in same]
        told = {source for source, _ in same}
        first, second = (_by_source(side.values()) for side in (ours, theirs))
        shown += [(first[source], second[source]) for source in first if source not in told]
        found.append(Shared((one, other), len(both), same_targets, len(same), shown[:examples]))
    return found


def _by_text(
    pairs: Sequence[SentencePair], sources: set[str]
) -> dict[tuple[str, str], SentencePair]:
    """The first of equal pairs by its two texts, of those with a source among `sources`."""
    found: dict[tuple[str, str], SentencePair] = {}
    for pair in pairs:
        if pair.source in sources:
            found.setdefault((pair.source, pair.target), pair)
    return found


def _by_source(pairs: Iterable[SentencePair]) -> dict[str, SentencePair]:
    """The first pair of each source."""
    found: dict[str, SentencePair] = {}
    for pair in pairs:
        found.setdefault(pair.source, pair)
    return found


def repeated_within(pairs: Sequence[SentencePair], examples: int = 3) -> Repeated:
    """What `pairs` have more than once."""
    occurrences = Counter(pair.source for pair in pairs)
    several = {source for source, count in occurrences.items() if count > 1}
    seen: dict[str, dict[str, SentencePair]] = {}
    copies = 0
    copied: dict[SentencePair, None] = {}  # a set that keeps its order
    for pair in pairs:
        if pair.source not in several:
            continue
        targets = seen.setdefault(pair.source, {})
        if pair.target in targets:
            copies += 1
            copied.setdefault(targets[pair.target])
        else:
            targets[pair.target] = pair
    variants = [list(targets.values()) for targets in seen.values() if len(targets) > 1]
    return Repeated(
        copies,
        len(variants),
        list(copied)[:examples],
        [(first, second) for first, second, *_ in variants[:examples]],
    )
