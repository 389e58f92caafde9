"""What a scoring function or a normaliser costs: forward and backward through one attention.

Each is measured by two routes: as training takes it, by the fused kernel where there is one, and
step by step, as whoever looks at the weights has it. To be run in a fresh process, in which nothing
else has asked for memory or started threads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from attnlab.attention.normalisers import NORMALISERS, NormaliserConfig
from attnlab.attention.pooling import AttentionPooling
from attnlab.attention.scores import SCORES, ScoreConfig
from attnlab.evaluation.benchmark import measure_passes, training_pass
from attnlab.training.execution import keep_freed_memory


@dataclass(frozen=True, kw_only=True)
class Task:
    """Attentions over queries, keys and values of shape (batch, heads, length, size).

    All of them are timed in turn, `rounds` times.
    """

    attentions: Sequence[tuple[ScoreConfig, NormaliserConfig]]
    batch: int
    heads: int
    length: int
    size: int
    rounds: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Route:
    """One way through an attention: its time's median and least, and its highest memory.

    See `PassCost`, in milliseconds.
    """

    milliseconds: float
    fastest: float
    peak_bytes: int


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of an attention over `length` queries and keys: `parameters` of score and normaliser.

    `trained` is the route of training, which is the fused kernel's where it is `fused`; `watched`
    goes step by step.
    """

    score: str
    normaliser: str
    length: int
    parameters: int
    fused: bool
    trained: Route
    watched: Route


def measure_costs(task: Task) -> list[Cost]:
    """The cost of each of the task's attentions."""
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
    passes = [
        training_pass(_attention(pooling, watched=watched), inputs, list(pooling.parameters()))
        for pooling in poolings
        for watched in (False, True)
    ]
    routes = [
        Route(
            milliseconds=1000 * each.median,
            fastest=1000 * each.fastest,
            peak_bytes=each.peak_bytes,
        )
        for each in measure_passes(passes, task.rounds)
    ]
    return [
        Cost(
            score=score.name,
            normaliser=normaliser.name,
            length=task.length,
            parameters=sum(each.numel() for each in pooling.parameters()),
            fused=pooling.is_fusible,
            trained=trained,
            watched=watched,
        )
        for (score, normaliser), pooling, trained, watched in zip(
            task.attentions, poolings, routes[::2], routes[1::2], strict=True
        )
    ]


def _attention(pooling: AttentionPooling, *, watched: bool) -> Callable[..., Tensor]:
    """From query, key and value to the output, step by step if `watched`."""

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        memory = pooling.prepare(key, value)
        output: Tensor = pooling.attend(query, memory).output if watched else pooling(query, memory)
        return output

    return attend
