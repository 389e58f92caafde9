"""The description of a corpus as a report for a terminal of 80 columns or more."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console, Group
from rich.table import Column
from rich.text import Text

from attnlab.data.corpus import DataConfig
from attnlab.evaluate.alignment import aligned_tokens
from attnlab.studies.describe.description import Description
from attnlab.studies.describe.findings import Example, Finding, count_of
from attnlab.studies.describe.histogram import histogram
from attnlab.studies.describe.layout import (
    ALARM,
    INDENT,
    LONGEST_NAME,
    NAME,
    QUIET,
    chunks,
    figure_columns,
    name_column,
    section,
    two_lines,
)
from attnlab.studies.describe.places import Place
from attnlab.studies.describe.statistics import SideStatistics
from attnlab.studies.describe.wording import links_in_words, printable
from attnlab.support.table import grid

_MOST_FREQUENT = 12
_SHOWN_OF_A_SENTENCE = 120
"""Characters of an example that a finding shows."""


def show(description: Description, console: Console) -> None:
    """Print all sections; findings come last, where a terminal stops."""
    for part in (
        _head(description),
        *_words(description),
        *_lengths(description, console.width - INDENT),
        *_phenomena(description, console.width - INDENT),
        _overlap(description),
        *_examples(description),
        _findings(description.findings),
    ):
        console.print(part)


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
    return Group(title, *(Text(line, QUIET) for line in lines))


def _words(description: Description) -> Iterator[Group]:
    source, target = description.data.source_language, description.data.target_language
    heads = [f"words\n{source}", target, f"{target}/{source}", f"distinct\n{source}", target]
    figures = grid(name_column(), *figure_columns("pairs", *heads, f"unseen\n{source}", target))
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
    yield section("Words", explanation, figures)
    if description.only is not None:
        split = description.splits[description.only]
        frequent = grid(name_column(), Column(overflow="fold"))
        for language, side in ((source, split.source), (target, split.target)):
            for label, forms_ in ((language, side.forms), (f"{language}, unseen", side.unseen)):
                if forms_:
                    spelt = [
                        Text.assemble(printable(form), (f" {count:,}", QUIET))
                        for form, count in forms_.most_common(_MOST_FREQUENT)
                    ]
                    frequent.add_row(label, Text("   ").join(spelt))
        yield section("Most frequent words", "", frequent)


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
    figures = grid(name_column(), *figure_columns(*heads))
    for name, split in splits.items():
        sides = (split.source.lengths.summary(), split.target.lengths.summary())
        cells = [
            f"{each:.1f}" if key == "mean" else str(each)
            for side in sides
            for key, each in side.items()
        ]
        figures.add_row(name, *cells)
    yield section("Length", "in words", figures)
    bars = histogram({name: split.longer for name, split in splits.items()}, width)
    yield section("Length of the longer side", "in words, by share of a split's pairs", *bars)


def _phenomena(description: Description, width: int) -> Iterator[Group]:
    """The pairs of each split with each tag; nothing where there are no tags."""
    splits = {name: split for name, split in description.splits.items() if split.phenomena}
    tags = dict.fromkeys(tag for split in splits.values() for tag in split.phenomena)
    if not tags:
        return

    def column_width(name: str) -> int:
        figures = max(len(f"{count:,}") for count in splits[name].phenomena.values())
        return max(figures, *map(len, two_lines(name).split("\n"))) + 1

    bodies = []
    for chunk in chunks(list(splits), column_width, width - LONGEST_NAME):
        counts = grid(name_column(), *figure_columns(*map(two_lines, chunk)), gap=1)
        for tag in tags:
            found = [splits[name].phenomena.get(tag, 0) for name in chunk]
            counts.add_row(tag, *(f"{each:,}" if each else Text("·", QUIET) for each in found))
        bodies.append(counts)
    yield section("Phenomena", "pairs with each tag", *bodies)


def _overlap(description: Description) -> Group:
    if not description.shared:
        return section("Overlap", "none: no source and no target stands in two splits")
    figures = grid(name_column(), *figure_columns("sources", "targets", "pairs"))
    for shared in description.shared:
        counts = (shared.sources, shared.targets, shared.pairs)
        figures.add_row(" + ".join(shared.splits), *(f"{each:,}" for each in counts))
    explanation = "distinct texts that two splits share; others share none"
    return section("Overlap", explanation, figures)


def _examples(description: Description) -> Iterator[Group]:
    if not description.examples:
        return
    lines = grid(Column(style=QUIET, no_wrap=True, justify="right"), Column(overflow="fold"))
    for index, example in enumerate(description.examples):
        if index:
            lines.add_row()
        for label, text in _parts(example, description.data):
            lines.add_row(label, text)
    yield section("Examples", f"drawn by seed={description.seed}", lines)


def _parts(example: Example, data: DataConfig) -> Iterator[tuple[str, Text]]:
    pair, source, target = example.pair, data.source_language, data.target_language
    tags = f"  {', '.join(pair.tags)}" if pair.tags else ""
    yield "", Text.assemble((example.split, NAME), (tags, QUIET))
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
        yield "links", Text(links, QUIET)


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
            Text("!", f"bold {ALARM}") if alarming else Text("·", QUIET),
            Text(finding.message, ALARM if alarming else ""),
        )
        for line in _evidence(finding):
            rows.add_row("", Text(line, QUIET))
        rows.add_row("", Text(f"→ {finding.remedy}"))
    return section(title, "", *([rows] if findings else []))


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
