"""How many of a split's sentences have which length, as bars of characters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.table import Column
from rich.text import Text

from attnlab.studies.describe.layout import BAR, QUIET, chunks, two_lines
from attnlab.studies.describe.statistics import Lengths
from attnlab.support.table import grid

_NARROWEST_BAR, _WIDEST_BAR, _MOST_BINS = 4, 24, 13
_BIN_WIDTHS = (1, 2, 3, 4, 5, 10, 20, 25, 50, 100)


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
    """Bins of equal width up to the 99th percentile of the longest split, and one for the rest."""
    reach = max(lengths.quantile(99) for lengths in splits)
    width = next((each for each in _BIN_WIDTHS if each * _MOST_BINS >= reach), None)
    width = width or -(-reach // _MOST_BINS)
    least = min(lengths.shortest for lengths in splits)
    starts = range((least - 1) // width * width + 1, reach + 1, width)
    found = [Bin(start, start + width - 1) for start in starts]
    if max(lengths.longest for lengths in splits) >= starts[-1] + width:
        found.append(Bin(starts[-1] + width, None))
    return found


def shares(splits: Mapping[str, Lengths], rows: Sequence[Bin]) -> dict[str, list[float]]:
    """The fraction of each split's sentences in each bin."""
    return {
        name: [lengths.between(row.first, row.last) / lengths.sentences for row in rows]
        for name, lengths in splits.items()
    }


def percent(share: float) -> str:
    """`12%`; `<1%` for what rounds to nothing, `·` for nothing."""
    if not share:
        return "·"
    return "<1%" if share < 0.005 else f"{share:.0%}"


def bar(share: float, width: int) -> str:
    """A bar of blocks, `width` characters long at 1; an eighth of one at least, unless at 0."""
    eighths = max(round(share * width * 8), 1 if share else 0)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def histogram(splits: dict[str, Lengths], width: int) -> Iterator[RenderableType]:
    """A bar for each split and bin, side by side as far as `width` allows."""
    rows = bins(list(splits.values()))
    share = shares(splits, rows)
    highest = max(map(max, share.values()))
    percent_width = max(len(percent(each)) for column in share.values() for each in column)
    narrowest = percent_width + 1 + _NARROWEST_BAR + 1  # with a space on either side of the bar
    room = width - max(len(str(row)) for row in rows)
    for chunk in chunks(list(splits), lambda _: narrowest, room):
        bar_width = min(room // len(chunk) - narrowest + _NARROWEST_BAR, _WIDEST_BAR)
        heads = [Column(two_lines(name), no_wrap=True, style=QUIET) for name in chunk]
        bars = grid(Column(justify="right", style=QUIET, no_wrap=True), *heads, gap=1)
        for index, row in enumerate(rows):
            cells = []
            for name in chunk:
                value = share[name][index]
                blocks = bar(value / highest, bar_width).ljust(bar_width)
                cells.append(Text.assemble(percent(value).rjust(percent_width), " ", (blocks, BAR)))
            bars.add_row(str(row), *cells)
        yield bars
