"""The training sentences of a corpus in files: normalised, split, and read as they are needed.

A corpus is read once, some lines at a time and side by side, and never held in memory; what
grows with it there is some forty bytes a pair while it is read. Knows nothing of token ids.
"""

import json
import mmap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from attnlab.data.corpus import DataConfig, all_too_long, carved_splits
from attnlab.data.pairs import ReadingReport, SentencePair, Skipped, longest_side
from attnlab.data.reading.files import refuse_empty
from attnlab.data.reading.lines import is_named_gzip
from attnlab.data.reading.parsing import Block, PairFiles, blocks, parse, split_tags
from attnlab.data.splitting import DIGEST_BYTES, held_out_places, last_places, source_digests
from attnlab.data.store.flat_array import FlatArrayWriter, load_starts
from attnlab.support.cache import file_digest
from attnlab.support.console import counting
from attnlab.support.workers import each, usable_cores

_SOURCE, _TARGET, _NOTES = "source.txt", "target.txt", "notes.txt"
_TRAIN, _VALID, _REPORT = "train.npy", "valid.tsv", "report.json"
_ALONE_BYTES = 8 << 20  # a file that is smaller is read before other processes have started


@dataclass(frozen=True)
class _Gathered:
    """The pairs of one block, a line each, ends included; sizes in bytes."""

    lines: dict[str, bytes]
    sizes: dict[str, NDArray[np.uint32]]
    fits: NDArray[np.bool_]
    digests: bytes
    skipped: Skipped


class Texts(Sequence[SentencePair]):
    """The training pairs that `gather_texts` left in a folder, in order, without their notes."""

    def __init__(self, folder: Path) -> None:
        self._sides = [_open_side(folder, name) for name in (_SOURCE, _TARGET)]
        self._train: NDArray[np.int64] = np.load(folder / _TRAIN, mmap_mode="r")

    def __len__(self) -> int:
        return len(self._train)

    @overload
    def __getitem__(self, place: int) -> SentencePair: ...
    @overload
    def __getitem__(self, place: slice) -> list[SentencePair]: ...
    def __getitem__(self, place: int | slice) -> SentencePair | list[SentencePair]:
        """The pair at `place`, or the pairs of a slice."""
        if isinstance(place, slice):
            return [self[each_place] for each_place in range(*place.indices(len(self)))]
        line = int(self._train[place])
        source, target = (
            content[starts[line] : starts[line + 1] - 1].decode() for content, starts in self._sides
        )
        return SentencePair(source, target)


def gather_texts(config: DataConfig, seed: int, files: PairFiles, folder: Path) -> None:
    """Read the training `files` of a corpus into `folder`; with it, what `valid` takes of them.

    Raises:
        AttnlabError: for whatever `load_corpus` refuses in these files.
    """
    carved = carved_splits(config)
    names = (_SOURCE, _TARGET, _NOTES) if "valid" in carved else (_SOURCE, _TARGET)
    report = ReadingReport(files.names(), pairs=0)
    digests, fits = bytearray(), []
    with ExitStack() as stack:
        writers = {name: stack.enter_context(FlatArrayWriter(folder, name)) for name in names}
        for gathered in _gather(config, seed if carved else None, files, names):
            report.add(gathered.skipped)
            used = len(gathered.fits)
            if config.max_pairs is not None:
                used = min(used, config.max_pairs - report.pairs)
            for name, writer in writers.items():
                sizes = gathered.sizes[name][:used]
                writer.write(gathered.lines[name][: int(sizes.sum())], sizes)
            digests += gathered.digests[: used * DIGEST_BYTES]
            fits.append(gathered.fits[:used])
            report.pairs += used
    refuse_empty(report)
    fit = np.concatenate(fits)
    places = {"train": np.arange(len(fit))}
    if carved:
        if config.held_out == "last":
            places = last_places(len(fit), carved, config.held_out_fraction)
        else:
            places = held_out_places(bytes(digests), carved, config.held_out_fraction)
    train = places["train"][fit[places["train"]]]
    if not len(train):
        raise all_too_long(config, report)
    report.skipped_long = len(places["train"]) - len(train)
    report.pairs -= report.skipped_long
    np.save(folder / _TRAIN, train)
    if "valid" in carved:
        _write_valid(folder, places["valid"])
    (folder / _REPORT).write_text(json.dumps(asdict(report)), encoding="utf-8")


def corpus_digest(folder: Path, valid: Iterable[SentencePair]) -> str:
    """SHA-256 of all sentences of the training files, of which are trained on, and of `valid`."""
    digest = sha256()
    for name in (_SOURCE, _TARGET):
        digest.update(file_digest(folder / name).encode())
    digest.update(np.load(folder / _TRAIN).tobytes())
    for pair in valid:
        digest.update(f"{pair.source}\t{pair.target}\n".encode())
    return digest.hexdigest()


def read_report(folder: Path, files: PairFiles) -> ReadingReport:
    """What the reading gave; `files` are where the same contents are now."""
    written = json.loads((folder / _REPORT).read_text(encoding="utf-8"))
    return ReadingReport(**written | {"paths": files.names()})


def read_valid(folder: Path) -> list[SentencePair] | None:
    """The validation pairs that were taken of the training files, if any."""
    if not (folder / _VALID).is_file():
        return None
    rows = (folder / _VALID).read_bytes().decode().split("\n")[:-1]
    return [_from_row(row) for row in rows]


def _gather(
    config: DataConfig, seed: int | None, files: PairFiles, names: Sequence[str]
) -> Iterator[_Gathered]:
    sizes = [path.stat().st_size for path in files.paths if path.is_file()]
    packed = any(map(is_named_gzip, files.paths)) or len(sizes) < len(files.paths)
    workers = usable_cores() if packed or sum(sizes) > _ALONE_BYTES else 1
    gather = partial(_gather_block, files, names, config.max_words, seed)
    with counting("reading, in bytes", None if packed else sum(sizes)) as advance:

        def read() -> Iterator[Block]:
            for block in blocks(files):
                yield block
                advance(sum(map(len, block.contents)))

        yield from each(gather, read(), workers)


def _gather_block(
    files: PairFiles, names: Sequence[str], max_words: int, seed: int | None, block: Block
) -> _Gathered:
    parsed = parse(files, block)
    pairs = parsed.pairs
    texts = {_SOURCE: [pair.source for pair in pairs], _TARGET: [pair.target for pair in pairs]}
    if _NOTES in names:
        texts[_NOTES] = list(map(_notes, pairs))
    lines = {name: [f"{text}\n".encode() for text in texts[name]] for name in names}
    return _Gathered(
        {name: b"".join(each_line) for name, each_line in lines.items()},
        {name: np.array(list(map(len, each_line)), np.uint32) for name, each_line in lines.items()},
        np.array([longest_side(pair) <= max_words for pair in pairs], np.bool_),
        source_digests(texts[_SOURCE], seed) if seed is not None else b"",
        parsed.skipped,
    )


def _open_side(folder: Path, name: str) -> tuple[mmap.mmap, NDArray[np.int64]]:
    with (folder / name).open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), load_starts(folder, name)


def _write_valid(folder: Path, places: NDArray[np.int64]) -> None:
    """Put the rows at `places` together; notes are needed for no more than that."""
    sides = [_open_side(folder, name) for name in (_SOURCE, _TARGET, _NOTES)]
    with (folder / _VALID).open("wb") as file:
        for place in places:
            cells = [content[at[place] : at[place + 1] - 1] for content, at in sides]
            file.write(b"\t".join(cells) + b"\n")
    for content, _ in sides:
        content.close()
    for unneeded in (folder / _NOTES, folder / f"{_NOTES}.starts.npy"):
        unneeded.unlink()


def _notes(pair: SentencePair) -> str:
    notes = (pair.alignment, ",".join(pair.tags), pair.contrast, pair.focus, pair.original)
    return "\t".join(note or "" for note in notes)


def _from_row(row: str) -> SentencePair:
    # The last may hold tabs, where it is a line of a file of its own.
    source, target, alignment, tags, *others = row.split("\t", maxsplit=6)
    contrast, focus, original = (other or None for other in others)
    return SentencePair(
        source, target, alignment or None, split_tags(tags), contrast, focus, original
    )
