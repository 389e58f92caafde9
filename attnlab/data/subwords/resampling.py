"""Training sentences cut into other pieces in each epoch, at random.

A model that meets a word in several pieces learns what it is made of (Kudo 2018; Provilkov et al.
2020). An epoch's pieces follow from the seed and the epoch's number alone, so training can go on at
any batch. Knows nothing of batches.
"""

from collections.abc import Sequence
from operator import attrgetter

import numpy as np

from attnlab.data.pairs import SentencePair
from attnlab.data.store.corpus import TokenisedCorpus
from attnlab.data.store.token_store import PackedPairs, PackedSentences, Packet, id_type, unpack
from attnlab.data.subwords.bpe_dropout import BpeDropout
from attnlab.data.subwords.sampling import RandomPieces
from attnlab.data.subwords.unigram import SubwordSampling
from attnlab.data.vocabulary import VocabularyPair
from attnlab.data.vocabulary_config import VocabularyConfig

_SIDES = ("source", "target")
_BLOCK_SENTENCES = 10_000  # another number gives other pieces
_KINDS: dict[str, type[BpeDropout] | type[SubwordSampling]] = {
    "bpe": BpeDropout,
    "unigram": SubwordSampling,
}


def training_pairs(
    corpus: TokenisedCorpus, config: VocabularyConfig, seed: int
) -> "PackedPairs | SampledPairs":
    """What `TrainingBatches` takes: the corpus's own pairs, or those of each epoch."""
    if all(strength is None for strength in vars(config.sampling).values()):
        return corpus.train
    return SampledPairs(corpus.train, corpus.texts, corpus.vocabulary, config, seed)


class SampledPairs:
    """The pairs of each epoch: `pairs`, but for the sides that `config.sampling` has cut anew.

    `texts` are what `pairs` are the ids of. An epoch's new ids are held in memory, in two bytes a
    token where the vocabulary allows.
    """

    def __init__(
        self,
        pairs: PackedPairs,
        texts: Sequence[SentencePair],
        vocabulary: VocabularyPair,
        config: VocabularyConfig,
        seed: int,
    ) -> None:
        self._pairs, self._texts, self._seed = pairs, texts, seed
        self._vocabulary = vocabulary
        self._sizes = {side: len(getattr(vocabulary, side)) for side in _SIDES}
        self._random = {
            side: _KINDS[config.model](getattr(vocabulary, side), strength)
            for side, strength in vars(config.sampling).items()
            if strength is not None
        }

    def __call__(self, epoch: int) -> PackedPairs:
        """The pairs of the epoch of that number, the same whenever they are asked for."""
        return PackedPairs(
            *(
                self._cut(epoch, side, self._random[side])
                if side in self._random
                else getattr(self._pairs, side)
                for side in _SIDES
            )
        )

    def _cut(self, epoch: int, side: str, pieces: RandomPieces) -> PackedSentences:
        text_of, rewritten = attrgetter(side), getattr(self._vocabulary, side).rewritten
        size = self._sizes[side]
        packets = []
        for start in range(0, len(self._texts), _BLOCK_SENTENCES):
            texts = map(text_of, self._texts[start : start + _BLOCK_SENTENCES])
            key = [self._seed, epoch, _SIDES.index(side), start]
            ids, lengths = pieces.draw(list(map(rewritten, texts)), np.random.default_rng(key))
            packets.append(Packet(ids.astype(id_type(size)).tobytes(), lengths.astype(np.uint32)))
        return unpack(packets, size)
