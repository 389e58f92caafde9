"""Layout of a file with several columns: its header, separator and number of columns; CSV rows."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from attnlab.data.pairs import ANNOTATIONS, Layout
from attnlab.data.reading.lines import decode_lines, is_blank
from attnlab.support.errors import AttnlabError

_SEPARATORS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
_HEAD_ROWS = 200
_BLOCK_ROWS = 10_000
_BREAKS = re.compile("[\t\r\n]+")
_FIRST_SIDE = {"source", "src", "source_text", "source_sentence"}
_SECOND_SIDE = {"target", "tgt", "trg", "target_text", "target_sentence", "translation"}
# Names of languages in headers, by the codes that configs have for them.
_LANGUAGES = {
    name: code
    for code, names in {
        "ar": "arabic ara",
        "cs": "czech ces",
        "de": "german deutsch deu ger",
        "el": "greek ell",
        "en": "english eng",
        "es": "spanish español spa",
        "fi": "finnish fin",
        "fr": "french français fra fre",
        "he": "hebrew heb",
        "hi": "hindi hin",
        "it": "italian italiano ita",
        "ja": "japanese jpn 日本語",
        "ko": "korean kor 한국어",
        "nl": "dutch nederlands nld",
        "pl": "polish polski pol",
        "pt": "portuguese português por",
        "ru": "russian русский rus",
        "sv": "swedish svenska swe",
        "th": "thai tha",
        "tr": "turkish türkçe tur",
        "uk": "ukrainian ukr",
        "vi": "vietnamese vie",
        "zh": "chinese mandarin cmn zho 中文",
    }.items()
    for name in names.split()
}
_CODES = frozenset(_LANGUAGES.values())
_OTHER_COLUMNS = frozenset({"", "id", "no", "nr", "index", "number", *ANNOTATIONS})
"""Columns that may stand beside the languages in a header."""
_HEADER_WORDS = {"source", "src", "target", "tgt", "trg", "sentence", "translation", *_LANGUAGES}


@dataclass(frozen=True)
class Table:
    """How the rows of a file are read.

    `columns`: their names from the left, "" for one that is not read. `width`: the number of cells
    in the first row, which is in `line`, and `surplus` how many of them are right of `columns`.
    `remark`: for the log.
    """

    columns: tuple[str, ...]
    width: int = 0
    surplus: int = 0
    line: int = 0
    separator: str = "tab"
    remark: str = ""
    is_header: bool = False


def is_csv_name(path: Path) -> bool:
    """Whether the file's name, `.gz` aside, ends in `.csv`."""
    return path.name.lower().removesuffix(".gz").endswith(".csv")


def table_of(lines: Sequence[str], path: Path, layout: Layout) -> Table:
    """The layout of a file of tab-separated columns, by its first lines.

    Raises:
        AttnlabError: its first row is a header that names other languages.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            return _table(line.split("\t"), f"{path}:{number}", number, layout)
    return Table(tuple(layout.columns))


def csv_separator(lines: Sequence[str], path: Path, layout: Layout) -> str | None:
    """The separator of a CSV file, by its first lines; None for a file of tab-separated columns.

    A file without `.csv` in its name is CSV if it has no tabs and its first row names both
    languages.

    Raises:
        AttnlabError: a file is named `.csv` and nothing separates its columns.
    """
    head = lines[:_HEAD_ROWS]
    is_named = is_csv_name(path)
    if not is_named and any("\t" in line for line in head):
        return None
    ranked = []
    for order, separator in enumerate(_SEPARATORS):
        try:
            rows = list(csv.reader(_with_ends(head), delimiter=separator))
        except csv.Error:
            continue
        widths = [len(row) for row in rows if row]
        if widths and (len(rows[0]) > 1 if rows[0] else max(widths) > 1):
            is_header = _header_columns(rows[0], layout) is not None
            ranked.append((not is_header, len(set(widths)) > 1, order, separator))
    if not is_named:
        return next((each[-1] for each in ranked if not each[0]), None)
    if not ranked and any(line.strip() for line in head):
        raise AttnlabError(
            f"{path}:1: no comma, semicolon, tab or bar separates columns here; two files, one a "
            "language, are named by what their names share"
        )
    return min(ranked)[-1] if ranked else ","


def csv_rows(
    blocks: Iterable[bytes], path: Path, layout: Layout, separator: str
) -> Iterator[tuple[Table, bytes, tuple[int, ...]]]:
    """All rows but the header as lines of tab-separated columns, and the line each begins at.

    Tabs and line ends within a field become spaces.

    Raises:
        AttnlabError: for text that is not UTF-8, a quotation mark that is never closed, and a
            header that names other languages.
    """
    reader = csv.reader(_with_ends(_decoded(blocks, path)), delimiter=separator, strict=True)
    rows = _numbered(reader, path)
    first = next((row for row in rows if any(map(str.strip, row[1]))), None)
    if first is None:
        return
    number, cells = first
    table = _table(cells, f"{path}:{number}", number, layout, separator, is_csv=True)
    if not table.is_header:
        rows = chain([first], rows)
    while block := list(islice(rows, _BLOCK_ROWS)):
        lines = ["\t".join(_BREAKS.sub(" ", cell) for cell in row) + "\n" for _, row in block]
        yield table, "".join(lines).encode(), tuple(number for number, _ in block)


def _decoded(blocks: Iterable[bytes], path: Path) -> Iterator[str]:
    number = 1
    for block in blocks:
        lines = decode_lines(block, str(path), number)
        number += len(lines)
        yield from lines


def _with_ends(lines: Iterable[str]) -> Iterator[str]:
    return (f"{line}\n" for line in lines)


def _numbered(reader: Iterator[list[str]], path: Path) -> Iterator[tuple[int, list[str]]]:
    line = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise AttnlabError(
                f"{path}:{line}: no row of CSV ({error}); is a quotation mark not closed, or one "
                'within a field not doubled ("")?'
            ) from error
        yield line, row
        line = reader.line_num + 1  # type: ignore[attr-defined]


def surplus(cells: Sequence[str], columns: Sequence[str]) -> int:
    """The number of cells right of the `columns`, without blank ones at the end."""
    filled = max((i for i, cell in enumerate(cells, start=1) if not is_blank(cell)), default=0)
    return max(filled - len(columns), 0)


def _table(
    cells: Sequence[str],
    place: str,
    number: int,
    layout: Layout,
    separator: str = "\t",
    is_csv: bool = False,
) -> Table:
    header = _header_columns(cells, layout)
    if header is None:
        _refuse_other_languages(cells, place, layout)
    columns = header or tuple(layout.columns)
    remarks = [f"columns separated by {_SEPARATORS[separator]}s"] if is_csv else []
    if header:
        remarks.append(f"line {number} is a header ({', '.join(map(str.strip, cells))})")
    elif len(cells) > 1 and all(_HEADER_WORDS & _words(cell) for cell in cells[:2]):
        remarks.append(
            f"line {number} ({', '.join(map(str.strip, cells[:2]))}) is read as a pair; if it is "
            f"a header, name its columns {layout.source_language} and {layout.target_language}"
        )
    return Table(
        columns,
        len(cells),
        surplus(cells, columns),
        number,
        _SEPARATORS[separator],
        ", ".join(remarks),
        header is not None,
    )


def _refuse_other_languages(cells: Sequence[str], place: str, layout: Layout) -> None:
    """Refuse a first row that names two languages other than those of the corpus."""
    names = [cell.strip().casefold() for cell in cells]
    found = dict.fromkeys(_LANGUAGES.get(name, name) for name in names)
    languages = [code for code in found if code in _CODES]
    others = [
        name for name in names if _LANGUAGES.get(name, name) not in (*_CODES, *_OTHER_COLUMNS)
    ]
    if len(languages) == 2 and not others:
        source, target = languages
        raise AttnlabError(
            f"{place}: the header names {source} and {target}, where {layout.source_language} and "
            f"{layout.target_language} are asked for: give data.source_language={source} "
            f"data.target_language={target}, or correct it (if it is a pair, it cannot come first)"
        )


def _words(cell: str) -> set[str]:
    return set(re.findall("[^\\W\\d_]+", cell.casefold()))


def _header_columns(cells: Sequence[str], layout: Layout) -> tuple[str, ...] | None:
    """The columns that a first row names, if it names each of both languages once."""
    languages = [name for name in layout.columns if name not in ANNOTATIONS]
    wanted = (layout.source_language, layout.target_language)
    found = []
    for cell in cells:
        name = cell.strip().casefold()
        code = _LANGUAGES.get(name, name)
        if name in _FIRST_SIDE and len(languages) > 1:
            code = languages[0]
        elif name in _SECOND_SIDE and len(languages) > 1:
            code = languages[1]
        found.append(code if code in (*wanted, *ANNOTATIONS) else "")
    return tuple(found) if all(found.count(language) == 1 for language in wanted) else None
