"""Word alignments of translations, by the attention with which they are decoded by force."""

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np

from attnlab.data.batching import EncodedPair
from attnlab.data.project_alignment import Span, merge_to_tokens, token_shares
from attnlab.evaluation.alignment import links_of_attention
from attnlab.inspection.forced import record_pairs
from attnlab.run.loaded import LoadedRun

_SPACE = "\u2581"  # as SentencePiece writes it
_BETWEEN_SPACES = re.compile("[^ ]+")


def pharaoh_links(
    trained: LoadedRun, pairs: Sequence[EncodedPair], sources: Sequence[str]
) -> list[str]:
    """The links i-j of each target word j with the source word i that it attends to most.

    Words are what stands between spaces in a source, which must be normalised, and in the target
    as its pieces spell it, counted from 0. The attention is that of the step which predicts the
    word, the mean of all heads and layers.
    """
    found, vocabulary = [""] * len(pairs), trained.vocabulary
    filled = [index for index, pair in enumerate(pairs) if pair.source and pair.target]
    chosen = [pairs[index] for index in filled]
    for recorded in record_pairs(trained.model, chosen, kinds=("cross",)):
        pair, text = chosen[recorded.index], sources[filled[recorded.index]]
        keys = vocabulary.source.locate([*vocabulary.source.pieces(pair.source), "</s>"], text)
        queries, spelt = spell_out(vocabulary.target.pieces(pair.target))
        weights = np.concatenate(list(recorded.weights.values())).mean(axis=0)
        merged = merge_to_tokens(
            weights[:-1],  # the last step predicts the end
            token_shares(queries, words_in(spelt)),
            token_shares(keys, words_in(text)),
        )
        links = sorted(links_of_attention(merged))
        found[filled[recorded.index]] = " ".join(f"{source}-{target}" for source, target in links)
    return found


def spell_out(pieces: Sequence[str]) -> tuple[list[Span], str]:
    """The span of each piece in the text that `pieces` spell, and that text."""
    spelt = [piece.replace(_SPACE, " ") for piece in pieces]
    return list(pairwise(accumulate(map(len, spelt), initial=0))), "".join(spelt)


def words_in(text: str) -> list[Span]:
    """The spans of what stands between spaces; a no-break space ends no word."""
    return [match.span() for match in _BETWEEN_SPACES.finditer(text)]
