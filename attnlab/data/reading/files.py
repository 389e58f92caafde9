"""Files of sentence pairs: columns in one file, or one file per language (a Moses pair).

Training, evaluation and `attnlab data describe` all read pairs by `read_blocks` and `parse`. A
block is undecoded bytes, so that blocks can be parsed in several processes and no corpus has to
be in memory.
"""

import glob
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, zip_longest
from pathlib import Path

from attnlab.data.pairs import (
    ALIGNMENT_COLUMN,
    ANNOTATIONS,
    CONTRAST_COLUMN,
    FOCUS_COLUMN,
    TAGS_COLUMN,
    Layout,
    ReadingReport,
    SentencePair,
)
from attnlab.data.reading.lines import (
    BYTE_ORDER_MARK,
    decode_lines,
    find_text_file,
    is_blank,
    line_blocks,
    normalise,
    read_raw_lines,
)
from attnlab.data.reading.tables import Table, csv_rows, csv_separator, surplus, table_of
from attnlab.support.errors import AttnlabError, UsageError

_ALIGNMENT = re.compile(r"\d+[-p]\d+( \d+[-p]\d+)*")
_NO_COLUMNS = "none; list them, such as 'data.columns=[en,fr]'"


class CorpusNotFoundError(AttnlabError):
    """There is no file at the path of a corpus."""


@dataclass(frozen=True)
class PairFiles:
    """One file with columns for both languages of `layout`, or the source and the target file."""

    paths: tuple[Path, ...]
    layout: Layout

    def names(self) -> tuple[str, ...]:
        """The paths as messages show them."""
        return tuple(map(str, self.paths))


def find_pairs(path: Path, layout: Layout) -> PairFiles:
    """The file of columns at `path`, or the Moses pair whose prefix or one file `path` is.

    Every file may be plain or gzip, and is found without `.gz` in its name.

    Raises:
        CorpusNotFoundError: there is no such file or pair.
        UsageError: no column of the file holds one of the languages.
    """
    languages = (layout.source_language, layout.target_language)
    name = path.name.removesuffix(".gz")
    language = next((each for each in languages if name.endswith(f".{each}")), None)
    if language is None and (found := find_text_file(path)) is not None:
        for side in ("source", "target"):
            if (wanted := getattr(layout, f"{side}_language")) not in layout.columns:
                named = ", ".join(layout.columns) or _NO_COLUMNS
                raise UsageError(
                    f"data.{side}_language={wanted} is in no column of {found}; data.columns "
                    f"names: {named}"
                )
        return PairFiles((found,), layout)
    prefix = path.with_name(name.removesuffix(f".{language}")) if language else path
    sides = [Path(f"{prefix}.{each}") for each in languages]
    files = [find_text_file(side) for side in sides]
    if None in files:
        missing = [side for side, file in zip(sides, files, strict=True) if file is None]
        raise _not_found(path, prefix, missing)
    return PairFiles(tuple(filter(None, files)), layout)


def _not_found(path: Path, prefix: Path, missing: list[Path]) -> CorpusNotFoundError:
    neighbours = sorted(found.name for found in path.parent.glob(f"{glob.escape(prefix.name)}.*"))
    if prefix.name and neighbours:
        wanted = " and ".join(map(str, missing))
        return CorpusNotFoundError(
            f"no file {wanted}, plain or .gz; found beside it: {', '.join(neighbours)}"
        )
    if path.is_dir():
        return CorpusNotFoundError(f"{path} is a folder, not a file; name a file in it")
    pair = " + ".join(side.name for side in missing)
    return CorpusNotFoundError(
        f"no corpus {path}: looked for that file and for {pair}, plain or .gz"
    )


def read_pairs(path: Path, layout: Layout) -> tuple[list[SentencePair], ReadingReport]:
    """The pairs of the files that `find_pairs` finds; errors are its own and `read_files`'s."""
    return read_files(find_pairs(path, layout))


def read_files(files: PairFiles) -> tuple[list[SentencePair], ReadingReport]:
    """All pairs of `files`; pairs with a blank side are skipped and counted.

    Raises:
        AttnlabError: those of `read_blocks` and `parse`, and for files without any pair.
    """
    pairs: list[SentencePair] = []
    report = ReadingReport(files.names(), pairs=0)
    for block in read_blocks(files):
        parsed, counts = parse(files, block)
        pairs += parsed
        report.add(counts)
    refuse_empty(report)
    return pairs, report


def refuse_empty(report: ReadingReport) -> None:
    """Raise an AttnlabError where files have no pair at all."""
    if not report.pairs:
        raise AttnlabError(
            f"{' + '.join(report.paths)}: no sentence pairs "
            f"(skipped {report.skipped_empty:,} empty, {report.skipped_overlong:,} over "
            "data.max_characters); name a file that holds some"
        )


def read_translations(source: Path, references: Sequence[Path]) -> list[list[str]]:
    """The lines of `source` and of each of `references`, not normalised, blank ones included.

    White space at the end of a reference is removed, as sacreBLEU does.

    Raises:
        AttnlabError: those of `read_raw_lines`; the files differ in length, or `source` is blank.
    """
    read = [read_raw_lines(source)]
    for path in references:
        read.append([line.rstrip() for line in read_raw_lines(path, with_mark=True)])
        if len(read[-1]) != len(read[0]):
            raise _unequal((source, path), (len(read[0]), len(read[-1])))
    if all(map(is_blank, read[0])):
        raise AttnlabError(f"{source}: no sentences; name a file that holds some")
    return read


@dataclass(frozen=True)
class Block:
    """The same lines of each file, undecoded; `first` is the number of the first line, from 1.

    `table`: the columns of a single file. `numbers`: where each row of CSV begins.
    """

    first: int
    contents: tuple[bytes, ...]
    table: Table | None = None
    numbers: tuple[int, ...] | None = None


def read_blocks(files: PairFiles) -> Iterator[Block]:
    """All lines of the files, read once, without headers.

    Raises:
        AttnlabError: one of two files has more lines than the other, or a file is absent or is
            not text.
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
            raise _unequal(files.paths, totals)
        yield Block(first, contents)
        first += lines[0]


def _table_blocks(files: PairFiles) -> Iterator[Block]:
    (path,), layout = files.paths, files.layout
    reading = line_blocks(path)
    content = next(reading, b"")
    head = decode_lines(content, str(path))
    separator = csv_separator(head, path, layout)
    if separator is not None:
        for table, rows, numbers in csv_rows(chain([content], reading), path, layout, separator):
            yield Block(1, (rows,), table, numbers)
        return
    table, first = table_of(head, path, layout), 1
    if table.is_header:
        content = content.split(b"\n", table.line)[table.line]
        first += table.line
    for each in chain([content] if content else [], reading):
        yield Block(first, (each,), table)
        first += _count_lines(each)


def _count_lines(content: bytes) -> int:
    return content.count(b"\n") + bool(content and not content.endswith(b"\n"))


def _unequal(paths: Sequence[Path], lines: Sequence[int]) -> AttnlabError:
    (source, target), (some, other) = paths, lines
    return AttnlabError(
        f"{source} has {some:,} lines but {target} has {other:,}; "
        "line for line, one must translate the other"
    )


def parse(files: PairFiles, block: Block) -> tuple[list[SentencePair], ReadingReport]:
    """The pairs of a block of `files`, in order, and the counts of the block.

    Rows with a blank side, and pairs over the layout's `max_characters`, are skipped. Between
    tabs, a quotation mark is an ordinary character.

    Raises:
        AttnlabError: a line is not UTF-8, has too few columns or other columns than the first, or
            has a malformed alignment.
    """
    pairs = []
    report = ReadingReport(files.names(), 0, remark=block.table.remark if block.table else "")
    for row in _rows(files, block):
        mark = BYTE_ORDER_MARK if row.number == 1 else ""
        source, target = normalise(row.source), normalise(row.target.removeprefix(mark))
        if is_blank(source) or is_blank(target):
            report.skipped_empty += 1
        elif max(len(source), len(target)) > (files.layout.max_characters or sys.maxsize):
            report.skipped_overlong += 1
            report.first_overlong = report.first_overlong or row.number
        else:
            written = row.target.rstrip()  # as sacreBLEU reads a line
            original = None if written == target else written
            if row.cells:
                pairs.append(_annotated(files, row, source, target, original))
            else:
                pairs.append(SentencePair(source, target, original=original))
    report.pairs = len(pairs)
    return pairs, report


@dataclass(frozen=True)
class Row:
    """One line of the files, not normalised; `cells` by the name of their column."""

    number: int
    source: str
    target: str
    cells: dict[str, str]


def read_rows(files: PairFiles) -> Iterator[Row]:
    """All lines of the files, blank ones included; errors are those of `read_blocks`."""
    return chain.from_iterable(_rows(files, block) for block in read_blocks(files))


def _rows(files: PairFiles, block: Block) -> Iterator[Row]:
    """The lines of a block, blank ones included."""
    sides = [
        decode_lines(content, str(path), block.first)
        for path, content in zip(files.paths, block.contents, strict=True)
    ]
    if block.table is not None:
        yield from _table_rows(files, sides[0], block, block.table)
        return
    sources, targets = sides
    if targets and block.first == 1 and block.contents[1].startswith(BYTE_ORDER_MARK.encode()):
        targets[0] = BYTE_ORDER_MARK + targets[0]  # text, to sacreBLEU
    for number, (source, target) in enumerate(zip(sources, targets, strict=True), block.first):
        yield Row(number, source, target, {})


def _table_rows(files: PairFiles, lines: list[str], block: Block, table: Table) -> Iterator[Row]:
    (path,), layout, columns = files.paths, files.layout, table.columns
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


def _annotated(
    files: PairFiles, row: Row, source: str, target: str, original: str | None
) -> SentencePair:
    layout, columns = files.layout, list(row.cells)
    forward = columns.index(layout.source_language) < columns.index(layout.target_language)
    cells = {name: normalise(row.cells[name]) for name in ANNOTATIONS if row.cells.get(name)}
    alignment = cells.get(ALIGNMENT_COLUMN) or None
    if alignment is not None:
        if _ALIGNMENT.fullmatch(alignment) is None:
            raise AttnlabError(
                f"{files.paths[0]}:{row.number}: expected an alignment like '0-0 1-2', "
                f"found '{alignment}'"
            )
        if not forward:
            alignment = re.sub(r"(\d+)([-p])(\d+)", r"\3\2\1", alignment)
    contrast, focus = (
        (cells.get(name) or None) if forward else None for name in (CONTRAST_COLUMN, FOCUS_COLUMN)
    )
    tags = split_tags(cells.get(TAGS_COLUMN, ""))
    return SentencePair(source, target, alignment, tags, contrast, focus, original)


def split_tags(joined: str) -> tuple[str, ...]:
    """The tags of a comma-separated cell."""
    return tuple(filter(None, map(str.strip, joined.split(","))))


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
