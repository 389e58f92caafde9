"""Files of sentence pairs, some lines at a time: so no corpus has to be held whole.

The lines of a block become pairs without the blocks before it, in any process. Knows nothing of
how files are found, nor of what becomes of the pairs.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, zip_longest
from pathlib import Path

from attnlab.data.pairs import (
    ALIGNMENT_COLUMN,
    CONTRAST_COLUMN,
    FOCUS_COLUMN,
    NOTE_COLUMNS,
    TAGS_COLUMN,
    Layout,
    SentencePair,
    Skipped,
)
from attnlab.data.reading.lines import (
    BYTE_ORDER_MARK,
    decode_lines,
    is_blank,
    line_blocks,
    normalise,
)
from attnlab.data.reading.tables import Table, csv_rows, csv_separator, surplus, table_of
from attnlab.support.errors import AttnlabError

_ALIGNMENT = re.compile(r"\d+[-p]\d+( \d+[-p]\d+)*")


@dataclass(frozen=True)
class PairFiles:
    """One file of tab-separated columns, or two that hold one sentence a line, line for line.

    `layout` names, among the columns of the one file, both of its languages; of two files, the
    first is the source.
    """

    paths: tuple[Path, ...]
    layout: Layout

    def names(self) -> tuple[str, ...]:
        """The files' paths as messages show them."""
        return tuple(map(str, self.paths))


@dataclass(frozen=True)
class Block:
    """The same lines of each file, undecoded; `first` is the number of the first line, from 1.

    Of one file of columns, `table` says what they are; of CSV, `numbers` where each row begins.
    """

    first: int
    contents: tuple[bytes, ...]
    table: Table | None = None
    numbers: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Row:
    """One line of the files: `source` and `target` as they stand, and all cells by column."""

    number: int
    source: str
    target: str
    cells: dict[str, str]


@dataclass(frozen=True)
class Parsed:
    """The pairs of one block, and what was left out of it."""

    pairs: list[SentencePair]
    skipped: Skipped


def blocks(files: PairFiles) -> Iterator[Block]:
    """All lines of the files, each of which is read once; headers are passed over.

    Raises:
        AttnlabError: when one of two files has more lines than the other, and for a file that is
            absent or no text.
    """
    if len(files.paths) == 1:
        yield from _table_blocks(files)
        return
    first = 1
    readings = [line_blocks(path) for path in files.paths]
    for contents in zip_longest(*readings, fillvalue=b""):
        lines = [_count_lines(content) for content in contents]
        if len(set(lines)) > 1:
            further = (sum(map(_count_lines, reading)) for reading in readings)
            totals = [first - 1 + here + rest for here, rest in zip(lines, further, strict=True)]
            raise unequal(files.paths, totals)
        yield Block(first, contents)
        first += lines[0]


def _table_blocks(files: PairFiles) -> Iterator[Block]:
    (path,), layout = files.paths, files.layout
    reading = line_blocks(path)
    content = next(reading, b"")
    head = decode_lines(content, str(path))
    separator = csv_separator(head, path, layout)
    if separator is not None:
        for table, rows in csv_rows(chain([content], reading), path, layout, separator):
            yield Block(1, (rows.content,), table, rows.numbers)
        return
    table, first = table_of(head, path, layout), 1
    if table.is_header:
        content = content.split(b"\n", table.line)[table.line]
        first += table.line
    for each in chain([content] if content else [], reading):
        yield Block(first, (each,), table)
        first += _count_lines(each)


def parse(files: PairFiles, block: Block) -> Parsed:
    """The pairs of a block of `files`, in order.

    Lines that are blank, and rows where a language's column is, are skipped and counted, and so are
    pairs over the layout's `max_characters`. In columns between tabs, a quotation mark is a mere
    character.

    Raises:
        AttnlabError: for a line that is no UTF-8, has too few columns or other columns than the
            first, or a malformed alignment.
    """
    pairs, empty, overlong = [], 0, []
    for row in rows_of(files, block):
        mark = BYTE_ORDER_MARK if row.number == 1 else ""
        source, target = normalise(row.source), normalise(row.target.removeprefix(mark))
        if is_blank(source) or is_blank(target):
            empty += 1
        elif max(len(source), len(target)) > (files.layout.max_characters or sys.maxsize):
            overlong.append(row.number)
        elif row.cells:
            pairs.append(_annotated(files, row, source, target))
        else:
            pairs.append(SentencePair(source, target, original=_original(row.target, target)))
    remark = block.table.remark if block.table else ""
    return Parsed(pairs, Skipped(empty, len(overlong), min(overlong, default=None), remark))


def rows_of(files: PairFiles, block: Block) -> Iterator[Row]:
    """The lines of a block, blank ones too; errors as for `parse`, but for alignments."""
    sides = [
        decode_lines(content, str(path), block.first)
        for path, content in zip(files.paths, block.contents, strict=True)
    ]
    if len(sides) == 1:
        yield from _table_rows(files, sides[0], block)
        return
    sources, targets = sides
    if targets and block.first == 1 and block.contents[1].startswith(BYTE_ORDER_MARK.encode()):
        targets[0] = BYTE_ORDER_MARK + targets[0]  # sacreBLEU takes it for text
    for number, (source, target) in enumerate(zip(sources, targets, strict=True), block.first):
        yield Row(number, source, target, {})


def _original(text: str, target: str) -> str | None:
    """What `SentencePair.original` is of a target that a file has as `text`."""
    text = text.rstrip()  # as sacreBLEU reads a line
    return None if text == target else text


def _table_rows(files: PairFiles, lines: list[str], block: Block) -> Iterator[Row]:
    (path,), layout = files.paths, files.layout
    table = block.table or table_of(lines, path, layout)
    columns = table.columns
    languages = layout.source_language, layout.target_language
    source_column, target_column = map(columns.index, languages)
    read = (*languages, ALIGNMENT_COLUMN, TAGS_COLUMN)
    needed = max(i for i, name in enumerate(columns, start=1) if name in read)
    for number, line in zip(block.numbers or count(block.first), lines, strict=False):
        if not line.strip():
            yield Row(number, "", "", {})
            continue
        cells = line.split("\t")
        if len(cells) < needed:
            raise _too_few_columns(path, number, needed, len(cells), table.separator)
        if len(cells) != table.width and surplus(cells, columns) != table.surplus:
            raise _other_columns(path, number, len(cells), table, layout)
        found = dict(zip(columns, cells, strict=False))
        yield Row(number, cells[source_column], cells[target_column], found)


def _annotated(files: PairFiles, row: Row, source: str, target: str) -> SentencePair:
    layout, columns = files.layout, list(row.cells)
    forward = columns.index(layout.source_language) < columns.index(layout.target_language)
    notes = {name: normalise(row.cells[name]) for name in NOTE_COLUMNS if row.cells.get(name)}
    alignment = notes.get(ALIGNMENT_COLUMN) or None
    if alignment is not None:
        if _ALIGNMENT.fullmatch(alignment) is None:
            raise AttnlabError(
                f"{files.paths[0]}:{row.number}: expected an alignment like '0-0 1-2', "
                f"found '{alignment}'"
            )
        if not forward:
            alignment = _flip(alignment)
    tags = split_tags(notes.get(TAGS_COLUMN, ""))
    contrast, focus = (
        (notes.get(name) or None) if forward else None for name in (CONTRAST_COLUMN, FOCUS_COLUMN)
    )
    original = _original(row.target, target)
    return SentencePair(source, target, alignment, tags, contrast, focus, original)


def split_tags(joined: str) -> tuple[str, ...]:
    """The tags that a column of them holds."""
    return tuple(filter(None, map(str.strip, joined.split(",")))) if joined else ()


def _count_lines(content: bytes) -> int:
    return content.count(b"\n") + bool(content and not content.endswith(b"\n"))


def unequal(paths: Sequence[Path], lines: Sequence[int]) -> AttnlabError:
    """What is wrong where two files that translate one another have so many lines."""
    (source, target), (some, other) = paths, lines
    return AttnlabError(
        f"{source} has {some:,} lines but {target} has {other:,}; "
        "line for line, one must translate the other"
    )


def _other_columns(path: Path, line: int, found: int, table: Table, layout: Layout) -> AttnlabError:
    more = ",".join([*filter(None, table.columns), "notes"])
    return AttnlabError(
        f"{path}:{line}: {found} columns, but line {table.line} has {table.width}: is there a "
        f"{table.separator} within a sentence of {layout.source_language} or "
        f"{layout.target_language}? Make all lines alike, or name what stands behind the "
        f"sentences, as in 'data.columns=[{more}]'"
    )


def _too_few_columns(
    path: Path, line: int, expected: int, found: int, separator: str
) -> AttnlabError:
    message = (
        f"{path}:{line}: expected {expected} or more {separator}-separated fields, found {found}"
    )
    if line == 1 and separator == "tab":  # perhaps it is one half of a pair of files
        message += (
            " (two files, one a language, are named by what their names share; a file with commas "
            "is named .csv)"
        )
    return AttnlabError(message)


def _flip(alignment: str) -> str:
    return re.sub(r"(\d+)([-p])(\d+)", r"\3\2\1", alignment)
