"""Lengths as bars of block characters: one column of bars for each split, one row for each bin.

Knows no terminal: what it gives is text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attnlab.studies.describe.statistics import Lengths

_BIN_WIDTHS = (1, 2, 3, 4, 5, 10, 20, 25, 50, 100)
_MOST_BINS = 13
_EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True)
class Bin:
    """Lengths from `first` to `last` words, both included; `last` is None for all above."""

    first: int
    last: int | None

    def __str__(self) -> str:
        if self.last is None:
            return f"{self.first}+"
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"


def bins(splits: Sequence[Lengths]) -> list[Bin]:
    """Equal bins from 1 word on, few enough to be read; the last takes in whatever is above.

    They reach as far as all but one sentence in a hundred of the split with the longest.
    """
    reach = max(lengths.quantile(99) for lengths in splits)
    width = next((each for each in _BIN_WIDTHS if each * _MOST_BINS >= reach), None)
    width = width or -(-reach // _MOST_BINS)
    least = min(lengths.shortest for lengths in splits)
    starts = range((least - 1) // width * width + 1, reach + 1, width)
    found = [Bin(start, start + width - 1) for start in starts]
    longest = max(lengths.longest for lengths in splits)
    if longest >= starts[-1] + width:
        found.append(Bin(starts[-1] + width, None))
    return found


def shares(splits: Mapping[str, Lengths], rows: Sequence[Bin]) -> dict[str, list[float]]:
    """The share of each split's sentences, from 0 to 1, that falls in each bin."""
    return {
        name: [lengths.between(row.first, row.last) / lengths.sentences for row in rows]
        for name, lengths in splits.items()
    }


def bar(share: float, of: float, width: int) -> str:
    """A bar that is `width` characters long where `share` is `of`, to an eighth of a character.

    What is not nothing shows: the least is an eighth.
    """
    eighths = round(share / of * width * 8)
    if share:
        eighths = max(eighths, 1)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def percent(share: float) -> str:
    """In at most four characters: `12%`, `<1%` for what is not nothing, and `·` for nothing."""
    if not share:
        return "·"
    return "<1%" if share < 0.005 else f"{share:.0%}"
