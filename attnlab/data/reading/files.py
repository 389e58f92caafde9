"""Files to sentence pairs: tab-separated columns, or one file a language (a Moses pair).

Knows nothing of splits or of the corpora that attnlab can name.
"""

import glob
from collections.abc import Sequence
from pathlib import Path

from attnlab.data.pairs import Layout, ReadingReport, SentencePair
from attnlab.data.reading.lines import find_text_file, is_blank, read_raw_lines
from attnlab.data.reading.parsing import PairFiles, blocks, parse, unequal
from attnlab.support.errors import AttnlabError, UsageError


class CorpusNotFoundError(AttnlabError):
    """No file stands where a corpus was said to be."""


def find_pairs(path: Path, layout: Layout) -> PairFiles:
    """The TSV file, or the Moses pair that `path` is the prefix or one half of.

    Every file may be plain or gzip, and is found without `.gz` in its name.

    Raises:
        CorpusNotFoundError: when there is no such file or pair.
        UsageError: for a language that no column of the file holds.
    """
    prefix, is_one_side = _moses_prefix(path, layout)
    if not is_one_side and find_text_file(path) is not None:
        return _tsv_file(path, layout)
    languages = (layout.source_language, layout.target_language)
    source, target = (Path(f"{prefix}.{language}") for language in languages)
    missing = [side for side in (source, target) if find_text_file(side) is None]
    if missing:
        raise _not_found(path, prefix, missing)
    return _both_files(source, target, layout)


def read_pairs(path: Path, layout: Layout) -> tuple[list[SentencePair], ReadingReport]:
    """The pairs of the files that `find_pairs` finds.

    Raises:
        AttnlabError: those of `find_pairs`, and for what is wrong in a file, with its line, and
            for an empty corpus.
    """
    return read_files(find_pairs(path, layout))


def read_tsv(path: Path, layout: Layout) -> tuple[list[SentencePair], ReadingReport]:
    """The pairs of a file with tab-separated columns; errors are those of `read_pairs`."""
    return read_files(_tsv_file(path, layout))


def read_translations(source: Path, references: Sequence[Path]) -> list[list[str]]:
    """The lines of `source` and of each of `references` as the files have them, blank ones too.

    White space at the end of a reference goes, as sacreBLEU reads it.

    Raises:
        AttnlabError: those of `read_raw_lines`, and where the files differ in length or hold no
            text to translate.
    """
    read = [read_raw_lines(source)]
    for path in references:
        read.append([line.rstrip() for line in read_raw_lines(path, with_mark=True)])
        if len(read[-1]) != len(read[0]):
            raise unequal((source, path), (len(read[0]), len(read[-1])))
    if all(map(is_blank, read[0])):
        raise AttnlabError(f"{source}: no sentences; name a file that holds some")
    return read


def read_files(files: PairFiles) -> tuple[list[SentencePair], ReadingReport]:
    """All pairs of `files`; pairs with a blank side are skipped and counted."""
    pairs: list[SentencePair] = []
    report = ReadingReport(files.names(), pairs=0)
    for block in blocks(files):
        parsed = parse(files, block)
        pairs += parsed.pairs
        report.add(parsed.skipped)
    report.pairs = len(pairs)
    refuse_empty(report)
    return pairs, report


def refuse_empty(report: ReadingReport) -> None:
    """Raise an AttnlabError where a reading gave no pair at all."""
    if not report.pairs:
        raise AttnlabError(
            f"{' + '.join(report.paths)}: no sentence pairs "
            f"(skipped {report.skipped_empty:,} empty, {report.skipped_overlong:,} over "
            "data.max_characters); name a file that holds some"
        )


def _tsv_file(path: Path, layout: Layout) -> PairFiles:
    path = find_text_file(path) or path
    for side in ("source", "target"):
        language = getattr(layout, f"{side}_language")
        if language not in layout.columns:
            named = ", ".join(layout.columns) or "none; list them, such as 'data.columns=[en,fr]'"
            raise UsageError(
                f"data.{side}_language={language} is in no column of {path}; "
                f"data.columns names: {named}"
            )
    return PairFiles((path,), layout)


def _both_files(source: Path, target: Path, layout: Layout) -> PairFiles:
    return PairFiles(tuple(find_text_file(side) or side for side in (source, target)), layout)


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
