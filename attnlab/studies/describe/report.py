"""The description of a corpus as a report for a terminal of 80 columns or more."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Column
from rich.text import Text

from attnlab.data.corpus import DataConfig
from attnlab.evaluate.alignment import aligned_tokens
from attnlab.studies.describe.description import Description
from attnlab.studies.describe.findings import Example, Finding, count_of
from attnlab.studies.describe.places import Place
from attnlab.studies.describe.statistics import Lengths, SideStatistics
from attnlab.studies.describe.wording import links_in_words, printable
from attnlab.support.table import grid

_NAME, _BAR, _QUIET, _ALARM = "cyan", "blue", "dim", "yellow"
"""Styles: of splits and tags, of bars, of explanations, of warnings."""

_INDENT, _LONGEST_NAME = 2, 20
_NARROWEST_BAR, _WIDEST_BAR, _MOST_BINS = 4, 24, 13
_BIN_WIDTHS = (1, 2, 3, 4, 5, 10, 20, 25, 50, 100)
_MOST_FREQUENT = 12
_SHOWN_OF_A_SENTENCE = 120
"""Characters of an example that a finding shows."""


def show(description: Description, console: Console) -> None:
    """Print all sections; findings come last, where a terminal stops."""
    for section in (
        _head(description),
        *_words(description),
        *_lengths(description, console.width - _INDENT),
        *_phenomena(description, console.width - _INDENT),
        _overlap(description),
        *_examples(description),
        _findings(description.findings),
    ):
        console.print(section)


def _section(title: str, explanation: str, *bodies: RenderableType) -> Group:
    heading = Text.assemble((title, "bold"), (f"  {explanation}" if explanation else "", _QUIET))
    blocks: list[RenderableType] = ["", heading]
    for index, body in enumerate(bodies):
        blocks += [""] * (index > 0)
        blocks.append(Padding(body, (0, 0, 0, _INDENT), expand=False))
    return Group(*blocks)


def _names() -> Column:
    return Column(style=_NAME, overflow="fold", max_width=_LONGEST_NAME)


def _figures(*heads: str) -> list[Column]:
    return [Column(head, justify="right", no_wrap=True) for head in heads]


def _broken(name: str) -> str:
    """A head for a narrow column: `test_long` in two lines."""
    return name.replace("_", "_\n") if len(name) > 6 else name


def chunks(columns: Sequence[str], width: Callable[[str], int], room: int) -> Iterator[list[str]]:
    """As many `columns` at a time as `room` has characters for, at least one."""
    chunk: list[str] = []
    used = 0
    for column in columns:
        if chunk and used + width(column) > room:
            yield chunk
            chunk, used = [], 0
        chunk.append(column)
        used += width(column)
    if chunk:
        yield chunk


def _head(description: Description) -> Group:
    data, held_out = description.data, description.held_out
    pairs = sum(split.pairs for split in description.splits.values())
    what = f"split {description.only}"
    if description.only is None:
        what = count_of(len(description.splits), "split")
    languages = f"{data.source_language} → {data.target_language}"
    lines = []
    folders: dict[Path, list[str]] = {}
    for report in description.reports.values():
        for path in map(Path, report.paths):
            folders.setdefault(path.parent, []).append(path.name)
    for folder, files in folders.items():
        lines.append(("" if folder == Path() else f"{folder}: ") + ", ".join(files))
    if held_out and description.only in (None, "train", *held_out):
        lines.append(
            f"{' and '.join(held_out)}: {data.held_out_fraction * 100:g} % of the distinct sources "
            f"of train's file{' each' if len(held_out) > 1 else ''}, held out by "
            f"seed={description.seed}"
        )
    if data.max_pairs is not None:
        lines.append(f"the first {data.max_pairs:,} pairs of train's file alone")
    title = Text.assemble((data.name, "bold"), f"  {languages}  {pairs:,} sentence pairs  {what}")
    return Group(title, *(Text(line, _QUIET) for line in lines))


def _words(description: Description) -> Iterator[Group]:
    source, target = description.data.source_language, description.data.target_language
    heads = [f"words\n{source}", target, f"{target}/{source}", f"distinct\n{source}", target]
    figures = grid(_names(), *_figures("pairs", *heads, f"unseen\n{source}", target))
    for name, split in description.splits.items():
        counts = [split.source.words, split.target.words]
        forms = [len(split.source.forms), len(split.target.forms)]
        figures.add_row(
            name,
            f"{split.pairs:,}",
            *(f"{each:,}" for each in counts),
            f"{split.ratio:.2f}",
            *(f"{each:,}" for each in forms),
            *map(_unseen, (split.source, split.target)),
        )
    explanation = "between spaces, or characters in scripts without; unseen: not in train"
    yield _section("Words", explanation, figures)
    if description.only is not None:
        split = description.splits[description.only]
        frequent = grid(_names(), Column(overflow="fold"))
        for language, side in ((source, split.source), (target, split.target)):
            for label, forms_ in ((language, side.forms), (f"{language}, unseen", side.unseen)):
                if forms_:
                    spelt = [
                        Text.assemble(printable(form), (f" {count:,}", _QUIET))
                        for form, count in forms_.most_common(_MOST_FREQUENT)
                    ]
                    frequent.add_row(label, Text("   ").join(spelt))
        yield _section("Most frequent words", "", frequent)


def _unseen(side: SideStatistics) -> str:
    share = side.unseen_words
    if share is None:
        return ""
    return "0" if not share else "<0.1%" if share < 0.0005 else f"{share:.1%}"


def _lengths(description: Description, width: int) -> Iterator[Group]:
    measures = ("min", "median", "mean", "95%", "max")
    data, splits = description.data, description.splits
    heads = [
        f"{language}\n{measure}" if measure == "min" else measure
        for language in (data.source_language, data.target_language)
        for measure in measures
    ]
    figures = grid(_names(), *_figures(*heads))
    for name, split in splits.items():
        sides = (split.source.lengths.summary(), split.target.lengths.summary())
        cells = [
            f"{each:.1f}" if key == "mean" else str(each)
            for side in sides
            for key, each in side.items()
        ]
        figures.add_row(name, *cells)
    yield _section("Length", "in words", figures)
    bars = _histogram({name: split.longer for name, split in splits.items()}, width)
    yield _section("Length of the longer side", "in words, by share of a split's pairs", *bars)


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


def _histogram(splits: dict[str, Lengths], width: int) -> Iterator[RenderableType]:
    """A bar for each split and bin, side by side as far as `width` allows."""
    rows = bins(list(splits.values()))
    share = shares(splits, rows)
    highest = max(map(max, share.values()))
    percent_width = max(len(percent(each)) for column in share.values() for each in column)
    narrowest = percent_width + 1 + _NARROWEST_BAR + 1  # with a space on either side of the bar
    room = width - max(len(str(row)) for row in rows)
    for chunk in chunks(list(splits), lambda _: narrowest, room):
        bar_width = min(room // len(chunk) - narrowest + _NARROWEST_BAR, _WIDEST_BAR)
        heads = [Column(_broken(name), no_wrap=True, style=_QUIET) for name in chunk]
        bars = grid(Column(justify="right", style=_QUIET, no_wrap=True), *heads, gap=1)
        for index, row in enumerate(rows):
            cells = []
            for name in chunk:
                value = share[name][index]
                blocks = bar(value / highest, bar_width).ljust(bar_width)
                cells.append(
                    Text.assemble(percent(value).rjust(percent_width), " ", (blocks, _BAR))
                )
            bars.add_row(str(row), *cells)
        yield bars


def _phenomena(description: Description, width: int) -> Iterator[Group]:
    """The pairs of each split with each tag; nothing where there are no tags."""
    splits = {name: split for name, split in description.splits.items() if split.phenomena}
    tags = dict.fromkeys(tag for split in splits.values() for tag in split.phenomena)
    if not tags:
        return

    def column_width(name: str) -> int:
        figures = max(len(f"{count:,}") for count in splits[name].phenomena.values())
        return max(figures, *map(len, _broken(name).split("\n"))) + 1

    bodies = []
    for chunk in chunks(list(splits), column_width, width - _LONGEST_NAME):
        counts = grid(_names(), *_figures(*map(_broken, chunk)), gap=1)
        for tag in tags:
            found = [splits[name].phenomena.get(tag, 0) for name in chunk]
            counts.add_row(tag, *(f"{each:,}" if each else Text("·", _QUIET) for each in found))
        bodies.append(counts)
    yield _section("Phenomena", "pairs with each tag", *bodies)


def _overlap(description: Description) -> Group:
    if not description.shared:
        return _section("Overlap", "none: no source and no target stands in two splits")
    figures = grid(_names(), *_figures("sources", "targets", "pairs"))
    for shared in description.shared:
        counts = (shared.sources, shared.targets, shared.pairs)
        figures.add_row(" + ".join(shared.splits), *(f"{each:,}" for each in counts))
    explanation = "distinct texts that two splits share; others share none"
    return _section("Overlap", explanation, figures)


def _examples(description: Description) -> Iterator[Group]:
    if not description.examples:
        return
    lines = grid(Column(style=_QUIET, no_wrap=True, justify="right"), Column(overflow="fold"))
    for index, example in enumerate(description.examples):
        if index:
            lines.add_row()
        for label, text in _parts(example, description.data):
            lines.add_row(label, text)
    yield _section("Examples", f"drawn by seed={description.seed}", lines)


def _parts(example: Example, data: DataConfig) -> Iterator[tuple[str, Text]]:
    pair, source, target = example.pair, data.source_language, data.target_language
    tags = f"  {', '.join(pair.tags)}" if pair.tags else ""
    yield "", Text.assemble((example.split, _NAME), (tags, _QUIET))
    yield source, Text(printable(pair.source))
    yield target, Text(printable(pair.target))
    for label, text in (("not", pair.contrast), ("focus", pair.focus)):
        if text is not None:
            yield label, Text(printable(text))
    tokens = (
        aligned_tokens(pair.source, source, data),
        aligned_tokens(pair.target, target, data),
    )
    if links := links_in_words(pair, *tokens):
        yield "links", Text(links, _QUIET)


def _findings(findings: Sequence[Finding]) -> Group:
    warnings = sum(finding.level == "warning" for finding in findings)
    title = count_of(warnings, "warning") if warnings else "No warnings"
    if notes := len(findings) - warnings:
        title += f", {count_of(notes, 'note')}"
    rows = grid(Column(no_wrap=True), Column(overflow="fold"), gap=1)
    for index, finding in enumerate(findings):
        if index:
            rows.add_row()
        alarming = finding.level == "warning"
        rows.add_row(
            Text("!", f"bold {_ALARM}") if alarming else Text("·", _QUIET),
            Text(finding.message, _ALARM if alarming else ""),
        )
        for line in _evidence(finding):
            rows.add_row("", Text(line, _QUIET))
        rows.add_row("", Text(f"→ {finding.remedy}"))
    return _section(title, "", *([rows] if findings else []))


def _evidence(finding: Finding) -> Iterator[str]:
    if finding.places:
        yield _where(finding.places)
    for example in finding.examples:
        text = f"{printable(example.pair.source)} ‖ {printable(example.pair.target)}"
        if len(text) > _SHOWN_OF_A_SENTENCE:
            text = text[: _SHOWN_OF_A_SENTENCE - 1] + "…"
        yield f"{_where(example.places) or example.split}: {text}"


def _where(places: Sequence[Place]) -> str:
    """`train.tsv:3, 17`."""
    if not places:
        return ""
    return f"{Path(places[0].path).name}:{', '.join(str(place.line) for place in places)}"
