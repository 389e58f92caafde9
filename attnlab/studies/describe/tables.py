"""The figures of a description as tables and bars. Knows no counting."""

from collections.abc import Iterator

from rich.console import Group
from rich.table import Column
from rich.text import Text

from attnlab.studies.describe.gather import Description
from attnlab.studies.describe.histogram import bar, bins, percent, shares
from attnlab.studies.describe.layout import (
    BAR,
    INDENT,
    QUIET,
    broken,
    chunks,
    names,
    numbers,
    section,
    table,
)
from attnlab.studies.describe.pairs import printable
from attnlab.studies.describe.statistics import Lengths, SideStatistics

_LONGEST_TAG, _NARROWEST_BAR, _WIDEST_BAR = 20, 4, 24
_MOST_FREQUENT = 12


def words(description: Description) -> Iterator[Group]:
    """How many there are, and how many of them train lacks."""
    source, target = description.data.source_language, description.data.target_language
    heads = (
        "pairs",
        f"words\n{source}",
        target,
        f"{target}/{source}",
        f"distinct\n{source}",
        target,
        f"unseen\n{source}",
        target,
    )
    figures = table(names(), *numbers(*heads))
    for name, split in description.splits.items():
        figures.add_row(
            name,
            f"{split.pairs:,}",
            f"{split.source.words:,}",
            f"{split.target.words:,}",
            f"{split.ratio:.2f}",
            f"{len(split.source.forms):,}",
            f"{len(split.target.forms):,}",
            _unseen(split.source),
            _unseen(split.target),
        )
    explained = "between spaces, or characters in scripts without; unseen: not in train"
    yield section("Words", explained, figures)
    if description.only is not None:
        split = description.splits[description.only]
        frequent = table(names(), Column(overflow="fold"))
        for language, side in ((source, split.source), (target, split.target)):
            frequent.add_row(language, _most_frequent(side.forms.most_common(_MOST_FREQUENT)))
            if side.unseen:
                unseen = _most_frequent(side.unseen.most_common(_MOST_FREQUENT))
                frequent.add_row(f"{language}, unseen", unseen)
        yield section("Most frequent words", "", frequent)


def _unseen(side: SideStatistics) -> str:
    share = side.unseen_words
    if share is None:
        return ""
    return "0" if not share else "<0.1%" if share < 0.0005 else f"{share:.1%}"


def _most_frequent(forms: list[tuple[str, int]]) -> Text:
    spelt = [Text.assemble(printable(form), (f" {count:,}", QUIET)) for form, count in forms]
    return Text("   ").join(spelt)


def lengths(description: Description, width: int) -> Iterator[Group]:
    """The length of each side in figures, that of the longer side as bars."""
    measures = ("min", "median", "mean", "95%", "max")
    heads = [
        f"{language}\n{measure}" if measure == "min" else measure
        for language in (description.data.source_language, description.data.target_language)
        for measure in measures
    ]
    figures = table(names(), *numbers(*heads))
    for name, split in description.splits.items():
        figures.add_row(name, *_measures(split.source.lengths), *_measures(split.target.lengths))
    yield section("Length", "in words", figures)
    yield _histogram(
        {name: split.longer for name, split in description.splits.items()}, width - INDENT
    )


def _measures(lengths: Lengths) -> tuple[str, ...]:
    return (
        str(lengths.shortest),
        str(lengths.quantile(50)),
        f"{lengths.mean:.1f}",
        str(lengths.quantile(95)),
        str(lengths.longest),
    )


def _histogram(splits: dict[str, Lengths], width: int) -> Group:
    rows = bins(list(splits.values()))
    share = shares(splits, rows)
    highest = max(map(max, share.values()))
    percents = {name: [percent(each) for each in column] for name, column in share.items()}
    percent_width = max(len(each) for column in percents.values() for each in column)
    narrowest = percent_width + 1 + _NARROWEST_BAR + 1  # with a space on either side of the bar
    room = width - max(len(str(row)) for row in rows)
    bodies = []
    for chunk in chunks(list(splits), lambda _: narrowest, room):
        bar_width = min(room // len(chunk) - narrowest + _NARROWEST_BAR, _WIDEST_BAR)
        heads = [Column(broken(name), no_wrap=True, style=QUIET) for name in chunk]
        bars = table(Column(justify="right", style=QUIET, no_wrap=True), *heads, gap=1)
        for index, row in enumerate(rows):
            cells = [
                Text.assemble(
                    f"{percents[name][index]:>{percent_width}} ",
                    (bar(share[name][index], highest, bar_width).ljust(bar_width), BAR),
                )
                for name in chunk
            ]
            bars.add_row(str(row), *cells)
        bodies.append(bars)
    return section("Length of the longer side", "in words, by share of a split's pairs", *bodies)


def phenomena(description: Description, width: int) -> Iterator[Group]:
    """How many pairs of each split have each tag; nothing where there are no tags."""
    splits = {name: split for name, split in description.splits.items() if split.phenomena}
    tags = dict.fromkeys(tag for split in splits.values() for tag in split.phenomena)
    if not tags:
        return

    def column_width(name: str) -> int:
        figures = max(len(f"{count:,}") for count in splits[name].phenomena.values())
        return max(figures, *map(len, broken(name).split("\n"))) + 1

    bodies = []
    for chunk in chunks(list(splits), column_width, width - INDENT - _LONGEST_TAG):
        counts = table(names(), *numbers(*map(broken, chunk)), gap=1)
        for tag in tags:
            found = [splits[name].phenomena.get(tag, 0) for name in chunk]
            counts.add_row(tag, *(f"{each:,}" if each else Text("·", QUIET) for each in found))
        bodies.append(counts)
    yield section("Phenomena", "pairs with each tag", *bodies)


def overlap(description: Description) -> Iterator[Group]:
    """What splits share with one another."""
    if description.shared:
        figures = table(names(), *numbers("sources", "targets", "pairs"))
        for shared in description.shared:
            counts = (shared.sources, shared.targets, shared.pairs)
            figures.add_row(" + ".join(shared.splits), *(f"{each:,}" for each in counts))
        yield section("Overlap", "distinct texts that two splits share; others share none", figures)
    else:
        yield section("Overlap", "none: no source and no target stands in two splits")
