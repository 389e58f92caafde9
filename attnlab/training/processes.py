"""One of several processes that train one model together, by torch.distributed.

Gradients go by DistributedDataParallel, numbers and objects by gloo. Knows no words, nor who
started the processes.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from attnlab.data.batching import Batch
from attnlab.models.norms import sum_statistics_by
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.training.distributed import DistributedConfig, ProcessGroup, Result, T


class _Sum(torch.autograd.Function):
    """A tensor, summed over the processes of a group; each then has a part of the gradient."""

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


class Processes(ProcessGroup):
    """One of several processes, which have met in torch's default process group (gloo).

    `machine_rank` is its number among those of its machine, from 0. `memory` is a file of the
    machine, if there is a place for one, that outlives the processes and is theirs alone.
    """

    def __init__(self, machine_rank: int, memory: Path | None) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self._machine_rank, self._memory = machine_rank, memory
        # Numbers and objects always go by gloo, from memory to memory.
        self._messages: dist.ProcessGroup | None = None
        self._gradients: dist.ProcessGroup | None = None

    def own_device(self, name: str) -> str:
        """`cuda` is the GPU of this process's number on its machine.

        Raises:
            UsageError: for one GPU by its number, or where there are fewer than processes.
        """
        if name.startswith("cuda:"):
            raise UsageError(
                f"device={name} is one GPU, for {self.size} processes; choose device=cuda, and "
                "each takes its own, or CUDA_VISIBLE_DEVICES to say which there are"
            )
        there_are = torch.cuda.device_count()
        if name not in ("auto", "cuda") or not there_are:
            return name
        if self._machine_rank >= there_are:
            raise UsageError(
                f"device={name}: process {self._machine_rank + 1} of this machine finds only "
                f"{there_are} GPUs; use torchrun --nproc-per-node={there_are}, or device=cpu"
            )
        return f"cuda:{self._machine_rank}"

    def begin(self, config: DistributedConfig, device: torch.device) -> None:
        """See `ProcessGroup`."""
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
        self._messages = dist.new_group(backend="gloo", timeout=timeout)
        self._gradients = self._messages
        if backend != "gloo":
            self._gradients = dist.new_group(backend=backend, timeout=timeout)

    def with_shared_gradients(self, objective: nn.Module) -> nn.Module:
        """See `ProcessGroup`; the first process's weights become everybody's.

        Batch norms have the statistics of a batch as a whole, wherever its rows are.
        """
        sum_statistics_by(objective, partial(_Sum.apply, self._gradients))
        with warnings.catch_warnings():  # torch 2.13 has a new name for it, which 2.12 lacks
            warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated")
            return DistributedDataParallel(
                objective,
                process_group=self._gradients,
                broadcast_buffers=False,  # worked out, or the same anyway
                gradient_as_bucket_view=True,
            )

    def sharing_gradients(self, objective: nn.Module, now: bool) -> AbstractContextManager[None]:
        """See `ProcessGroup`."""
        assert isinstance(objective, DistributedDataParallel)
        return nullcontext() if now else objective.no_sync()

    def share(self, batch: Batch) -> Batch:
        """See `ProcessGroup`; without a row for this process, one with no target tokens."""
        return batch.share(self.rank, self.size)

    def shard(self, batches: Iterator[T]) -> Iterator[T]:
        """See `ProcessGroup`."""
        return islice(batches, self.rank, None, self.size)

    def divide(self, function: Callable[[list[T]], list[Result]], items: list[T]) -> list[Result]:
        """See `ProcessGroup`."""
        parts = self.gather(function(items[self.rank :: self.size]))
        results: list[Result | None] = [None] * len(items)
        for rank, part in enumerate(parts):
            results[rank :: self.size] = part
        return results  # type: ignore[return-value]  # each place is in one part

    def sum(self, numbers: list[float]) -> list[float]:
        """See `ProcessGroup`."""
        return self._reduced(numbers, dist.ReduceOp.SUM)

    def all_reduce_max(self, number: int) -> int:
        """See `ProcessGroup`."""
        return int(self._reduced([number], dist.ReduceOp.MAX)[0])

    def number_of_first(self, number: float) -> float:
        """See `ProcessGroup`."""
        return self._reduced([number if self.is_first else 0.0], dist.ReduceOp.SUM)[0]

    def _reduced(self, numbers: Sequence[float], how: dist.ReduceOp.RedOpType) -> list[float]:
        tensor = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(tensor, how, group=self._messages)
        return tensor.tolist()

    def broadcast(self, value: T) -> T:
        """See `ProcessGroup`."""
        values = [value]
        dist.broadcast_object_list(values, src=0, group=self._messages)
        return values[0]

    def gather(self, value: T) -> list[T]:
        """See `ProcessGroup`."""
        values: list[T | None] = [None] * self.size
        dist.all_gather_object(values, value, group=self._messages)
        return values  # type: ignore[return-value]  # all are there

    def wait(self) -> None:
        """See `ProcessGroup`."""
        self.all_reduce_max(0)

    @contextmanager
    def raise_together(self) -> Iterator[None]:
        """See `ProcessGroup`."""
        error: AttnlabError | None = None
        try:
            yield
        except AttnlabError as raised:
            error = raised
        errors = [found for found in self.gather(error) if found is not None]
        if errors:
            raise errors[0] from error

    def remember(self, folder: Path) -> None:
        """See `ProcessGroup`; on every machine: the first process may be elsewhere then."""
        if self._memory is not None and self._machine_rank == 0:
            self._memory.write_text(str(folder.absolute()), encoding="utf-8")

    def remembered(self) -> Path | None:
        """See `ProcessGroup`."""
        own = None
        if self._memory is not None and self._memory.is_file():
            own = self._memory.read_text(encoding="utf-8")
        return next((Path(found) for found in self.gather(own) if found), None)

    def reseed(self, *seeds: int) -> None:
        """See `ProcessGroup`; the first process goes on as it would alone."""
        if self.is_first:
            return
        words = np.random.SeedSequence([*seeds, self.rank]).generate_state(1, np.uint64)
        torch.manual_seed(int(words[0]))
