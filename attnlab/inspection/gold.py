"""Gold word alignments on the axes of an attention map.

An alignment links tokens; a map's axes hold words or pieces, cut in another way from the same text.
"""

from collections.abc import Sequence

import numpy as np

from attnlab.data.project_alignment import Span, token_shares
from attnlab.data.words import Word


def gold_cells(
    links: frozenset[tuple[int, int]],
    source: Sequence[frozenset[int]],
    target: Sequence[frozenset[int]],
) -> frozenset[tuple[int, int]]:
    """The cells (row, column) of a cross-attention map that hold a linked pair of tokens.

    `links` are pairs of a source and a target token; `source` and `target` say for each of their
    tokens on which labels it stands, as `labels_of_tokens` does.
    """
    return frozenset(
        (row, column)
        for source_token, target_token in links
        for row in target[target_token]
        for column in source[source_token]
    )


def labels_of_tokens(
    pieces: Sequence[Span], labels: Sequence[Word], tokens: Sequence[Span]
) -> list[frozenset[int]]:
    """For each of the `tokens` of a text, on which `labels` some of its characters stand.

    `pieces` are where the text's pieces stand; a label is made of some of them.
    """
    shares = token_shares(pieces, tokens)
    on_labels = np.array([shares[label.start : label.stop].any(axis=0) for label in labels])
    return [frozenset(np.flatnonzero(column).tolist()) for column in on_labels.T]
