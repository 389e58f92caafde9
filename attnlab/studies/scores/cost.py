"""What a scoring function or a normaliser costs: forward and backward through one attention.

Each is measured by two routes: as training takes it, by the fused kernel where there is one, and
step by step, as whoever looks at the weights has it. To be run in a fresh process, in which nothing
else has asked for memory or started threads.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor

from attnlab.attention.normalisers import NORMALISERS, NormaliserConfig
from attnlab.attention.pooling import AttentionPooling
from attnlab.attention.scores import SCORES, ScoreConfig
from attnlab.studies.scores.memory import peak_bytes
from attnlab.training.execution import keep_freed_memory

_WARM_UP = 2  # rounds that are not counted


@dataclass(frozen=True, kw_only=True)
class Task:
    """Attentions over queries, keys and values of shape (batch, heads, length, size).

    All of them are timed once a round, in turn, so that what else the machine does meets all alike.
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

    What else a machine does adds to times and takes nothing from them, so the least is the surer
    the busier the machine.
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
    given = [torch.randn(shape, requires_grad=True) for _ in range(3)]
    passes = [
        _pass(pooling, given, watched=watched) for pooling in poolings for watched in (False, True)
    ]
    taken: list[list[float]] = [[] for _ in passes]
    for number in range(_WARM_UP + task.rounds):
        for one, milliseconds in zip(passes, taken, strict=True):
            started = time.perf_counter()
            one()
            if number >= _WARM_UP:
                milliseconds.append(1000 * (time.perf_counter() - started))
    routes = [_route(times, peak_bytes(one)) for one, times in zip(passes, taken, strict=True)]
    return [
        Cost(
            score=score.name,
            normaliser=normaliser.name,
            length=task.length,
            parameters=sum(each.numel() for each in pooling.parameters()),
            fused=None not in (pooling.score.dot_scale, pooling.normaliser.softmax_factor),
            trained=trained,
            watched=watched,
        )
        for (score, normaliser), pooling, trained, watched in zip(
            task.attentions, poolings, routes[::2], routes[1::2], strict=True
        )
    ]


def _pass(
    pooling: AttentionPooling, given: Sequence[Tensor], *, watched: bool
) -> Callable[[], object]:
    """Forward and backward, to the gradients of all that is `given` and of all parameters."""
    query, key, value = given
    wanted = [*given, *pooling.parameters()]

    def run() -> None:
        memory = pooling.prepare(key, value)
        answer = pooling.attend(query, memory).output if watched else pooling(query, memory)
        torch.autograd.grad(answer.sum(), wanted, allow_unused=True)  # some scores read no keys

    return run


def _route(times: Sequence[float], peak: int) -> Route:
    return Route(milliseconds=median(times), fastest=min(times), peak_bytes=peak)
