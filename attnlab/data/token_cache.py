"""A corpus ready for training: read, tokenised and stored once in the cache.

Three steps have a folder each, whose key includes all inputs of the step: the training texts, the
vocabulary that is learnt from them, and their token ids. Source files enter by their SHA-256, so
that a file may move.
"""

import json
import logging
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cache as memoise
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import overload
from uuid import uuid4

import numpy as np
import sentencepiece
from numpy.typing import NDArray

from attnlab.data.corpus import (
    DIGEST_BYTES,
    DataConfig,
    all_too_long,
    carved_splits,
    check,
    find_files,
    load_splits,
    present_splits,
    source_digests,
    split_places,
)
from attnlab.data.pairs import ReadingReport, SentencePair, longest_side
from attnlab.data.reading.files import Block, PairFiles, parse, read_blocks, refuse_empty
from attnlab.data.reading.lines import is_named_gzip
from attnlab.data.reading.tables import is_csv_name
from attnlab.data.token_store import SIDES, FlatArray, TokenStore, id_type, writing_array
from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.data.vocabulary_config import VocabularyConfig
from attnlab.support.cache import Cache, code_digest
from attnlab.support.console import counting
from attnlab.support.errors import AttnlabError
from attnlab.support.folders import cache_folder
from attnlab.support.machine import usable_cores
from attnlab.support.workers import each

_BLOCK_PAIRS = 10_000
# Below these sizes one process is done before others have started.
_ALONE_BYTES = 8 << 20
_ALONE_PAIRS = 50_000
_INFO = "texts.json"

logger = logging.getLogger(__name__)


class Texts(Sequence[SentencePair]):
    """The stored pairs of `train`, without annotations, or of a carved `valid`."""

    def __init__(self, folder: Path, split: str = "train") -> None:
        names = ("source", "target", *(["annotations"] if split == "valid" else []))
        self._columns = [FlatArray.load(folder, name) for name in names]
        self.lines: NDArray[np.int64] = np.load(folder / f"{split}.npy", mmap_mode="r")

    def __len__(self) -> int:
        return len(self.lines)

    @overload
    def __getitem__(self, place: int) -> SentencePair: ...
    @overload
    def __getitem__(self, place: slice) -> list[SentencePair]: ...
    def __getitem__(self, place: int | slice) -> SentencePair | list[SentencePair]:
        """The pair at `place`, or the pairs of a slice."""
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        line = int(self.lines[place])
        source, target, *others = (
            column.row(line)[:-1].tobytes().decode() for column in self._columns
        )
        if not any(others):
            return SentencePair(source, target)
        alignment, tags, contrast, focus, original = json.loads(others[0])
        return SentencePair(source, target, alignment, tuple(tags), contrast, focus, original)


@dataclass(frozen=True)
class TokenisedCorpus:
    """Token ids, texts and vocabulary of a corpus.

    `texts` are the pairs whose ids `train` has. `valid` is empty where the corpus has no such
    split. `reports` are by the split that has the file. `digest` identifies the sentences of the
    training files, which of them are trained on, and those of `valid`.
    """

    vocabulary: VocabularyPair
    train: TokenStore
    texts: Sequence[SentencePair]
    valid: list[SentencePair]
    reports: dict[str, ReadingReport]
    digest: str


def tokenised_corpus(
    config: DataConfig, seed: int, vocabulary: VocabularyConfig | VocabularyPair
) -> TokenisedCorpus:
    """The corpus in the pieces of a vocabulary, given or learnt from it; logs what was read.

    Its pairs are those of `load_corpus`, in the same order.

    Raises:
        UsageError: a setting that cannot work.
        AttnlabError: what `load_corpus` and `VocabularyPair.train` refuse, files that change
            while they are read, and a lack of room.
    """
    check(config)
    carved = carved_splits(config)
    files = find_files(config, config.train)
    given = [split for split in present_splits(config) if split in ("valid", "test")]
    others = load_splits(config, seed, [split for split in given if split not in carved])
    is_rereadable = all(path.is_file() for path in files.paths)  # unlike a pipe
    cache = Cache(cache_folder("tokenised") if is_rereadable else None)

    def contents() -> list[str]:
        return [cache.source_digest(path) for path in files.paths] if is_rereadable else []

    facts = _facts(config, seed, files) | {"contents": contents() or uuid4().hex}

    def write_texts(new: Path) -> None:
        _write_texts(config, seed, files, new)
        if is_rereadable and contents() != facts["contents"]:
            raise AttnlabError(
                f"{' + '.join(files.names())}: changed while it was read; wait until it is whole, "
                "and start again"
            )

    folder = cache.folder("texts", facts, write_texts)
    info = json.loads((folder / _INFO).read_bytes())
    report = ReadingReport(**info["report"] | {"paths": files.names()})
    valid = others.splits.get("valid", [])
    if "valid" in carved:
        valid = list(Texts(folder, "valid"))
    texts = Texts(folder)
    if isinstance(vocabulary, VocabularyConfig):
        vocabulary = _learnt_vocabulary(cache, facts, texts, vocabulary)
    models = vocabulary.source.model, vocabulary.target.model
    facts |= {"models": [sha256(model).hexdigest() for model in models]}
    ids = cache.folder("ids", facts, partial(_write_ids, folder, models))
    digest = _corpus_digest(info["digests"], texts, valid)
    reports = {"train": report} | others.reports
    for described in reports.values():
        logger.info("%s", described)
    return TokenisedCorpus(vocabulary, TokenStore.load(ids), texts, valid, reports, digest)


def _facts(config: DataConfig, seed: int, files: PairFiles) -> dict[str, object]:
    """Everything that determines the texts, except the contents of the files."""
    carved = carved_splits(config)
    return {
        "layout": [config.source_language, config.target_language, *config.columns],
        # which files are refused depends on their names, too
        "formats": [[is_named_gzip(path), is_csv_name(path)] for path in files.paths],
        "max_words": config.max_words,
        "max_characters": config.max_characters,
        "max_pairs": config.max_pairs,
        "held_out": [seed, config.held_out, config.held_out_fraction, *carved] if carved else [],
        "code": code_digest(Path(__file__).parent),
        "unicode": unicodedata.unidata_version,
        "sentencepiece": sentencepiece.__version__,
    }


def _learnt_vocabulary(
    cache: Cache, facts: dict[str, object], texts: Texts, config: VocabularyConfig
) -> VocabularyPair:
    facts = facts | {"vocabulary": asdict(config) | {"sampling": None}}
    folder = cache.folder(
        "vocabulary", facts, lambda new: VocabularyPair.train(texts, config).save(new)
    )
    vocabulary = VocabularyPair.load(folder)
    vocabulary.warn_if_small(config)
    return vocabulary


def _corpus_digest(sides: Iterable[str], train: Texts, valid: Iterable[SentencePair]) -> str:
    """Runs store this SHA-256 and compare it when they are resumed, so it must not change."""
    digest = sha256("".join(sides).encode())
    digest.update(train.lines.tobytes())
    for pair in valid:
        digest.update(f"{pair.source}\t{pair.target}\n".encode())
    return digest.hexdigest()


def _write_texts(config: DataConfig, seed: int, files: PairFiles, folder: Path) -> None:
    """Read the training `files` into `folder`, with the pairs of each carved split.

    In memory are some forty bytes a pair.
    """
    carved = carved_splits(config)
    names = ("source", "target", *(["annotations"] if "valid" in carved else []))
    report = ReadingReport(files.names(), pairs=0)
    ranks, fits = bytearray(), []
    digests = [sha256() for _ in names]
    with ExitStack() as stack:
        writers = [stack.enter_context(writing_array(folder, name, "u1")) for name in names]
        for part in _parts(config, seed if carved else None, files, len(names)):
            used = part.report.pairs
            if config.max_pairs is not None:
                used = min(used, config.max_pairs - report.pairs)
            part.report.pairs = used
            report.add(part.report)
            for writer, digest, column in zip(writers, digests, part.columns, strict=True):
                writer(column.head(used))
                digest.update(column.head(used).values.tobytes())
            ranks += part.ranks[: used * DIGEST_BYTES]
            fits.append(part.fits[:used])
    refuse_empty(report)
    fit = np.concatenate(fits)
    places = split_places(len(fit), bytes(ranks), carved, config.held_out_fraction, config.held_out)
    train = places["train"][fit[places["train"]]]
    if not len(train):
        raise all_too_long(config, report)
    report.skipped_long = len(places["train"]) - len(train)
    report.pairs -= report.skipped_long
    for split in ("train", *(["valid"] if "valid" in carved else [])):
        np.save(folder / f"{split}.npy", train if split == "train" else places[split])
    info = {"report": asdict(report), "digests": [each.hexdigest() for each in digests[:2]]}
    (folder / _INFO).write_text(json.dumps(info), encoding="utf-8")


@dataclass(frozen=True)
class _Part:
    """The pairs of one block: a line of UTF-8 for each in each of the `columns`.

    `fits`: whether they have at most `max_words`. `ranks`: their `source_digests`.
    """

    columns: list[FlatArray]
    fits: NDArray[np.bool_]
    ranks: bytes
    report: ReadingReport


def _parts(config: DataConfig, seed: int | None, files: PairFiles, columns: int) -> Iterator[_Part]:
    sizes = [path.stat().st_size for path in files.paths if path.is_file()]
    packed = any(map(is_named_gzip, files.paths)) or len(sizes) < len(files.paths)
    workers = usable_cores() if packed or sum(sizes) > _ALONE_BYTES else 1
    with counting("reading, in bytes", None if packed else sum(sizes)) as advance:

        def blocks() -> Iterator[Block]:
            for block in read_blocks(files):
                yield block
                advance(sum(map(len, block.contents)))

        yield from each(partial(_part, files, columns, config.max_words, seed), blocks(), workers)


def _part(files: PairFiles, columns: int, max_words: int, seed: int | None, block: Block) -> _Part:
    pairs, report = parse(files, block)
    sources = [pair.source for pair in pairs]
    texts = [sources, [pair.target for pair in pairs]]
    if columns > len(texts):
        texts.append(list(map(_annotations, pairs)))
    return _Part(
        [FlatArray.of((f"{text}\n".encode() for text in column), np.uint8) for column in texts],
        np.array([longest_side(pair) <= max_words for pair in pairs], np.bool_),
        source_digests(sources, seed) if seed is not None else b"",
        report,
    )


def _annotations(pair: SentencePair) -> str:
    values = (pair.alignment, pair.tags, pair.contrast, pair.focus, pair.original)
    return json.dumps(values) if any(values) else ""


def _write_ids(texts: Path, models: tuple[bytes, bytes], folder: Path) -> None:
    total = len(Texts(texts))
    workers = usable_cores() if total > _ALONE_PAIRS else 1
    sizes = len(_vocabulary(models[0])), len(_vocabulary(models[1]))
    starts = range(0, total, _BLOCK_PAIRS)
    blocks = (range(start, min(start + _BLOCK_PAIRS, total)) for start in starts)
    with ExitStack() as stack:
        writers = [
            stack.enter_context(writing_array(folder, side, id_type(size)))
            for side, size in zip(SIDES, sizes, strict=True)
        ]
        advance = stack.enter_context(counting("tokenising", total))
        for parts in each(partial(_tokenise, texts, models), blocks, workers):
            for writer, part in zip(writers, parts, strict=True):
                writer(part)
            advance(len(parts[0]))


def _tokenise(texts: Path, models: tuple[bytes, bytes], places: range) -> list[FlatArray]:
    """The source and the target ids of some of the texts, in any process."""
    block = Texts(texts)[places.start : places.stop]
    sides = [pair.source for pair in block], [pair.target for pair in block]
    both = map(_vocabulary, models)
    return [
        FlatArray.of(vocabulary.encode_many(side), id_type(len(vocabulary)))
        for vocabulary, side in zip(both, sides, strict=True)
    ]


@memoise
def _vocabulary(model: bytes) -> Vocabulary:
    return Vocabulary(model)
