"""Cost of a scoring function and a normaliser: forward and backward through one attention.

Two routes are measured: that of training, which uses a fused kernel if there is one, and the
explicit one, which computes the attention weights, as recording them does.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from attnlab.attention.normalisers import NORMALISERS, NormaliserConfig
from attnlab.attention.pooling import AttentionPooling
from attnlab.attention.scores import SCORES, ScoreConfig
from attnlab.evaluation.benchmark import Growth, PassCost, measure_passes, training_pass
from attnlab.training.execution import keep_freed_memory


@dataclass(frozen=True, kw_only=True)
class Task:
    """Attentions over queries, keys and values of shape (batch, heads, length, size).

    Every attention is timed once in each of the `rounds`.
    """

    attentions: Sequence[tuple[ScoreConfig, NormaliserConfig]]
    batch: int
    heads: int
    length: int
    size: int
    rounds: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class AttentionCost:
    """Cost of an attention over `length` queries and keys on both routes.

    `parameters`: number of parameters. `fused`: whether training uses the fused kernel.
    """

    score: str
    normaliser: str
    length: int
    parameters: int
    fused: bool
    training: PassCost
    explicit: PassCost

    def as_json(self) -> dict[str, Any]:
        """The fields, times in milliseconds."""
        routes = {
            name: {
                "milliseconds": 1000 * cost.median,
                "fastest": 1000 * cost.fastest,
                "peak_bytes": cost.peak_bytes,
            }
            for name, cost in (("training", self.training), ("explicit", self.explicit))
        }
        return asdict(self) | routes


def measure_costs(task: Task) -> list[AttentionCost]:
    """Measure the cost of each of the task's attentions.

    Seeds torch and changes the settings of the allocator, for the whole process.
    """
    keep_freed_memory()  # as training does
    torch.manual_seed(task.seed)
    poolings = [
        AttentionPooling(
            SCORES.build(score, task.size, task.size), normaliser=NORMALISERS.build(normaliser)
        )
        for score, normaliser in task.attentions
    ]
    shape = (task.batch, task.heads, task.length, task.size)
    inputs = [torch.randn(shape) for _ in range(3)]
    costs = measure_passes(
        [
            training_pass(_attention(pooling, explicit), inputs, list(pooling.parameters()))
            for pooling in poolings
            for explicit in (False, True)
        ],
        task.rounds,
    )
    return [
        AttentionCost(
            score=score.name,
            normaliser=normaliser.name,
            length=task.length,
            parameters=sum(each.numel() for each in pooling.parameters()),
            fused=pooling.is_fusible,
            training=training,
            explicit=explicit,
        )
        for (score, normaliser), pooling, training, explicit in zip(
            task.attentions, poolings, costs[::2], costs[1::2], strict=True
        )
    ]


def _attention(pooling: AttentionPooling, explicit: bool) -> Callable[..., Tensor]:
    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        memory = pooling.prepare(key, value)
        if explicit:
            return pooling.attend(query, memory).output
        output: Tensor = pooling(query, memory)
        return output

    return attend


@dataclass(frozen=True, kw_only=True)
class AttentionGrowth:
    """The costs of one attention, from the shortest length to the longest."""

    costs: Sequence[AttentionCost]

    @property
    def score(self) -> str:
        """Name of the scoring function."""
        return self.costs[0].score

    @property
    def normaliser(self) -> str:
        """Name of the normaliser."""
        return self.costs[0].normaliser

    @property
    def name(self) -> str:
        """Names of score and normaliser."""
        return f"{self.score} · {self.normaliser}"

    @property
    def lengths(self) -> list[int]:
        """Number of queries, which is that of keys, in each measurement."""
        return [cost.length for cost in self.costs]

    @property
    def training(self) -> Growth:
        """Growth on the route of training."""
        return Growth(lengths=self.lengths, costs=[cost.training for cost in self.costs])

    @property
    def explicit(self) -> Growth:
        """Growth on the explicit route."""
        return Growth(lengths=self.lengths, costs=[cost.explicit for cost in self.costs])
