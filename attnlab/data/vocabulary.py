"""Vocabularies: conversion of sentences to piece ids and back, by SentencePiece."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, takewhile
from pathlib import Path
from random import Random
from typing import Self

import sentencepiece

from attnlab.data.batching import EncodedPair
from attnlab.data.pairs import SentencePair
from attnlab.data.project_alignment import UNKNOWN_PIECE, Span, locate_pieces
from attnlab.data.sentencepiece_models import facts_of, learn_model
from attnlab.data.tokens import BEGIN, END, PAD, SPECIAL
from attnlab.data.vocabulary_config import VocabularyConfig
from attnlab.support.errors import AttnlabError
from attnlab.support.files import write_file

_JOINT_FILE = "vocabulary.model"
_SOURCE_FILE, _TARGET_FILE = "vocabulary.source.model", "vocabulary.target.model"
_SPACE = "\u2581"  # as SentencePiece writes it

logger = logging.getLogger(__name__)


class Vocabulary:
    """The pieces of one or two languages, from a serialised SentencePiece model."""

    def __init__(self, model: bytes) -> None:
        facts = facts_of(model)
        self._has_words, self._rewrites = facts.has_words, facts.rewrites
        self._processor = _processor(model)

    @classmethod
    def train(cls, sentences: Iterable[str], config: VocabularyConfig) -> Self:
        """Learn pieces from normalised sentences, deterministically.

        A small corpus gives fewer than `config.size` pieces; see `warn_if_small`.

        Raises:
            AttnlabError: `config.size` is too small for the characters.
        """
        return cls(learn_model(sentences, config))

    def warn_if_small(self, config: VocabularyConfig) -> None:
        """Warn if the corpus gave fewer pieces than `config.size`."""
        if len(self) < config.size and config.model != "word":
            logger.warning(
                "the corpus gives a vocabulary of %d pieces, not the %d of vocabulary.size",
                len(self),
                config.size,
            )

    @property
    def model(self) -> bytes:
        """The serialised SentencePiece model."""
        return bytes(self._processor.serialized_model_proto())

    @property
    def has_words(self) -> bool:
        """Whether pieces are whole words."""
        return self._has_words

    def __len__(self) -> int:
        return int(self._processor.get_piece_size())

    def encode(self, text: str) -> list[int]:
        """Ids of the pieces of a normalised text, without BEGIN and END.

        If pieces are whole words, each unknown word is one UNKNOWN; SentencePiece would merge
        adjacent ones, as it does with unknown characters.
        """
        if self._has_words:
            words = self.rewritten(text).split(" ")
            return [int(self._processor.piece_to_id(f"{_SPACE}{word}")) for word in words if word]
        return list(self._processor.encode(text))

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each text."""
        if self._has_words:
            return list(map(self.encode, texts))
        return [list(ids) for ids in self._processor.encode(list(texts), num_threads=1)]

    def rewritten(self, text: str) -> str:
        """Apply the model's own rules, such as lower-casing, to a normalised text."""
        if not self._rewrites:
            return text
        spelt = str(self._processor.normalize(text))
        return spelt.removeprefix(_SPACE).replace(_SPACE, " ")

    def locate(self, pieces: Sequence[str], text: str) -> list[Span]:
        """The span of each piece in a normalised `text`; see `locate_pieces`."""
        if not self._rewrites:
            return locate_pieces(pieces, text)
        spelt, places = self._processor.normalize(text, with_offsets=True)
        places = places[len(spelt) - len(spelt.removeprefix(_SPACE)) :]
        found = locate_pieces(pieces, self.rewritten(text))
        return [(places[start], places[stop]) for start, stop in found]

    def decode(self, ids: Iterable[int]) -> str:
        """The text up to the first END, without PAD and BEGIN; UNKNOWN becomes ` ⁇ `."""
        before_end = takewhile(lambda token: token != END, map(int, ids))
        text = [token for token in before_end if token not in (PAD, BEGIN)]
        return str(self._processor.decode(text))

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """The pieces as SentencePiece writes them: `▁` for a space, `</s>` for END.

        An unknown word is `▁<unk>`, an unknown part of a word `<unk>`.
        """
        spelt = [self._processor.id_to_piece(token) for token in map(int, ids)]
        if self._has_words:
            return [f"{_SPACE}{piece}" if piece == UNKNOWN_PIECE else piece for piece in spelt]
        return spelt

    def ids(self) -> dict[str, int]:
        """The id of each piece, special ones included, by its name in SentencePiece."""
        return {self._processor.id_to_piece(token): token for token in range(len(self))}

    def scores(self) -> dict[str, tuple[int, float]]:
        """Id and score of each piece except special ones.

        Scores are log-probabilities with unigram; with bpe, later merges have lower scores.
        """
        ids = [i for i in range(len(self)) if i not in SPECIAL]
        scores = map(self._processor.get_score, ids)
        return dict(zip(self.pieces(ids), zip(ids, scores, strict=True), strict=True))


@dataclass
class VocabularyPair:
    """The vocabulary of each side, the same object if shared."""

    source: Vocabulary
    target: Vocabulary

    @property
    def shared(self) -> bool:
        """Whether both sides have the same vocabulary."""
        return self.source is self.target

    @classmethod
    def train(cls, pairs: Sequence[SentencePair], config: VocabularyConfig) -> Self:
        """Learn from the pairs of a training split, or from `config.sample_pairs` of them.

        Errors are those of `Vocabulary.train`.
        """
        wanted = config.sample_pairs
        places: Sequence[int] = range(len(pairs))
        if wanted is not None and len(pairs) > wanted:
            logger.info(
                "the vocabulary is learnt from %s of the %s pairs (vocabulary.sample_pairs)",
                f"{wanted:,}",
                f"{len(pairs):,}",
            )
            places = sorted(Random(0).sample(places, wanted))
        sources = (pairs[place].source for place in places)
        targets = (pairs[place].target for place in places)
        if config.name == "joint":
            joint = Vocabulary.train(chain(sources, targets), config)
            return cls(joint, joint)
        return cls(Vocabulary.train(sources, config), Vocabulary.train(targets, config))

    def _files(self) -> dict[str, Vocabulary]:
        if self.shared:
            return {_JOINT_FILE: self.source}
        return {_SOURCE_FILE: self.source, _TARGET_FILE: self.target}

    def warn_if_small(self, config: VocabularyConfig) -> None:
        """Warn if the corpus gave fewer pieces than `config.size`."""
        for vocabulary in self._files().values():
            vocabulary.warn_if_small(config)

    def save(self, folder: Path | str) -> None:
        """Write one file of SentencePiece's format if shared, else one per side."""
        for name, vocabulary in self._files().items():
            write_file(Path(folder) / name, vocabulary.model)

    @classmethod
    def load(cls, folder: Path | str, digest: str | None = None) -> Self:
        """Load the files that `save` wrote.

        `digest`, if given, is checked before SentencePiece reads a model, since a damaged model can
        crash it.

        Raises:
            AttnlabError: a file is absent, has another digest, or is no vocabulary of attnlab.
        """
        folder = Path(folder)
        paths = [folder / _JOINT_FILE]
        if not paths[0].is_file():
            paths = [folder / _SOURCE_FILE, folder / _TARGET_FILE]
        if not all(path.is_file() for path in paths):
            raise AttnlabError(
                f"{folder}: no vocabulary; looked for {_JOINT_FILE}, and for {_SOURCE_FILE} + "
                f"{_TARGET_FILE}; put back what was deleted, or train the run anew"
            )
        try:
            models = [path.read_bytes() for path in paths]
        except OSError as error:
            raise AttnlabError(f"{error.filename}: cannot be read ({error.strerror})") from error
        if digest is not None and _digest(models) != digest:
            raise AttnlabError(
                f"{' + '.join(map(str, paths))}: not the vocabulary that this run was trained "
                "with (its checksum is another); put that back, or train the run anew"
            )
        sides = []
        for path, model in zip(paths, models, strict=True):
            try:
                sides.append(Vocabulary(model))
            except (RuntimeError, ValueError) as error:
                raise AttnlabError(
                    f"{path}: not a vocabulary that attnlab wrote ({error}); train the run anew"
                ) from error
        return cls(sides[0], sides[-1])

    @property
    def digest(self) -> str:
        """SHA-256 of the models, which `load` compares."""
        return _digest([vocabulary.model for vocabulary in self._files().values()])


def _digest(models: Sequence[bytes]) -> str:
    return sha256(b"".join(sha256(model).digest() for model in models)).hexdigest()


def _processor(model: bytes) -> sentencepiece.SentencePieceProcessor:
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    ids = (processor.pad_id(), processor.unk_id(), processor.bos_id(), processor.eos_id())
    if ids != SPECIAL:
        raise ValueError("its special pieces have other ids")
    return processor


def encode_pairs(vocabulary: VocabularyPair, pairs: Iterable[tuple[str, str]]) -> list[EncodedPair]:
    """The ids of each normalised source and target, without BEGIN and END."""
    both = list(pairs)
    sources = vocabulary.source.encode_many([source for source, _ in both])
    targets = vocabulary.target.encode_many([target for _, target in both])
    return [EncodedPair(*sides) for sides in zip(sources, targets, strict=True)]
