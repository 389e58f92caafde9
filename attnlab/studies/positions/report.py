"""The parts by which positions are told: new ones of a configured choice, or those of a run."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from attnlab.attention.multihead import MultiHeadAttention
from attnlab.attention.positions import (
    POSITIONS,
    PositionEmbedding,
    PositionsConfig,
    RelativePositions,
)
from attnlab.attention.scores import SCORES
from attnlab.attention.scores.products import DotConfig
from attnlab.studies.positions.measures import Array

STACKS = {"encoder": False, "decoder": True}
"""By name, whether a query sees no key behind itself."""


@dataclass(frozen=True, kw_only=True)
class ToldPositions:
    """How each stack of a model is told positions.

    `embeddings` are by stack, and so are `relatives`: those of its layers from the first on. They
    work in `heads`, whose queries and keys have `size` features. `length`: how many positions are
    looked at. `run`: the name of the run that has learnt them; None where nothing was trained.
    """

    config: PositionsConfig
    embeddings: dict[str, PositionEmbedding]
    relatives: dict[str, list[RelativePositions]]
    heads: int
    size: int
    length: int
    run: str | None

    def table(self, stack: str) -> Array:
        """What is added to a stack's embeddings, (length, features)."""
        embedding = self.embeddings[stack]
        with torch.no_grad():
            added = embedding(torch.zeros(1, self.length, embedding.size))
        table: Array = added[0].double().numpy()
        return table

    def bias(self, stack: str) -> Array:
        """What the first layer of a stack adds to scores, whatever the words.

        Of shape (heads, length, length); NaN where a query sees no key.
        """
        score = SCORES.build(DotConfig(name="dot"), 1, 1)
        with torch.no_grad():
            query = torch.zeros(1, self.heads, self.length, 1)
            bias = self.relatives[stack][0].bias(score, query, self.length)
        assert bias is not None
        return visible_alone(bias[0].double().numpy(), stack)


def visible_alone(matrix: Array, stack: str) -> Array:
    """`matrix`, (…, length, length), with NaN where a query of that stack sees no key."""
    if not STACKS[stack]:
        return matrix
    return np.where(np.tri(matrix.shape[-1], dtype=bool), matrix, np.nan)


def told_by_formula(
    config: PositionsConfig, *, heads: int, size: int, length: int
) -> ToldPositions:
    """The parts of a choice before any training; `size` is that of an embedding and of a head."""
    embeddings: dict[str, PositionEmbedding] = {}
    relatives: dict[str, list[RelativePositions]] = {}
    for stack, directed in STACKS.items():
        positions = POSITIONS.build(config, directed=directed)
        embedding = positions.embedding(size)
        relative = positions.relative(heads=heads, query_size=size, key_size=size, value_size=size)
        if embedding is not None:
            embeddings[stack] = embedding
        if relative is not None:
            relatives[stack] = [relative]
    return ToldPositions(
        config=config,
        embeddings=embeddings,
        relatives=relatives,
        heads=heads,
        size=size,
        length=length,
        run=None,
    )


def told_in_model(
    model: nn.Module, config: PositionsConfig, *, run: str, length: int
) -> ToldPositions:
    """The parts of a trained model, whichever model it is: they are known by their classes."""
    embeddings: dict[str, PositionEmbedding] = {}
    relatives: dict[str, list[RelativePositions]] = {}
    heads = size = 1
    for name, module in model.cpu().named_modules():
        stack = next((each for each in STACKS if each in name.split(".")), None)
        if stack is None:
            continue
        if isinstance(module, PositionEmbedding):
            embeddings[stack] = module
        elif isinstance(module, MultiHeadAttention):
            told = module.pooling.positions
            if type(told) is not RelativePositions:
                relatives.setdefault(stack, []).append(told)
                heads, size = module.heads, module.query_weight.out_features // module.heads
    return ToldPositions(
        config=config,
        embeddings=embeddings,
        relatives=relatives,
        heads=heads,
        size=size,
        length=length,
        run=run,
    )
