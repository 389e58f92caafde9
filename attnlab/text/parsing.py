"""Files of sentence pairs, some lines at a time: so no corpus has to be held whole.

The lines of a block become pairs without the blocks before it, in any process. Knows nothing of
how files are found, nor of what becomes of the pairs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from attnlab.errors import AttnlabError
from attnlab.text.lines import BYTE_ORDER_MARK, decode_lines, line_blocks, normalise
from attnlab.text.pairs import (
    ALIGNMENT_COLUMN,
    CONTRAST_COLUMN,
    FOCUS_COLUMN,
    TAGS_COLUMN,
    Layout,
    SentencePair,
)

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
    """The same lines of each file, undecoded; `first` is the number of the first line, from 1."""

    first: int
    contents: tuple[bytes, ...]


@dataclass(frozen=True)
class Parsed:
    """The pairs of one block, and how many of its lines held none."""

    pairs: list[SentencePair]
    skipped: int


def blocks(files: PairFiles) -> Iterator[Block]:
    """All lines of the files, each of which is read once.

    Raises:
        AttnlabError: when one of two files has more lines than the other, and for a file that is
            absent or a damaged gzip file.
    """
    first = 1
    readings = [line_blocks(path) for path in files.paths]
    for contents in zip_longest(*readings, fillvalue=b""):
        lines = [_count_lines(content) for content in contents]
        if len(set(lines)) > 1:
            further = (sum(map(_count_lines, reading)) for reading in readings)
            totals = [first - 1 + here + rest for here, rest in zip(lines, further, strict=True)]
            raise _unequal(files, totals)
        yield Block(first, contents)
        first += lines[0]


def parse(files: PairFiles, block: Block) -> Parsed:
    """The pairs of a block of `files`, in order.

    Lines that are blank, and rows where a language's column is, are skipped and counted. A
    quotation mark is a mere character.

    Raises:
        AttnlabError: for a line that is no UTF-8, has too few columns or a malformed alignment.
    """
    sides = [
        decode_lines(content, str(path), block.first)
        for path, content in zip(files.paths, block.contents, strict=True)
    ]
    if len(sides) == 1:
        return _parse_rows(files, sides[0], block.first)
    sources, targets = ([normalise(line) for line in side] for side in sides)
    originals = sides[1]
    if originals and block.first == 1 and block.contents[1].startswith(BYTE_ORDER_MARK.encode()):
        originals[0] = BYTE_ORDER_MARK + originals[0]  # sacreBLEU takes it for text
    pairs = [
        SentencePair(source, target, original=_original(original, target))
        for source, target, original in zip(sources, targets, originals, strict=True)
        if source.strip() and target.strip()
    ]
    return Parsed(pairs, len(sources) - len(pairs))


def _original(text: str, target: str) -> str | None:
    """What `SentencePair.original` is of a target that a file has as `text`."""
    text = text.rstrip()  # as sacreBLEU reads a line
    return None if text == target else text


def _parse_rows(files: PairFiles, lines: list[str], first: int) -> Parsed:
    (path,), layout = files.paths, files.layout
    columns = list(layout.columns)
    source_column = columns.index(layout.source_language)
    target_column = columns.index(layout.target_language)
    forward = source_column < target_column
    optional = (CONTRAST_COLUMN, FOCUS_COLUMN)
    needed = max(i for i, name in enumerate(columns, start=1) if name not in optional)
    pairs, skipped = [], 0
    for number, line in enumerate(lines, start=first):
        if not line.strip():
            skipped += 1
            continue
        cells = line.split("\t")
        if len(cells) < needed:
            raise _too_few_columns(path, number, needed, len(cells))
        fields = [normalise(cell) for cell in cells[: len(columns)]]
        source, target = fields[source_column], fields[target_column]
        if not (source.strip() and target.strip()):
            skipped += 1
            continue
        notes = dict(zip(columns, fields, strict=False))
        alignment = notes.get(ALIGNMENT_COLUMN) or None
        if alignment is not None:
            if _ALIGNMENT.fullmatch(alignment) is None:
                raise AttnlabError(
                    f"{path}:{number}: expected an alignment like '0-0 1-2', found '{alignment}'"
                )
            if not forward:
                alignment = _flip(alignment)
        tags = split_tags(notes.get(TAGS_COLUMN, ""))
        contrast, focus = (
            (notes.get(name) or None) if forward else None
            for name in (CONTRAST_COLUMN, FOCUS_COLUMN)
        )
        original = _original(cells[target_column], target)
        pairs.append(SentencePair(source, target, alignment, tags, contrast, focus, original))
    return Parsed(pairs, skipped)


def split_tags(joined: str) -> tuple[str, ...]:
    """The tags that a column of them holds."""
    return tuple(filter(None, map(str.strip, joined.split(",")))) if joined else ()


def _count_lines(content: bytes) -> int:
    return content.count(b"\n") + bool(content and not content.endswith(b"\n"))


def _unequal(files: PairFiles, lines: list[int]) -> AttnlabError:
    (source, target), (some, other) = files.paths, lines
    return AttnlabError(
        f"{source} has {some:,} lines but {target} has {other:,}; "
        "line for line, one must translate the other"
    )


def _too_few_columns(path: Path, line: int, expected: int, found: int) -> AttnlabError:
    message = f"{path}:{line}: expected {expected} or more tab-separated fields, found {found}"
    if line == 1:  # perhaps it is one half of a pair of files
        message += " (two files, one a language, are named by what their names share)"
    return AttnlabError(message)


def _flip(alignment: str) -> str:
    return re.sub(r"(\d+)([-p])(\d+)", r"\3\2\1", alignment)
