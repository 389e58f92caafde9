"""The atlas of heads as one figure: which maps and figures it has, and how they are named."""

import numpy as np
from numpy.typing import NDArray

from attnlab.inspection.forced import KINDS
from attnlab.plotting import Figure
from attnlab.studies.heads.ablation import Ablation
from attnlab.studies.heads.atlas import HeadAtlas, MeasuredHead
from attnlab.studies.heads.overview import AtlasBlock, MeasureMatrix, draw_atlas
from attnlab.studies.heads.tables import TITLES

_MATRICES = {
    "entropy": "entropy",
    "confidence": "confidence",
    "diagonality": "diagonality",
    "distance": "distance, pieces",
    "previous": "previous token",
    "same": "same token",
    "following": "next token",
    "beginning": "beginning",
    "end": "end",
    "punctuation": "punctuation",
}

_NOTE = (
    "Maps: mean weights over all sentences of one size; queries from the top, keys from the left. "
    "Matrices: a row a layer, a column a head; darker is more. Entropy is 0 for one piece and 1 "
    "for all alike; confidence the greatest weight on a word; diagonality 1 on the straight line; "
    "the others are shares of weight, or in their own units."
)


def draw_heads(atlas: HeadAtlas, ablation: Ablation | None, run: str) -> Figure:
    """One page with all heads of all kinds, layers from the top."""
    blocks = [_block(atlas, ablation, kind) for kind in KINDS if atlas.of_kind(kind)]
    heading = f"{run} · {atlas.split} · {atlas.sentences:,} sentences"
    return draw_atlas(blocks, heading=heading, note=_NOTE)


def _block(atlas: HeadAtlas, ablation: Ablation | None, kind: str) -> AtlasBlock:
    heads = atlas.of_kind(kind)
    attentions = list(dict.fromkeys(each.head.attention for each in heads))
    patterns = [atlas.patterns[name] for name in attentions]
    _, _, queries, keys = np.shape([pattern.weights for pattern in patterns])
    captions = [
        [each.role or "" for each in heads if each.head.attention == name] for name in attentions
    ]
    count = patterns[0].sentences
    maps = "map of 1 sentence" if count == 1 else f"maps of {count:,} sentences"
    return AtlasBlock(
        title=f"{TITLES[kind]} · {maps}, {queries} × {keys} pieces",
        patterns=np.array([pattern.weights for pattern in patterns]),
        captions=captions,
        matrices=[*_matrices(heads, len(attentions)), *_costs(heads, ablation, len(attentions))],
    )


def _matrices(heads: list[MeasuredHead], layers: int) -> list[MeasureMatrix]:
    found = []
    for figure, title in _MATRICES.items():
        values = [getattr(each.figures, figure) for each in heads]
        if None in values:
            continue
        most = max(values) if figure == "distance" else 1.0
        found.append(MeasureMatrix(title=title, values=_by_layer(values, layers), most=most or 1.0))
    error_rates = [each.alignment.counts.error_rate for each in heads if each.alignment]
    if len(error_rates) == len(heads):
        found.append(
            MeasureMatrix(
                title="alignment error, %",
                values=100 * _by_layer(error_rates, layers),
                most=100.0,
                decimals=1,
            )
        )
    return found


def _costs(
    heads: list[MeasuredHead], ablation: Ablation | None, layers: int
) -> list[MeasureMatrix]:
    """What the model loses without each head; the colours of all kinds are alike."""
    by_head = {each.head: each for each in ablation.heads} if ablation is not None else {}
    if ablation is None or any(each.head not in by_head for each in heads):
        return []
    bleu = [-each.bleu.difference for each in ablation.heads]
    loss = [each.loss - ablation.loss for each in ablation.heads]
    mine = [by_head[each.head] for each in heads]
    return [
        MeasureMatrix(
            title="BLEU lost without it",
            values=_by_layer([-each.bleu.difference for each in mine], layers),
            most=max(*bleu, 0.1),
            decimals=1,
        ),
        MeasureMatrix(
            title="loss gained without it",
            values=_by_layer([each.loss - ablation.loss for each in mine], layers),
            most=max(*loss, 0.01),
            decimals=3,
        ),
    ]


def _by_layer(values: list[float], layers: int) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64).reshape(layers, -1)
