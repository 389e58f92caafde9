"""Sentences to piece ids and back, by SentencePiece. Knows nothing of files of sentences."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path
from random import Random
from typing import Self

import sentencepiece

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
    """The pieces of one or two languages; the special ones have the ids of `tokens`."""

    def __init__(self, model: bytes) -> None:
        facts = facts_of(model)
        self._has_words, self._rewrites = facts.has_words, facts.rewrites
        self._processor = _processor(model)

    @classmethod
    def train(cls, sentences: Iterable[str], config: VocabularyConfig) -> Self:
        """Learn pieces from normalised sentences; the same sentences give the same pieces.

        A corpus that cannot give `config.size` pieces gives as many as it can, with a warning; a
        vocabulary of words has `config.size` as its bound and no more.

        Raises:
            AttnlabError: when `config.size` does not even hold the characters.
        """
        vocabulary = cls(learn_model(sentences, config))
        vocabulary.tell_if_short_of(config)
        return vocabulary

    @classmethod
    def from_file(cls, path: Path | str) -> Self:
        """The vocabulary that `save` wrote.

        Raises:
            AttnlabError: for a file that is absent or is no vocabulary of attnlab's.
        """
        return cls._parsed(Path(path), _content(Path(path)))

    @classmethod
    def _parsed(cls, path: Path, model: bytes) -> Self:
        try:
            return cls(model)
        except (RuntimeError, ValueError) as error:
            raise AttnlabError(
                f"{path}: not a vocabulary that attnlab wrote ({error}); train the run again"
            ) from error

    def tell_if_short_of(self, config: VocabularyConfig) -> None:
        """Warn where the corpus gave fewer pieces than `config` asks for."""
        if len(self) < config.size and config.model != "word":
            logger.warning(
                "the corpus gives a vocabulary of %d pieces, not the %d of vocabulary.size",
                len(self),
                config.size,
            )

    @property
    def model(self) -> bytes:
        """All that encoding and decoding follow from, in SentencePiece's own format."""
        return bytes(self._processor.serialized_model_proto())

    @classmethod
    def from_model(cls, model: bytes) -> Self:
        """The vocabulary that `model` was taken of."""
        return cls(model)

    def save(self, path: Path | str) -> None:
        """Write SentencePiece's own format, whole or not at all."""
        write_file(Path(path), self.model)

    def __len__(self) -> int:
        return int(self._processor.get_piece_size())

    def encode(self, text: str) -> list[int]:
        """Ids of the pieces of a normalised text, with no begin or end.

        Of whole words each unknown one is an unknown piece; SentencePiece would make one of all
        that follow each other, as it does with unknown characters.
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
        """A normalised text as its pieces spell it: with vocabulary.lowercase in small letters."""
        if not self._rewrites:
            return text
        spelt = str(self._processor.normalize(text))
        return spelt.removeprefix(_SPACE).replace(_SPACE, " ")

    def locate(self, pieces: Sequence[str], text: str) -> list[Span]:
        """Where in a normalised `text` each of its pieces stands; see `locate_pieces`."""
        if not self._rewrites:
            return locate_pieces(pieces, text)
        spelt, places = self._processor.normalize(text, with_offsets=True)
        places = places[len(spelt) - len(spelt.removeprefix(_SPACE)) :]
        found = locate_pieces(pieces, self.rewritten(text))
        return [(places[start], places[stop]) for start, stop in found]

    def decode(self, ids: Iterable[int]) -> str:
        """The text up to the first end; padding and begin are passed over, unknown is ` ⁇ `."""
        kept = []
        for token in map(int, ids):
            if token == END:
                break
            if token not in (PAD, BEGIN):
                kept.append(token)
        return str(self._processor.decode(kept))

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """The pieces as SentencePiece writes them: `▁` for a space, `</s>` for the end.

        An unknown word is `▁<unk>`, and an unknown piece of one `<unk>`.
        """
        spelt = [self._processor.id_to_piece(token) for token in map(int, ids)]
        if self._has_words:
            return [f"{_SPACE}{piece}" if piece == UNKNOWN_PIECE else piece for piece in spelt]
        return spelt

    def scores(self) -> dict[str, tuple[int, float]]:
        """Id and score of each piece of text, by how SentencePiece writes it.

        With unigram they are logarithms of probabilities; with bpe, later merges have lower ones.
        """
        ids = [i for i in range(len(self)) if i not in SPECIAL]
        scores = map(self._processor.get_score, ids)
        return dict(zip(self.pieces(ids), zip(ids, scores, strict=True), strict=True))


@dataclass
class VocabularyPair:
    """The vocabulary of each side, or the same one on both."""

    source: Vocabulary
    target: Vocabulary

    @property
    def shared(self) -> bool:
        """Whether both sides have one vocabulary."""
        return self.source is self.target

    @classmethod
    def train(cls, pairs: Sequence[SentencePair], config: VocabularyConfig) -> Self:
        """Learn from the pairs of a training split, or from some of them, as configured.

        `pairs` are taken one by one, each side in turn. Errors are those of `Vocabulary.train`.
        """
        places = _sample(len(pairs), config.sample_pairs)
        sources = (pairs[place].source for place in places)
        targets = (pairs[place].target for place in places)
        if config.name == "joint":
            joint = Vocabulary.train(chain(sources, targets), config)
            return cls(joint, joint)
        return cls(Vocabulary.train(sources, config), Vocabulary.train(targets, config))

    def tell_if_short_of(self, config: VocabularyConfig) -> None:
        """Warn as `train` does, of a vocabulary that was trained before."""
        for vocabulary in [self.source] if self.shared else [self.source, self.target]:
            vocabulary.tell_if_short_of(config)

    def save(self, folder: Path | str) -> None:
        """Write one file when shared, else one a side."""
        folder = Path(folder)
        if self.shared:
            self.source.save(folder / _JOINT_FILE)
        else:
            self.source.save(folder / _SOURCE_FILE)
            self.target.save(folder / _TARGET_FILE)

    @classmethod
    def load(cls, folder: Path | str, digest: str | None = None) -> Self:
        """What `save` wrote; errors as for `Vocabulary.from_file`.

        Another vocabulary than that of `digest` is refused before SentencePiece, which a damaged
        model can crash, has seen it.
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
        models = [_content(path) for path in paths]
        if digest is not None and digest_of(models) != digest:
            raise AttnlabError(
                f"{' + '.join(map(str, paths))}: not the vocabulary that this run was trained "
                "with (its checksum is another); put that back, or train the run anew"
            )
        sides = [Vocabulary._parsed(*each) for each in zip(paths, models, strict=True)]
        return cls(sides[0], sides[-1])

    @property
    def digest(self) -> str:
        """SHA-256 of the models' contents, which `load` compares."""
        return digest_of([each.model for each in dict.fromkeys((self.source, self.target))])


def digest_of(models: Sequence[bytes]) -> str:
    """One SHA-256 of several contents."""
    return sha256(b"".join(sha256(model).digest() for model in models)).hexdigest()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AttnlabError(f"{path}: cannot be read ({error.strerror})") from error


def _sample(pairs: int, wanted: int | None) -> Sequence[int]:
    """The places of those that are learnt from, in order."""
    if wanted is None or pairs <= wanted:
        return range(pairs)
    return sorted(Random(0).sample(range(pairs), wanted))


def _processor(model: bytes) -> sentencepiece.SentencePieceProcessor:
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    ids = (processor.pad_id(), processor.unk_id(), processor.bos_id(), processor.eos_id())
    if ids != SPECIAL:
        raise ValueError("its special pieces have other ids")
    return processor
