"""A corpus that is ready to be trained on: tokenised once, and kept in files.

Each of three steps keeps what it made, under the key of all that it follows from: the texts of
the training files, the vocabulary that is learnt from them, and their token ids. Keys hold the
contents of files and not their names or times, so a file may move, and none can change unseen.
"""

import logging
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import sentencepiece

from attnlab.data import corpus as corpora
from attnlab.data import (
    normalisation as rewriting,
)
from attnlab.data import (
    pairs,
    splitting,
    words,
)
from attnlab.data import (
    sentencepiece_models as learning,
)
from attnlab.data import vocabulary as vocabularies
from attnlab.data.corpus import DataConfig, carved_splits, check, find_files, load_splits
from attnlab.data.pairs import ReadingReport, SentencePair
from attnlab.data.reading import formats as sniffing
from attnlab.data.reading import lines, parsing, tables
from attnlab.data.reading.lines import is_named_gzip
from attnlab.data.reading.parsing import PairFiles
from attnlab.data.reading.tables import is_csv_name
from attnlab.data.store import flat_array as strips
from attnlab.data.store import texts
from attnlab.data.store import token_store as packed
from attnlab.data.store.texts import Texts, corpus_digest, gather_texts, read_report, read_valid
from attnlab.data.store.token_store import PackedPairs, PackedWriter, Packet, pack
from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.data.vocabulary_config import VocabularyConfig
from attnlab.support.cache import Cache, code_digest, file_digest
from attnlab.support.console import counting
from attnlab.support.errors import AttnlabError
from attnlab.support.resources import cache_folder
from attnlab.support.workers import each, usable_cores

_BLOCK_PAIRS = 10_000
_ALONE_PAIRS = 50_000  # fewer are tokenised before other processes have started

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TokenisedCorpus:
    """What a training needs of a corpus.

    `train` has token ids alone, and `texts` what they are the ids of; `valid` has texts, and is
    empty where the corpus has no such split. `reports` tell of each reading, by the split that has
    the file. `digest` is another one for other sentences, in the
    training files or in `valid`.
    """

    vocabulary: VocabularyPair
    train: PackedPairs
    texts: Sequence[SentencePair]
    valid: list[SentencePair]
    reports: dict[str, ReadingReport]
    digest: str


def tokenised_corpus(
    config: DataConfig, seed: int, vocabulary: VocabularyConfig | VocabularyPair
) -> TokenisedCorpus:
    """The corpus in the pieces of a vocabulary: a given one, or one that is learnt from it.

    Its pairs are those of `load_corpus`, in the same order.

    Raises:
        UsageError: for a setting that cannot work.
        AttnlabError: for whatever `load_corpus` refuses and `VocabularyPair.train` does, for
            files that change while they are read, and where there is no room.
    """
    check(config)
    carved = carved_splits(config)
    files = find_files(config, config.train)
    given = [split for split in corpora.present_splits(config) if split in ("valid", "test")]
    others = load_splits(config, seed, [split for split in given if split not in carved])
    can_be_read_again = all(path.is_file() for path in files.paths)  # a pipe cannot
    kept = Cache(cache_folder("tokenised") if can_be_read_again else None)
    text_facts: dict[str, object] = {
        "contents": _contents(files) if can_be_read_again else uuid4().hex,
        "layout": [config.source_language, config.target_language, *config.columns],
        # what follows from the files' names, not from their contents
        "formats": [[is_named_gzip(path), is_csv_name(path)] for path in files.paths],
        "max_words": config.max_words,
        "max_characters": config.max_characters,
        "max_pairs": config.max_pairs,
        "held_out": [seed, config.held_out, config.held_out_fraction, *carved] if carved else [],
        "code": code_digest(
            corpora, lines, pairs, parsing, sniffing, splitting, strips, tables, texts, words
        ),
        "unicode": unicodedata.unidata_version,
    }
    folder = kept.folder("texts", text_facts, partial(_gather, config, seed, files, text_facts))
    reports = {"train": read_report(folder, files)} | others.reports
    valid = others.splits.get("valid", read_valid(folder))
    if isinstance(vocabulary, VocabularyConfig):
        vocabulary = _learnt(vocabulary, folder, text_facts, kept)
    train = _tokenised(vocabulary, folder, text_facts, kept)
    digest = corpus_digest(folder, valid or [])
    return TokenisedCorpus(vocabulary, train, Texts(folder), valid or [], reports, digest)


def _gather(
    config: DataConfig, seed: int, files: PairFiles, facts: dict[str, object], folder: Path
) -> None:
    gather_texts(config, seed, files, folder)
    if isinstance(facts["contents"], list) and facts["contents"] != _contents(files):
        raise AttnlabError(
            f"{' + '.join(files.names())}: changed while it was read; wait until it is whole, and "
            "start again"
        )


def _contents(files: PairFiles) -> list[str]:
    return [file_digest(path) for path in files.paths]


def _learnt(
    config: VocabularyConfig, folder: Path, text_facts: dict[str, object], kept: Cache
) -> VocabularyPair:
    facts = {
        "texts": text_facts,
        "vocabulary": asdict(config) | {"sampling": None},
        "code": code_digest(texts, vocabularies, learning, rewriting),
        "sentencepiece": sentencepiece.__version__,
    }
    is_told = False

    def learn(empty: Path) -> None:
        nonlocal is_told
        from_these = Texts(folder)
        if config.sample_pairs is not None and len(from_these) > config.sample_pairs:
            logger.info(
                "the vocabulary is learnt from %s of the %s pairs (vocabulary.sample_pairs)",
                f"{config.sample_pairs:,}",
                f"{len(from_these):,}",
            )
        VocabularyPair.train(from_these, config).save(empty)
        is_told = True

    vocabulary = VocabularyPair.load(kept.folder("vocabulary", facts, learn))
    if not is_told:
        vocabulary.tell_if_short_of(config)
    return vocabulary


def _tokenised(
    vocabulary: VocabularyPair, folder: Path, text_facts: dict[str, object], kept: Cache
) -> PackedPairs:
    models = vocabulary.source.model, vocabulary.target.model
    facts = {
        "texts": text_facts,
        "models": [sha256(model).hexdigest() for model in models],
        "code": code_digest(packed, strips, texts, vocabularies, sys.modules[__name__]),
        "sentencepiece": sentencepiece.__version__,
    }

    def tokenise(empty: Path) -> None:
        total = len(Texts(folder))
        workers = usable_cores() if total > _ALONE_PAIRS else 1
        sizes = len(vocabulary.source), len(vocabulary.target)
        starts = range(0, total, _BLOCK_PAIRS)
        blocks = (range(start, min(start + _BLOCK_PAIRS, total)) for start in starts)
        with PackedWriter(empty, sizes) as writer, counting("tokenising", total) as advance:
            for packets in each(partial(_tokenise, folder, models), blocks, workers):
                writer.write(packets)
                advance(len(packets[0].lengths))

    return PackedPairs.load(kept.folder("ids", facts, tokenise))


def _tokenise(folder: Path, models: tuple[bytes, bytes], places: range) -> list[Packet]:
    """The ids of some of the texts in `folder`, in whatever process: of sources, of targets."""
    block = Texts(folder)[places.start : places.stop]
    sides = [pair.source for pair in block], [pair.target for pair in block]
    both = [_vocabulary(model) for model in models]
    return [
        pack(vocabulary.encode_many(side), len(vocabulary))
        for vocabulary, side in zip(both, sides, strict=True)
    ]


@cache
def _vocabulary(model: bytes) -> Vocabulary:
    return Vocabulary.from_model(model)
