"""Files to sentence pairs: tab-separated columns, or one file a language (a Moses pair).

Knows nothing of splits or of the corpora that attnlab can name.
"""

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from attnlab.errors import AttnlabError, UsageError
from attnlab.text.lines import find_text_file, normalise, read_lines, read_raw_lines

ALIGNMENT_COLUMN = "alignment"
TAGS_COLUMN = "tags"
CONTRAST_COLUMN = "contrast"
FOCUS_COLUMN = "focus"
_ALIGNMENT = re.compile(r"\d+-\d+( \d+-\d+)*")


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A sentence and its translation, both normalised.

    `alignment` is in Pharaoh form, `0-0 1-2`: source word, target word, counted from 0. `tags`
    name phenomena. `contrast` is a wrong translation, to be found less likely than `target`.
    `focus` is a word of `target` that the sentence is there to ask for. All four come from columns
    of these names, the last two only in the direction that the file is written in; elsewhere
    there are none.
    """

    source: str
    target: str
    alignment: str | None = None
    tags: tuple[str, ...] = ()
    contrast: str | None = None
    focus: str | None = None


@dataclass
class ReadingReport:
    """What one reading gave and left out; `str()` is a line for the log."""

    paths: tuple[str, ...]
    pairs: int
    skipped_empty: int = 0
    skipped_long: int = 0

    def __str__(self) -> str:
        skipped = f"skipped {self.skipped_empty:,} empty, {self.skipped_long:,} too long"
        return f"{' + '.join(self.paths)}: {self.pairs:,} sentence pairs ({skipped})"


@dataclass(frozen=True)
class Layout:
    """Which language is translated into which, and what a file of several columns holds.

    `columns` names the columns from the left: languages, `alignment` (links from the first
    language column to the second), `tags` (comma-separated), `contrast` (a wrong sentence of the
    second language) or `focus` (a word of the second language). Lines without the last two may
    end before them. Columns further right are not read.
    """

    source_language: str
    target_language: str
    columns: Sequence[str]


class CorpusNotFoundError(AttnlabError):
    """No file stands where a corpus was said to be."""


def read_pairs(path: Path, layout: Layout) -> tuple[list[SentencePair], ReadingReport]:
    """The pairs of a TSV file, or of the Moses pair that `path` is the prefix or one half of.

    Every file may be plain or gzip, and is found without `.gz` in its name.

    Raises:
        CorpusNotFoundError: when there is no such file or pair.
        UsageError: for a language that no column of the file holds.
        AttnlabError: for what is wrong in a file, with its line, and for an empty corpus.
    """
    prefix, is_one_side = _moses_prefix(path, layout)
    if not is_one_side and find_text_file(path) is not None:
        return read_tsv(path, layout)
    languages = (layout.source_language, layout.target_language)
    source, target = (Path(f"{prefix}.{language}") for language in languages)
    missing = [side for side in (source, target) if find_text_file(side) is None]
    if missing:
        raise _not_found(path, prefix, missing)
    return read_pair_files(source, target)


def read_tsv(path: Path, layout: Layout) -> tuple[list[SentencePair], ReadingReport]:
    """The pairs of a file with tab-separated columns; a quotation mark is a mere character.

    Lines that are blank, and rows where a language's column is, are skipped and counted. Errors
    are those of `read_pairs`.
    """
    path = find_text_file(path) or path
    source_column, target_column = (_column(path, layout, side) for side in ("source", "target"))
    forward = source_column < target_column
    optional = (CONTRAST_COLUMN, FOCUS_COLUMN)
    needed = max(i for i, name in enumerate(layout.columns, start=1) if name not in optional)
    pairs, skipped = [], 0
    for number, line in enumerate(read_raw_lines(path), start=1):
        if not line.strip():
            skipped += 1
            continue
        fields = [normalise(field) for field in line.split("\t")]
        if len(fields) < needed:
            raise _too_few_columns(path, number, needed, len(fields))
        source, target = fields[source_column], fields[target_column]
        if not (source.strip() and target.strip()):
            skipped += 1
            continue
        notes = dict(zip(layout.columns, fields, strict=False))
        alignment = notes.get(ALIGNMENT_COLUMN) or None
        if alignment is not None:
            if _ALIGNMENT.fullmatch(alignment) is None:
                raise AttnlabError(
                    f"{path}:{number}: expected an alignment like '0-0 1-2', found '{alignment}'"
                )
            if not forward:
                alignment = _flip(alignment)
        tags = tuple(filter(None, map(str.strip, notes.get(TAGS_COLUMN, "").split(","))))
        contrast, focus = (
            (notes.get(name) or None) if forward else None
            for name in (CONTRAST_COLUMN, FOCUS_COLUMN)
        )
        pairs.append(SentencePair(source, target, alignment, tags, contrast, focus))
    return _refuse_empty(pairs, ReadingReport((str(path),), len(pairs), skipped))


def read_pair_files(
    source: Path | str, target: Path | str
) -> tuple[list[SentencePair], ReadingReport]:
    """The pairs of two files that hold one sentence a line, line for line.

    Pairs with a blank side are skipped and counted.

    Raises:
        AttnlabError: when one has more lines than the other, for whatever `read_lines` refuses,
            and where no pair is left.
    """
    source, target = (find_text_file(Path(side)) or Path(side) for side in (source, target))
    sources, targets = read_lines(source), read_lines(target)
    if len(sources) != len(targets):
        raise AttnlabError(
            f"{source} has {len(sources):,} lines but {target} has {len(targets):,}; "
            "line for line, one must translate the other"
        )
    pairs = [
        SentencePair(one, other)
        for one, other in zip(sources, targets, strict=True)
        if one.strip() and other.strip()
    ]
    report = ReadingReport((str(source), str(target)), len(pairs), len(sources) - len(pairs))
    return _refuse_empty(pairs, report)


def _refuse_empty(
    pairs: list[SentencePair], report: ReadingReport
) -> tuple[list[SentencePair], ReadingReport]:
    if not pairs:
        raise AttnlabError(
            f"{' + '.join(report.paths)}: no sentence pairs "
            f"(skipped {report.skipped_empty:,} empty); name a file that holds some"
        )
    return pairs, report


def _column(path: Path, layout: Layout, side: str) -> int:
    language = getattr(layout, f"{side}_language")
    if language not in layout.columns:
        raise UsageError(
            f"data.{side}_language={language} is in no column of {path}; "
            f"data.columns names: {', '.join(layout.columns)}"
        )
    return list(layout.columns).index(language)


def _moses_prefix(path: Path, layout: Layout) -> tuple[Path, bool]:
    """The name that the two files of a pair share, and whether `path` is one of the two."""
    name = path.name.removesuffix(".gz")
    for language in (layout.source_language, layout.target_language):
        if name.endswith(f".{language}"):
            return path.with_name(name.removesuffix(f".{language}")), True
    return path, False


def _not_found(path: Path, prefix: Path, missing: list[Path]) -> CorpusNotFoundError:
    neighbours = sorted(found.name for found in path.parent.glob(f"{glob.escape(prefix.name)}.*"))
    if prefix.name and neighbours:
        looked_for = " and ".join(str(side) for side in missing)
        return CorpusNotFoundError(
            f"no file {looked_for}, plain or .gz; found beside it: {', '.join(neighbours)}"
        )
    if path.is_dir():
        return CorpusNotFoundError(f"{path} is a folder, not a file; name a file in it")
    pair = " + ".join(side.name for side in missing)
    return CorpusNotFoundError(
        f"no corpus {path}: looked for that file and for {pair}, plain or .gz"
    )


def _too_few_columns(path: Path, line: int, expected: int, found: int) -> AttnlabError:
    message = f"{path}:{line}: expected {expected} or more tab-separated fields, found {found}"
    if line == 1:  # perhaps it is one half of a pair of files
        message += " (two files, one a language, are named by what their names share)"
    return AttnlabError(message)


def _flip(alignment: str) -> str:
    links = (link.split("-") for link in alignment.split(" "))
    return " ".join(f"{second}-{first}" for first, second in links)
