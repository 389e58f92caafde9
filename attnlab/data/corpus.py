"""A named corpus: its settings, its files and its splits, those held out from training too."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from attnlab.data.pairs import ANNOTATIONS, Layout, ReadingReport, SentencePair, longest_side
from attnlab.data.reading.files import CorpusNotFoundError, PairFiles, find_pairs, read_files
from attnlab.data.tasks import TaskConfig, task_folder
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.folders import PathText, cache_folder, shipped_folder
from attnlab.support.ranges import Count, Range

SPLITS = ("train", "valid", "test")
HELD_OUT = ("random", "last")
"""Ways to hold out: distinct sources at random, or the last pairs."""

DIGEST_BYTES = 16  # enough that no two sentences of a corpus have the same digest
_RESERVED = (*SPLITS, "all")
_SPLIT_NAME = re.compile(r"[^\W_][\w.-]{0,59}")
_LANGUAGE = re.compile(r"[^\s/\\](?:[^/\\\x00-\x1f\x7f]*[^\s/\\])?")
_ALIGNMENT_TOKENS = ("whitespace", "words")
_WORD_LANGUAGES = ("en", "fr")
_FOLDER_HOLDS = {
    "multi30k": "train, val and test_2016_flickr, each as .en and .fr, plain or .gz",
    "tatoeba": "fra.txt, as manythings.org lays it out: English, French, attribution",
}


@dataclass(kw_only=True)
class DataConfig:
    """Which files hold a corpus, and what of them is used.

    Attributes:
        name: the choice: builtin, multi30k, tatoeba or bitext, or of what attnlab writes itself
            copy, reverse, sort or lookup.
        root: the folder that relative paths start from; null is the working directory, for
            builtin the folder that ships with attnlab, for multi30k and tatoeba the folder that
            `attnlab data get` downloads them into, and for a task one that attnlab writes.
        task: what attnlab writes where there is no root; null where the files are there already.
        train: a file of tab-separated columns, or the prefix of two files (`train` for
            `train.en` + `train.fr`), or either of the two; each plain or gzip.
        valid: likewise; null takes a share of `train`.
        test: likewise; null takes a share of `train`.
        more_splits: further splits to evaluate on, by name: the file of each, as for `valid`. A
            name becomes a part of files' names: letters, digits, `.`, `_` and `-`.
        source_language: what is translated, "en": a name in `columns` or a file's ending.
        target_language: what it is translated into, "fr".
        columns: what the columns of a file hold, from the left; "alignment", "tags", "contrast"
            and "focus" are columns of these kinds, every other name is a language.
        held_out_fraction: the share of the distinct source sentences of `train` that goes to
            each missing split; 0 leaves a missing split missing.
        held_out: which they are: random (distinct sources, with all of their versions) or last
            (the last pairs of `train`, in its order, whatever their sources; of pairs the share).
        max_words: training pairs with more words on either side are skipped and counted; what
            is measured on (valid, test) is not thinned by it. In a script without spaces it counts
            characters.
        max_characters: pairs with more characters on either side are skipped and counted, in every
            split: no sentence is as long, and one such line takes minutes and gigabytes.
        max_pairs: how many pairs of `train`, from its start, are used; null is all. It counts
            before anything is held out and before over-long pairs are skipped.
    """

    name: str
    root: PathText | None
    task: TaskConfig | None
    train: PathText
    valid: PathText | None
    test: PathText | None
    more_splits: dict[str, PathText]
    source_language: str
    target_language: str
    columns: list[str]
    alignment_tokens: str
    held_out_fraction: Annotated[float, Range(minimum=0, below=0.5)]
    held_out: str
    max_words: Count
    max_pairs: Count | None
    max_characters: Count = 1000


@dataclass
class Corpus:
    """Sentence pairs by split, and the report on each file, by the split that has it."""

    splits: dict[str, list[SentencePair]] = field(default_factory=dict)
    reports: dict[str, ReadingReport] = field(default_factory=dict)


def present_splits(config: DataConfig) -> tuple[str, ...]:
    """The names of the corpus's splits, train first."""
    files = _files(config)
    main = (split for split in SPLITS if split in files or config.held_out_fraction > 0)
    return (*main, *config.more_splits)


def carved_splits(config: DataConfig) -> tuple[str, ...]:
    """The splits without a file, which are held out from `train`."""
    files = _files(config)
    return tuple(split for split in present_splits(config) if split not in files)


def load_corpus(config: DataConfig, seed: int) -> Corpus:
    """Train, valid and test of a corpus; `seed` only decides what is held out from `train`.

    Raises:
        UsageError: a setting cannot work.
        AttnlabError: a file is absent or wrong, or the corpus is too small.
    """
    present = present_splits(config)
    return load_splits(config, seed, [split for split in SPLITS if split in present])


def load_split(config: DataConfig, seed: int, split: str) -> list[SentencePair]:
    """One split; errors are those of `load_splits`."""
    return load_splits(config, seed, [split]).splits[split]


def load_splits(config: DataConfig, seed: int, wanted: Sequence[str]) -> Corpus:
    """The splits `wanted`, as in `load_corpus`; only the files they need are read.

    Raises:
        UsageError: the corpus has no such split; otherwise as `load_corpus`.
    """
    check(config)
    corpus = Corpus()
    files, present = _files(config), present_splits(config)
    for split in wanted:
        if split not in present:
            raise UsageError(
                f"no split '{split}' in data={config.name}; it has: {', '.join(present)}"
            )
    carved = carved_splits(config)
    if not {"train", *carved}.isdisjoint(wanted):
        parts, report = _read_train(config, seed, carved)
        corpus.splits |= {split: parts[split] for split in wanted if split in parts}
        corpus.reports["train"] = report
    for split in wanted:
        if split not in corpus.splits:
            found = find_files(config, files[split])
            corpus.splits[split], corpus.reports[split] = read_files(found)
    return corpus


def _read_train(
    config: DataConfig, seed: int, carved: tuple[str, ...]
) -> tuple[dict[str, list[SentencePair]], ReadingReport]:
    pairs, report = read_files(find_files(config, config.train))
    pairs = pairs[: config.max_pairs]
    digests = source_digests((pair.source for pair in pairs), seed) if carved else b""
    places = split_places(len(pairs), digests, carved, config.held_out_fraction, config.held_out)
    parts = {split: [pairs[place] for place in places[split]] for split in ("train", *carved)}
    short = [pair for pair in parts["train"] if longest_side(pair) <= config.max_words]
    if not short:
        raise all_too_long(config, report)
    report.skipped_long = len(parts["train"]) - len(short)
    parts["train"] = short
    report.pairs = sum(map(len, parts.values()))
    return parts, report


def source_digests(sources: Iterable[str], seed: int) -> bytes:
    """A digest of each source with the seed, `DIGEST_BYTES` long, by which sources are shuffled."""
    return b"".join(
        hashlib.sha256(f"{seed}\n{source}".encode()).digest()[:DIGEST_BYTES] for source in sources
    )


def split_places(
    pairs: int, digests: bytes, missing: Sequence[str], fraction: float, held_out: str = "random"
) -> dict[str, NDArray[np.int64]]:
    """The indices of the pairs in `train` and in each of the `missing` splits.

    `random` gives each split `fraction` of the distinct sources, with all of their versions: a cut
    between pairs would train on most of the sources that it later measures on. Their order is that
    of their `digests`, which depends neither on the order of the file nor on Python's own hashing.
    `last` gives each split `fraction` of all pairs from the end of the file, in order, even if a
    source is then on both sides of a cut, as in Dive into Deep Learning.

    Raises:
        AttnlabError: there are too few sources or pairs to leave any for training.
    """
    if not missing:
        return {"train": np.arange(pairs)}
    if held_out == "last":
        share = max(1, round(fraction * pairs))
        trained = pairs - share * len(missing)
        if trained < 1:
            raise _too_few(f"{pairs} pairs", missing)
        cuts = [trained + number * share for number in range(len(missing))]
        return dict(zip(("train", *missing), np.split(np.arange(pairs), cuts), strict=True))
    # (pairs, halves of a digest), which compare as the digests' bytes do
    halves = np.frombuffer(digests, dtype=">u8").reshape(-1, 2).astype(np.uint64)
    shuffled = np.lexsort((halves[:, 1], halves[:, 0]))  # stable: versions stay in their order
    halves = halves[shuffled]
    is_new = np.any(halves[1:] != halves[:-1], axis=1)
    # the rank of each pair's source among the distinct ones
    rank = np.concatenate(([0], np.cumsum(is_new)))[: len(shuffled)]
    distinct = int(rank[-1]) + 1 if len(rank) else 0
    share = max(1, round(fraction * distinct))
    if distinct <= share * len(missing):
        raise _too_few(f"{distinct} distinct source sentences", missing)
    places, start = {}, 0
    for split in reversed(missing):  # test first: a file for valid does not change it
        places[split] = shuffled[(rank >= start) & (rank < start + share)]
        start += share
    return places | {"train": shuffled[rank >= start]}


def _too_few(what: str, missing: Sequence[str]) -> AttnlabError:
    return AttnlabError(
        f"{what} are too few to hold out {' and '.join(missing)}; give "
        f"data.{missing[0]}=FILE or data.held_out_fraction=0"
    )


def _files(config: DataConfig) -> dict[str, str]:
    """The file of every split that has one."""
    main = {split: getattr(config, split) for split in SPLITS}
    given = {split: file for split, file in main.items() if file is not None}
    return config.more_splits | given


def all_too_long(config: DataConfig, report: ReadingReport) -> AttnlabError:
    """The error for a corpus of which `max_words` leaves nothing to train on."""
    return AttnlabError(
        f"{' + '.join(report.paths)}: every training pair has more than "
        f"{config.max_words} words; raise data.max_words"
    )


def find_files(config: DataConfig, name: str) -> PairFiles:
    """The files of the corpus that a value of the config, such as `train`, names."""
    layout = Layout(
        config.source_language, config.target_language, config.columns, config.max_characters
    )
    root = _root(config)
    try:
        return find_pairs(root / name, layout)
    except CorpusNotFoundError as error:
        if config.name not in _FOLDER_HOLDS:
            problem = f"{error}; data.root=FOLDER says where it is, if it was moved"
            raise CorpusNotFoundError(problem) from error
        is_absent = config.root is None and not root.is_dir()
        problem = f"attnlab does not ship {config.name}" if is_absent else str(error)
        raise AttnlabError(
            f"{problem}: `attnlab data get {config.name}` downloads it, or data.root= must point "
            f"to the folder that holds {_FOLDER_HOLDS[config.name]}"
        ) from error


def has_own_root(config: DataConfig) -> bool:
    """Whether the corpus is in a folder of attnlab's: shipped, generated or downloaded.

    The files of others are relative to the working directory.
    """
    return config.root is None and (
        config.task is not None or config.name in ("builtin", *_FOLDER_HOLDS)
    )


def _root(config: DataConfig) -> Path:
    if config.root is not None:
        return Path(config.root)
    if config.task is not None:
        return task_folder(config.task)
    if config.name == "builtin":
        return shipped_folder("data")
    return cache_folder(config.name) if config.name in _FOLDER_HOLDS else Path()


def check(config: DataConfig) -> None:
    """Raise a UsageError for settings that cannot work."""
    if config.source_language == config.target_language:
        raise UsageError(
            f"data.source_language and data.target_language are both "
            f"'{config.source_language}'; set one to the other language"
        )
    for side in ("source", "target"):
        language = getattr(config, f"{side}_language")
        if not _LANGUAGE.fullmatch(language) or language in ANNOTATIONS:
            raise UsageError(
                f"data.{side}_language={language!r} is no language: name a column of it, or what "
                f"its file's name ends in, without slashes, and none of {', '.join(ANNOTATIONS)}"
            )
    for split in config.more_splits:
        if not _SPLIT_NAME.fullmatch(split) or split in _RESERVED:
            raise UsageError(
                f"data.more_splits: '{split[:60]}' cannot be a split's name, which names files: it "
                "has letters, digits, . _ and - (at most 60, a letter or digit first), and is none "
                f"of {', '.join(_RESERVED)}"
            )
    if config.alignment_tokens not in _ALIGNMENT_TOKENS:
        raise UsageError(
            f"data.alignment_tokens={config.alignment_tokens} is none of: "
            f"{', '.join(_ALIGNMENT_TOKENS)}"
        )
    if config.alignment_tokens == "words":
        for language in (config.source_language, config.target_language):
            if language not in _WORD_LANGUAGES:
                raise UsageError(
                    f"data.alignment_tokens=words knows the words of "
                    f"{' and '.join(_WORD_LANGUAGES)}, not of '{language}'; "
                    "set data.alignment_tokens=whitespace"
                )
    if config.held_out not in HELD_OUT:
        raise UsageError(f"data.held_out={config.held_out} is none of: {', '.join(HELD_OUT)}")
