"""A small synchronous grammar of English and French that writes its own word alignments."""

from attnlab.data.words import tokenise_english, tokenise_french
from attnlab.grammar.generation import SHORTEST_AND_LONGEST, distinct, pairs
from attnlab.grammar.realise import Pair, sentence_pair
from attnlab.grammar.splits import SEED, SIZES, corpus

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
