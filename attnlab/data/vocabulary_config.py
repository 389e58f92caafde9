"""Settings of a vocabulary and of subword regularisation."""

from dataclasses import dataclass
from typing import Annotated

from attnlab.data.tokens import SPECIAL
from attnlab.support.errors import UsageError
from attnlab.support.ranges import Count, NonNegative, Range


@dataclass(kw_only=True)
class PieceSamplingConfig:
    """Subword regularisation of training sentences, on each side; null is none.

    With bpe, how likely a merge that could be next is left out (Provilkov et al. 2020: 0.1): 0
    leaves out none, and 1 leaves characters. With unigram, the exponent α of a way's probability
    (Kudo 2018: 0.2): the lower, the more alike is the chance of all of them.
    """

    source: NonNegative | None
    target: NonNegative | None


@dataclass(kw_only=True)
class VocabularyConfig:
    """How sentences are cut into pieces.

    Attributes:
        name: joint (one vocabulary for both languages) or separate (one each).
        size: how many pieces, the special ones included; a small corpus gives fewer. Of whole
            words the most frequent.
        model: bpe or unigram (pieces of words), or word (whole ones).
        minimum_frequency: how often the corpus must have a word for it to be in a vocabulary of
            whole words; those of pieces have no such bound.
        lowercase: whether capitals are read as small letters, and so never written.
        split_punctuation: whether `,` `.` `!` `?` stand apart from the word before them, and
            no-break spaces and their like are plain ones.
        character_coverage: the share of running characters that get a piece, in (0, 1].
        sample_pairs: of a corpus with more pairs than this, the pieces are learnt from so many,
            drawn at random; the draw is the same for every seed, so that runs which differ in
            their seed alone have the same vocabulary. null learns from all.
        sampling: whether training cuts its sentences into other pieces in each epoch. The pieces
            that there are do not follow from it.
    """

    name: str
    size: Annotated[int, Range(minimum=len(SPECIAL) + 1, maximum=10_000_000)]
    model: str
    minimum_frequency: Count
    lowercase: bool
    split_punctuation: bool
    character_coverage: Annotated[float, Range(above=0, maximum=1)]
    sample_pairs: Count | None
    sampling: PieceSamplingConfig

    def __post_init__(self) -> None:
        if self.name not in ("joint", "separate"):
            raise UsageError(f"unknown vocabulary '{self.name}'; choose one of: joint, separate")
        if self.model not in ("bpe", "unigram", "word"):
            raise UsageError(
                f"unknown vocabulary.model '{self.model}'; choose one of: bpe, unigram, word"
            )
        if self.minimum_frequency > 1 and self.model != "word":
            raise UsageError(
                f"vocabulary.minimum_frequency={self.minimum_frequency} counts whole words, and "
                f"vocabulary.model={self.model} has pieces of them; choose vocabulary.model=word"
            )
        for side, strength in vars(self.sampling).items():
            if strength is not None and self.model == "word":
                raise UsageError(
                    f"vocabulary.sampling.{side}={strength} cuts words in other ways, and "
                    "vocabulary.model=word cuts none; choose vocabulary.model=bpe or unigram"
                )
            if strength is not None and self.model == "bpe" and strength > 1:
                raise UsageError(
                    f"vocabulary.sampling.{side}={strength} must be from 0 to 1, or null for no "
                    "sampling"
                )
