"""A description of a corpus for a terminal of 80 columns or more, section by section.

Colour comes and goes with the terminal; without it nothing is lost. Knows no counting.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Column
from rich.text import Text

from attnlab.data.corpus import DataConfig
from attnlab.data.reading.places import Place
from attnlab.evaluate.aligned_tokens import aligned_tokens
from attnlab.studies.describe import tables
from attnlab.studies.describe.finding import Finding, Sighting
from attnlab.studies.describe.gather import Description
from attnlab.studies.describe.layout import ALARM, NAME, QUIET, count, section, table
from attnlab.studies.describe.pairs import links_in_words, printable

_SHOWN_OF_A_SENTENCE = 120
"""Characters: where a finding shows an example, the rest of it is left to the file."""


def show(description: Description, console: Console) -> None:
    """Print all there is to say; what is wrong comes last, where a terminal stops."""
    for group in (
        _head(description),
        *tables.words(description),
        *tables.lengths(description, console.width),
        *tables.phenomena(description, console.width),
        *tables.overlap(description),
        *_examples(description),
        *_findings(description.findings),
    ):
        console.print(group)


def _head(description: Description) -> Group:
    data = description.data
    pairs = sum(split.pairs for split in description.splits.values())
    what = f"split {description.only}"
    if description.only is None:
        what = count(len(description.splits), "split")
    lines: list[RenderableType] = [
        Text.assemble(
            (data.name, "bold"),
            f"  {data.source_language} → {data.target_language}  {pairs:,} sentence pairs  {what}",
        )
    ]
    folders: dict[Path, list[str]] = {}
    for report in description.reports.values():
        for path in map(Path, report.paths):
            folders.setdefault(path.parent, []).append(path.name)
    for folder, files in folders.items():
        place = "" if folder == Path() else f"{folder}: "
        lines.append(Text(place + ", ".join(files), QUIET))
    if description.held_out and description.only in (None, "train", *description.held_out):
        share = f"{data.held_out_fraction * 100:g} %"
        names = " and ".join(description.held_out)
        each = " each" if len(description.held_out) > 1 else ""
        lines.append(
            Text(
                f"{names}: {share} of the distinct sources of train's file{each}, "
                f"held out by seed={description.seed}",
                QUIET,
            )
        )
    if data.max_pairs is not None:
        lines.append(Text(f"the first {data.max_pairs:,} pairs of train's file alone", QUIET))
    return Group(*lines)


def _examples(description: Description) -> Iterator[Group]:
    if not description.examples:
        return
    data = description.data
    lines = table(Column(style=QUIET, no_wrap=True, justify="right"), Column(overflow="fold"))
    for index, example in enumerate(description.examples):
        if index:
            lines.add_row()
        for label, text in _parts(example, data):
            lines.add_row(label, text)
    yield section("Examples", f"drawn by seed={description.seed}", lines)


def _parts(example: Sighting, data: DataConfig) -> Iterator[tuple[str, Text]]:
    pair, source, target = example.pair, data.source_language, data.target_language
    tags = f"  {', '.join(pair.tags)}" if pair.tags else ""
    yield "", Text.assemble((example.split, NAME), (tags, QUIET))
    yield source, Text(printable(pair.source))
    yield target, Text(printable(pair.target))
    if pair.contrast is not None:
        yield "not", Text(printable(pair.contrast))
    if pair.focus is not None:
        yield "focus", Text(printable(pair.focus))
    links = links_in_words(
        pair,
        aligned_tokens(pair.source, source, data),
        aligned_tokens(pair.target, target, data),
    )
    if links:
        yield "links", Text(links, QUIET)


def _findings(findings: Sequence[Finding]) -> Iterator[Group]:
    warnings = sum(finding.level == "warning" for finding in findings)
    title = count(warnings, "warning") if warnings else "No warnings"
    notes = len(findings) - warnings
    if notes:
        title += f", {count(notes, 'note')}"
    rows = table(Column(no_wrap=True), Column(overflow="fold"), gap=1)
    for index, finding in enumerate(findings):
        if index:
            rows.add_row()
        alarming = finding.level == "warning"
        rows.add_row(
            Text("!", f"bold {ALARM}") if alarming else Text("·", QUIET),
            Text(finding.message, ALARM if alarming else ""),
        )
        for line in _seen(finding):
            rows.add_row("", line)
        rows.add_row("", Text(f"→ {finding.remedy}"))
    yield section(title, "", *([rows] if findings else []))


def _seen(finding: Finding) -> Iterator[Text]:
    if finding.places:
        yield Text(_where(finding.places), QUIET)
    for example in finding.examples:
        text = f"{printable(example.pair.source)} ‖ {printable(example.pair.target)}"
        if len(text) > _SHOWN_OF_A_SENTENCE:
            text = text[: _SHOWN_OF_A_SENTENCE - 1] + "…"
        where = _where(example.places) or example.split
        yield Text(f"{where}: {text}", QUIET)


def _where(places: Sequence[Place]) -> str:
    """`train.tsv:3, 17`."""
    if not places:
        return ""
    numbers = ", ".join(str(place.line) for place in places)
    return f"{Path(places[0].path).name}:{numbers}"
