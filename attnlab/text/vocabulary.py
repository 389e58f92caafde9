"""Sentences to piece ids and back, by SentencePiece. Knows nothing of files of sentences."""

import io
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random
from typing import Self

import sentencepiece

from attnlab.errors import AttnlabError
from attnlab.text.pairs import SentencePair
from attnlab.text.tokens import BEGIN, END, PAD, SPECIAL, UNKNOWN
from attnlab.text.vocabulary_config import VocabularyConfig

_NORMALISATION = "identity"  # SentencePiece's default turns no-break spaces into plain ones

_JOINT_FILE = "vocabulary.model"
_SOURCE_FILE, _TARGET_FILE = "vocabulary.source.model", "vocabulary.target.model"
_LONGEST_SENTENCE_BYTES = 1 << 30  # SentencePiece drops longer ones in silence; this is its limit
_ALL_PIECES = (1 << 31) - 1  # as many as SentencePiece can be asked for
_CHARACTERS_NEEDED = re.compile(r"smaller than required_chars\. \d+ vs (\d+)")

logger = logging.getLogger(__name__)


class Vocabulary:
    """The pieces of one or two languages; the special ones have the ids of `tokens`."""

    def __init__(self, processor: sentencepiece.SentencePieceProcessor) -> None:
        self._processor = processor

    @classmethod
    def train(cls, sentences: Iterable[str], config: VocabularyConfig) -> Self:
        """Learn pieces from normalised sentences; the same sentences give the same pieces.

        A corpus that cannot give `config.size` pieces gives as many as it can, with a warning.

        Raises:
            AttnlabError: when `config.size` does not even hold the characters.
        """
        written = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(sentences),
                model_writer=written,
                model_type=config.model,
                vocab_size=_ALL_PIECES if config.size is None else config.size,
                hard_vocab_limit=False,
                character_coverage=config.character_coverage,
                normalization_rule_name=_NORMALISATION,
                max_sentence_length=_LONGEST_SENTENCE_BYTES,
                num_threads=1,
                minloglevel=2,
                pad_id=PAD,
                unk_id=UNKNOWN,
                bos_id=BEGIN,
                eos_id=END,
            )
        except RuntimeError as error:
            needed = _CHARACTERS_NEEDED.search(str(error))
            if needed is None:
                raise AttnlabError(f"SentencePiece cannot make a vocabulary: {error}") from error
            raise AttnlabError(
                f"vocabulary.size={config.size} does not hold the corpus's characters: set "
                f"vocabulary.size={needed[1]} or more, or a lower vocabulary.character_coverage"
            ) from error
        vocabulary = cls(_processor(written.getvalue()))
        vocabulary.tell_if_short_of(config)
        return vocabulary

    @classmethod
    def from_file(cls, path: Path | str) -> Self:
        """The vocabulary that `save` wrote.

        Raises:
            AttnlabError: for a file that is absent or is no vocabulary of attnlab's.
        """
        path = Path(path)
        try:
            processor = _processor(path.read_bytes())
        except OSError as error:
            raise AttnlabError(f"{path}: cannot be read ({error.strerror})") from error
        except (RuntimeError, ValueError) as error:
            raise AttnlabError(
                f"{path}: not a vocabulary that attnlab wrote ({error}); train the run again"
            ) from error
        return cls(processor)

    def tell_if_short_of(self, config: VocabularyConfig) -> None:
        """Warn where the corpus gave fewer pieces than `config` asks for."""
        if config.size is not None and len(self) < config.size:
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
        return cls(_processor(model))

    def save(self, path: Path | str) -> None:
        """Write SentencePiece's own format, whole or not at all."""
        path = Path(path)
        unfinished = path.with_name(f"{path.name}.unfinished")
        unfinished.write_bytes(self.model)
        unfinished.replace(path)

    def __len__(self) -> int:
        return int(self._processor.get_piece_size())

    def encode(self, text: str) -> list[int]:
        """Ids of the pieces of a normalised text, with no begin or end."""
        return list(self._processor.encode(text))

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each text."""
        return [list(ids) for ids in self._processor.encode(list(texts), num_threads=1)]

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
        """The pieces as SentencePiece writes them: `▁` for a space, `</s>` for the end."""
        return [self._processor.id_to_piece(token) for token in map(int, ids)]

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
    def load(cls, folder: Path | str) -> Self:
        """What `save` wrote; errors as for `Vocabulary.from_file`."""
        folder = Path(folder)
        if (folder / _JOINT_FILE).is_file():
            joint = Vocabulary.from_file(folder / _JOINT_FILE)
            return cls(joint, joint)
        sides = folder / _SOURCE_FILE, folder / _TARGET_FILE
        if not all(side.is_file() for side in sides):
            raise AttnlabError(
                f"{folder}: no vocabulary; looked for {_JOINT_FILE}, "
                f"and for {_SOURCE_FILE} + {_TARGET_FILE}"
            )
        source, target = (Vocabulary.from_file(side) for side in sides)
        return cls(source, target)


def _sample(pairs: int, wanted: int | None) -> Sequence[int]:
    """The places of those that are learnt from, in order."""
    if wanted is None or pairs <= wanted:
        return range(pairs)
    return sorted(Random(0).sample(range(pairs), wanted))


def _processor(model: bytes) -> sentencepiece.SentencePieceProcessor:
    if not model:
        raise ValueError("it is empty")  # else SentencePiece makes a processor that fails later
    # The normalisation is written last. SentencePiece does not miss it, nor any piece before it,
    # in a file that was cut between two pieces.
    if b"\n\x08" + _NORMALISATION.encode() not in model:
        raise ValueError("it is cut short, or normalises text in another way")
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    ids = (processor.pad_id(), processor.unk_id(), processor.bos_id(), processor.eos_id())
    if ids != SPECIAL:
        raise ValueError("its special pieces have other ids")
    return processor
