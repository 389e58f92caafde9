"""Sentence pairs as token ids, for whoever reads both sides: loss, likelihood, attention."""

from collections.abc import Iterable

from attnlab.data.batching import EncodedPair
from attnlab.data.vocabulary import VocabularyPair


def encode_pairs(vocabulary: VocabularyPair, pairs: Iterable[tuple[str, str]]) -> list[EncodedPair]:
    """The ids of each source and target, normalised texts, without begin and end."""
    both = list(pairs)
    sources = vocabulary.source.encode_many([source for source, _ in both])
    targets = vocabulary.target.encode_many([target for _, target in both])
    return [EncodedPair(*sides) for sides in zip(sources, targets, strict=True)]
