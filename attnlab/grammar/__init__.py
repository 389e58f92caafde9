"""A small synchronous grammar of English and French that writes its own word alignments."""

from attnlab.data.tokenise import tokenise_english, tokenise_french

from .generation import SHORTEST_AND_LONGEST, distinct, pairs
from .pairs import Pair, sentence_pair
from .splits import SEED, SIZES, corpus

__all__ = [
    "SEED",
    "SHORTEST_AND_LONGEST",
    "SIZES",
    "Pair",
    "corpus",
    "distinct",
    "pairs",
    "sentence_pair",
    "tokenise_english",
    "tokenise_french",
]
