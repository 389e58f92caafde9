"""A small synchronous grammar of English and French that writes its own word alignments."""

from .pairs import Pair, pairs, sentence_pair
from .splits import SEED, SIZES, corpus
from .tokenise import tokenise_english, tokenise_french

__all__ = [
    "SEED",
    "SIZES",
    "Pair",
    "corpus",
    "pairs",
    "sentence_pair",
    "tokenise_english",
    "tokenise_french",
]
