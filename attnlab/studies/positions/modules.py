"""The position modules that a page draws: of a configuration, or of a trained model."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from attnlab.attention.multihead import MultiHeadAttention
from attnlab.attention.positions import (
    POSITIONS,
    HeadSizes,
    PositionEmbedding,
    PositionsConfig,
    RelativePositions,
)
from attnlab.attention.scores import SCORES, ScoreConfig
from attnlab.studies.positions.measures import Array

STACKS = {"encoder": False, "decoder": True}
"""Whether attention is causal, by stack."""


@dataclass(kw_only=True)
class PositionModules:
    """Position embeddings by stack, and relative positions of each layer by stack.

    Each layer has `heads`, whose queries and keys have `size` features. `length`: positions to
    draw. `run`: the name of the run that they are of; None before any training.
    """

    config: PositionsConfig
    length: int
    run: str | None = None
    heads: int = 1
    size: int = 1
    embeddings: dict[str, PositionEmbedding] = field(default_factory=dict)
    relatives: dict[str, list[RelativePositions]] = field(default_factory=dict)

    def table(self, stack: str) -> Array:
        """The vectors added to the embeddings of a stack, (length, features)."""
        embedding = self.embeddings[stack]
        with torch.no_grad():
            added = embedding(torch.zeros(1, self.length, embedding.size))
        table: Array = added[0].double().numpy()
        return table

    def bias(self, stack: str) -> Array:
        """Bias of the first layer of a stack, (heads, length, length); NaN where it is causal."""
        score = SCORES.build(ScoreConfig(name="dot"), 1, 1)
        with torch.no_grad():
            query = torch.zeros(1, self.heads, self.length, 1)
            bias = self.relatives[stack][0].bias(score, query, self.length)
        assert bias is not None
        return mask_later_keys(bias[0].double().numpy(), stack)


def mask_later_keys(matrix: Array, stack: str) -> Array:
    """`matrix`, (…, queries, keys), with NaN at later keys if attention in `stack` is causal."""
    if not STACKS[stack]:
        return matrix
    return np.where(np.tri(matrix.shape[-1], dtype=bool), matrix, np.nan)


def build_modules(
    config: PositionsConfig, *, heads: int, size: int, length: int
) -> PositionModules:
    """New modules of a configuration; embeddings and heads alike have `size` features."""
    found = PositionModules(config=config, heads=heads, size=size, length=length)
    for stack, causal in STACKS.items():
        positions = POSITIONS.build(config, causal=causal)
        embedding = positions.embedding(size)
        sizes = HeadSizes(heads=heads, query_size=size, key_size=size, value_size=size)
        relative = positions.relative(sizes)
        if embedding is not None:
            found.embeddings[stack] = embedding
        if relative is not None:
            found.relatives[stack] = [relative]
    return found


def modules_of_model(
    model: nn.Module, config: PositionsConfig, *, run: str, length: int
) -> PositionModules:
    """The modules of a trained model of any family, found by their classes."""
    found = PositionModules(config=config, length=length, run=run)
    for name, module in model.cpu().named_modules():
        stack = next((each for each in STACKS if each in name.split(".")), None)
        if stack is None:
            continue
        if isinstance(module, PositionEmbedding):
            found.embeddings[stack] = module
        elif isinstance(module, MultiHeadAttention):
            relative = module.pooling.positions
            if type(relative) is not RelativePositions:
                found.relatives.setdefault(stack, []).append(relative)
                found.heads = module.heads
                found.size = module.query_weight.out_features // module.heads
    return found
