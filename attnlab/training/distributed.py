"""The processes that train one model together, by torch.distributed; or one process alone.

DistributedDataParallel averages gradients; numbers and Python objects go by gloo.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import Store
from torch.nn.parallel import DistributedDataParallel

from attnlab.data.batching import Batch
from attnlab.models.layers import sum_statistics_by
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.ranges import Range

BACKENDS = ("auto", "gloo", "nccl")

T = TypeVar("T")
Result = TypeVar("Result")


@dataclass(kw_only=True)
class DistributedConfig:
    """How the processes that torchrun started work together.

    `backend` carries gradients: gloo, nccl, or auto for nccl on GPUs and gloo elsewhere.
    `timeout_seconds`: how long a process waits for another one. `threads` of each process; null
    divides the machine's cores among them, unless OMP_NUM_THREADS asks for several.
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
    """The processes that train one model, seen from one of them; without arguments, it is alone.

    Rank 0, the first, writes the run's files. All processes call every method at the same point of
    their training, except `own_device`, `shard`, `share`, `remember`, `remembered` and `reseed`.

    `local_rank`: the rank on this machine. `store`: torchrun's, which outlives restarted processes.
    """

    def __init__(
        self, rank: int = 0, size: int = 1, local_rank: int = 0, store: Store | None = None
    ) -> None:
        self.rank, self.size, self._local_rank, self._store = rank, size, local_rank, store
        self._messages: dist.ProcessGroup | None = None  # torch's default group until `begin`
        self._gradients: dist.ProcessGroup | None = None

    @property
    def is_first(self) -> bool:
        """Whether this process writes the run's files."""
        return self.rank == 0

    def own_device(self, name: str) -> str:
        """The device that `device=name` means for this process: `cuda` is that of its local rank.

        Raises:
            UsageError: for one GPU by its number, or where there are fewer than processes.
        """
        if self.size > 1 and name.startswith("cuda:"):
            raise UsageError(
                f"device={name} is one GPU, for {self.size} processes; choose device=cuda, and "
                "each takes its own, or CUDA_VISIBLE_DEVICES to say which there are"
            )
        gpus = torch.cuda.device_count()
        if self.size == 1 or name not in ("auto", "cuda") or not gpus:
            return name
        if self._local_rank >= gpus:
            raise UsageError(
                f"device={name}: process {self._local_rank + 1} of this machine finds only "
                f"{gpus} GPUs; use torchrun --nproc-per-node={gpus}, or device=cpu"
            )
        return f"cuda:{self._local_rank}"

    def begin(self, config: DistributedConfig, device: torch.device) -> None:
        """Open the groups for gradients and messages, for training on `device`.

        Raises:
            UsageError: the processes' devices differ, or nccl is chosen without GPUs.
        """
        if self.size == 1:
            return
        kinds = sorted(set(self.gather(device.type)))
        if len(kinds) > 1:
            raise UsageError(
                f"the processes compute on different devices ({' and '.join(kinds)}); choose "
                "device=cpu, or processes that all have a GPU"
            )
        backend = config.backend
        if backend == "auto":
            backend = "nccl" if device.type == "cuda" else "gloo"
        if backend == "nccl" and device.type != "cuda":
            raise UsageError(
                f"distributed.backend=nccl is for GPUs, and this is {device}; choose gloo or auto"
            )
        if device.type == "cuda":
            torch.cuda.set_device(device)
        timeout = timedelta(seconds=config.timeout_seconds)
        self._messages = self._gradients = dist.new_group(backend="gloo", timeout=timeout)
        if backend != "gloo":
            self._gradients = dist.new_group(backend=backend, timeout=timeout)

    def with_shared_gradients(self, objective: nn.Module) -> nn.Module:
        """`objective`, whose gradients after a backward pass are the means over all processes.

        All begin with the first one's weights. Batch norms take the statistics of a whole batch.
        """
        if self.size == 1:
            return objective
        sum_statistics_by(objective, partial(_Sum.apply, self._gradients))
        with warnings.catch_warnings():  # torch 2.13 has a new name for it, which 2.12 lacks
            warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated")
            return DistributedDataParallel(
                objective,
                process_group=self._gradients,
                broadcast_buffers=False,  # equal on all processes already
                gradient_as_bucket_view=True,
            )

    def sharing_gradients(self, objective: nn.Module, now: bool) -> AbstractContextManager[None]:
        """Within the block, backward passes average gradients `now`, or leave it to a later one."""
        if now or not isinstance(objective, DistributedDataParallel):
            return nullcontext()
        return objective.no_sync()

    def share(self, batch: Batch) -> Batch:
        """This process's rows of a batch; without a row, a batch without target tokens."""
        return batch if self.size == 1 else batch.share(self.rank, self.size)

    def shard(self, batches: Iterator[T]) -> Iterator[T]:
        """This process's batches: every `size`-th."""
        return islice(batches, self.rank, None, self.size)

    def divide(self, function: Callable[[list[T]], list[Result]], items: list[T]) -> list[Result]:
        """`function(items)`, of which each process computes its part; one result an item."""
        parts = self.gather(function(items[self.rank :: self.size]))
        results: list[Result | None] = [None] * len(items)
        for rank, part in enumerate(parts):
            results[rank :: self.size] = part
        return results  # type: ignore[return-value]  # each place is in one part

    def sum(self, numbers: list[float]) -> list[float]:
        """Each number, summed over the processes."""
        return self._all_reduce(numbers, "SUM")

    def all_reduce_max(self, number: int) -> int:
        """The largest of the processes' numbers."""
        return int(self._all_reduce([number], "MAX")[0])

    def _all_reduce(self, numbers: Sequence[float], operation: str) -> list[float]:
        if self.size == 1:
            return list(numbers)
        tensor = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(tensor, getattr(dist.ReduceOp, operation), group=self._messages)
        return tensor.tolist()

    def broadcast(self, value: T) -> T:
        """The first process's value."""
        values = [value]
        if self.size > 1:
            dist.broadcast_object_list(values, src=0, group=self._messages)
        return values[0]

    def gather(self, value: T) -> list[T]:
        """All processes' values, by rank."""
        values: list[Any] = [value] * self.size
        if self.size > 1:
            dist.all_gather_object(values, value, group=self._messages)
        return values

    def wait(self) -> None:
        """Return when all processes are here."""
        self.all_reduce_max(0)

    @contextmanager
    def raise_together(self) -> Iterator[None]:
        """A block that all processes leave with an error if one does; no collective call is in it.

        Raises:
            AttnlabError: that of the lowest rank which has one.
        """
        own: AttnlabError | None = None
        try:
            yield
        except AttnlabError as error:
            own = error
        if errors := [error for error in self.gather(own) if error is not None]:
            raise errors[0] from (own if self.size > 1 else None)

    def remember(self, folder: Path) -> None:
        """Have the first process find the run's `folder` again if torchrun restarts all."""
        if self._store is not None and self.is_first:
            self._store.set("attnlab/run", str(folder.absolute()))

    def remembered(self) -> Path | None:
        """The folder that was remembered before torchrun restarted the processes, if it did."""
        if self._store is None or not self._store.check(["attnlab/run"]):
            return None
        return Path(self._store.get("attnlab/run").decode())

    def reseed(self, *seeds: int) -> None:
        """Seed torch by `seeds` and the rank, so that processes differ; the first one stays."""
        if not self.is_first:
            words = np.random.SeedSequence([*seeds, self.rank]).generate_state(1, np.uint64)
            torch.manual_seed(int(words[0]))


ALONE = ProcessGroup()


class _Sum(torch.autograd.Function):
    """A tensor summed over the processes; the gradient is summed likewise."""

    @staticmethod
    def forward(ctx: Any, group: dist.ProcessGroup, part: Tensor) -> Tensor:
        ctx.group = group
        total = part.clone()
        dist.all_reduce(total, group=group)
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, Tensor]:
        total = gradient.contiguous().clone()
        dist.all_reduce(total, group=ctx.group)
        return None, total
