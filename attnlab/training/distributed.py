"""The processes that train one model together: what they share out, and what they agree on.

A process that trains alone is a group of one, which shares nothing out and costs nothing; several
are in `processes.py`. Knows no words, nor how numbers get from one process to another.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import torch
from torch import nn

from attnlab.data.batching import Batch
from attnlab.support.errors import UsageError
from attnlab.support.ranges import Range

BACKENDS = ("auto", "gloo", "nccl")

T = TypeVar("T")
Result = TypeVar("Result")


@dataclass(kw_only=True)
class DistributedConfig:
    """How the processes that torchrun started work together.

    `backend` carries gradients: gloo, nccl, or auto for nccl on GPUs and gloo elsewhere.
    `timeout_seconds`: how long a process waits for another one that has not gone. `threads` of
    each process; null shares the machine's cores out, unless OMP_NUM_THREADS asks for several.
    """

    backend: str
    timeout_seconds: Annotated[int, Range(minimum=1, maximum=10**7)]
    threads: Annotated[int, Range(minimum=1, maximum=4096)] | None

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise UsageError(
                f"distributed.backend={self.backend} is none of: {', '.join(BACKENDS)}"
            )


class ProcessGroup:
    """The processes that train one model, seen from one of them, which here is alone.

    `rank` numbers them from 0; rank 0, the first, is the one that writes. Every method but
    `own_device`, `shard`, `share`, `remember` and `reseed` is for all processes to call, at
    the same point of their training.
    """

    rank = 0
    size = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes what there is to write."""
        return self.rank == 0

    def own_device(self, name: str) -> str:
        """The device that the setting `device=name` means for this process."""
        return name

    def begin(self, config: DistributedConfig, device: torch.device) -> None:
        """Get ready to train on `device`, which is this process's own."""

    def with_shared_gradients(self, objective: nn.Module) -> nn.Module:
        """`objective`, whose gradients after a backward pass are the means over all processes.

        What its model works out of a whole batch, it works out of all processes' shares of it.
        """
        return objective

    def sharing_gradients(
        self,
        objective: nn.Module,  # noqa: ARG002
        now: bool,  # noqa: ARG002
    ) -> AbstractContextManager[None]:
        """Within the block, a backward pass shares gradients `now`, or leaves that to a later one.

        `objective` is what `with_shared_gradients` gave.
        """
        return nullcontext()

    def share(self, batch: Batch) -> Batch:
        """This process's rows of a batch that all processes have."""
        return batch

    def shard(self, batches: Iterator[T]) -> Iterator[T]:
        """This process's batches of those that all processes have."""
        return batches

    def divide(self, function: Callable[[list[T]], list[Result]], items: list[T]) -> list[Result]:
        """The results of `function`, one an item, of which each process works out its share."""
        return function(items)

    def sum(self, numbers: list[float]) -> list[float]:
        """Each number, summed over the processes."""
        return numbers

    def all_reduce_max(self, number: int) -> int:
        """The largest of the processes' numbers."""
        return number

    def number_of_first(self, number: float) -> float:
        """The first process's number."""
        return number

    def broadcast(self, value: T) -> T:
        """The first process's value."""
        return value

    def gather(self, value: T) -> list[T]:
        """All processes' values, by rank."""
        return [value]

    def wait(self) -> None:
        """Return when all processes are here."""

    @contextmanager
    def raise_together(self) -> Iterator[None]:
        """A block that all processes leave with an error if one of them does.

        There are no calls in it for all processes to make.

        Raises:
            AttnlabError: that of the lowest rank which has one.
        """
        yield

    def remember(self, folder: Path) -> None:
        """Know the run in `folder` again when the processes are started once more."""

    def remembered(self) -> Path | None:
        """The folder that was remembered before the processes were restarted, if they were."""
        return None

    def reseed(self, *seeds: int) -> None:
        """Part this process's random state from the others', by `seeds` and its rank."""


ALONE = ProcessGroup()
