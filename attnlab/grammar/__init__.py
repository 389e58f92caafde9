"""A small synchronous grammar of English and French that writes its own word alignments."""

from attnlab.data.words import tokenise_english, tokenise_french
from attnlab.grammar.generation import SEED, SHORTEST_AND_LONGEST, SIZES, corpus, distinct, pairs
from attnlab.grammar.words import Pair, sentence_pair

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
