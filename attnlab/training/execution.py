"""How torch computes a training step: threads, precision, compilation, and memory."""

import ctypes
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch
from torch import Tensor, nn

from attnlab.data.batching import Batch, TrainingBatches
from attnlab.models.interface import respect_uncompiled
from attnlab.models.layers import running_statistics
from attnlab.support import machine
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.training.objective import Objective

PRECISIONS = ("auto", "float32", "bfloat16")
_CUDA_WITH_BFLOAT16 = (8, 0)  # compute capability of Ampere
_GAIN_THAT_PAYS = 1.25  # of a product in bfloat16; less than that goes into converting numbers

logger = logging.getLogger(__name__)

Step = TypeVar("Step")


def settle_threads(threads: int | None) -> None:
    """Have torch compute in that many `threads`, or in this process's share of the cores.

    torchrun sets OMP_NUM_THREADS=1, so that processes do not compete for cores; any other number
    is the user's choice.
    """
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    if threads is not None:
        torch.set_num_threads(threads)
    elif processes > 1 and os.environ.get("OMP_NUM_THREADS") == "1":
        torch.set_num_threads(max(1, machine.usable_cores() // processes))


def resolve_precision(name: str, device: torch.device) -> str:
    """`auto` as bfloat16 where the hardware is faster in it, else float32; others as they are."""
    if name not in PRECISIONS:
        raise UsageError(f"precision={name} is none of: {', '.join(PRECISIONS)}")
    if name != "auto":
        return name
    return "bfloat16" if _is_faster_in_bfloat16(device) else "float32"


def _is_faster_in_bfloat16(device: torch.device) -> bool:
    """Whether products in bfloat16 pay: with AMX and on GPUs; with AVX512_BF16, it is measured.

    AMD's Zen 4 gains by AVX512_BF16; an Intel Xeon whose AMX is switched off, as in many virtual
    machines, takes twice as long by it. Those are far apart, so a machine's answer does not change.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= _CUDA_WITH_BFLOAT16
    if device.type != "cpu":
        return False
    if _processor_has("_is_amx_tile_supported"):
        return True
    return _processor_has("_is_avx512_bf16_supported") and (
        _seconds_of_product(torch.bfloat16) * _GAIN_THAT_PAYS < _seconds_of_product(torch.float32)
    )


def _processor_has(test: str) -> bool:
    return bool(getattr(torch.cpu, test, lambda: False)())


def _seconds_of_product(dtype: torch.dtype, rounds: int = 10) -> float:
    """The shortest of some products of 512 × 512 matrices: a few milliseconds.

    By the processor time of one thread, so that whatever else is running does not decide.
    """
    matrix = torch.ones(512, 512, dtype=dtype)
    seconds, threads = [], torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(rounds):
            begin = time.thread_time()
            matrix @ matrix
            seconds.append(time.thread_time() - begin)
    finally:
        torch.set_num_threads(threads)
    return min(seconds)


def computing_in(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Within the block, matrix products are computed in `precision` (float32 or bfloat16).

    Weights, gradients and sums stay float32 (mixed precision, Micikevicius et al. 2018; for
    bfloat16, Kalamkar et al. 2019).
    """
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def compile_model(model: nn.Module) -> None:
    """Compile `model(…)` in place, on its first call, for all lengths and batch sizes.

    Parameters keep their names. Search, which calls other methods, is not compiled.
    """
    respect_uncompiled(model)
    model.compile(dynamic=True)


def log_compilation(steps: Iterator[Step]) -> Iterator[Step]:
    """The `steps` of a compiled model; logs when they wait for compilation, and for how long.

    Raises:
        AttnlabError: the model cannot be compiled on this machine.
    """
    from torch._dynamo.callback import callback_handler
    from torch._dynamo.exc import TorchDynamoException

    starts: list[float] = []
    seconds: list[float] = []

    def start(*_: object) -> None:
        if not seconds:
            logger.info("compiling the model …")
        starts.append(time.monotonic())

    def end(*_: object) -> None:
        seconds.append(time.monotonic() - starts.pop())

    callback_handler.register_start_callback(start)
    callback_handler.register_end_callback(end)
    try:
        for step in steps:
            if seconds:
                logger.info("compiled in %.0f s", sum(seconds))
                seconds.clear()
            yield step
    except TorchDynamoException as error:
        reason = str(error).strip().splitlines()[0]
        raise AttnlabError(
            f"compile=true: torch cannot compile the model here ({reason}); install a C++ "
            "compiler (g++ or clang++, or name one in the variable CXX), or choose compile=false"
        ) from error
    finally:
        callback_handler.remove_start_callback(start)
        callback_handler.remove_end_callback(end)


_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # from glibc's malloc.h
_GIBIBYTE = 1 << 30


def keep_freed_memory() -> bool:
    """Have glibc keep freed memory for the next step; returns whether it took every setting.

    By default it returns large blocks to the kernel, and the page faults of the next step cost up
    to half of its time on a virtual machine. Elsewhere nothing changes.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False  # another C library
    settings = ((_MMAP_THRESHOLD, _GIBIBYTE), (_TRIM_THRESHOLD, _GIBIBYTE), (_TOP_PAD, 64 << 20))
    taken = [mallopt(setting, value) == 1 for setting, value in settings]
    if not all(taken):
        logger.debug("glibc refused to keep freed memory (mallopt: %s)", taken)
    return all(taken)


TOKENS_TO_MEASURE = 4096
_MOST_TENSORS = 1000
"""An upper bound of the numbers that a model saves for its backward pass, a token and feature."""


def require_room_for_steps(
    objective: Objective,
    batches: TrainingBatches,
    batch_tokens: int | None,
    *,
    precision: str,
    processes: int,
) -> None:
    """Refuse batches whose step needs more memory than there is.

    Nothing is measured if a batch of `batch_tokens` per side surely fits. Otherwise the loss of a
    few sentences of the largest batch is computed, and the bytes that they save for the backward
    pass are scaled up to all rows of the batch, which `processes` share. Random states and running
    statistics do not change.

    Raises:
        AttnlabError: there is not enough memory.
    """
    weight = objective.model.output.weight
    device = weight.device
    if batch_tokens is not None:
        most = batch_tokens * weight.size(1) * weight.element_size() * _MOST_TENSORS
        if most <= machine.memory_of(device):
            return
    some, rows = batches.sample_of_largest(TOKENS_TO_MEASURE)
    saved = saved_for_backward(objective, some.to(device), precision)
    machine.require_memory(
        saved * rows // len(some.source) // processes,
        f"an update on {rows:,} sentences of up to {some.source.size(1):,} tokens at a time",
        "lower batch_tokens= or batch_sentences=, and raise accumulate= for updates as large",
        device,
    )


def saved_for_backward(objective: Objective, batch: Batch, precision: str) -> int:
    """Bytes of the tensors that the loss of `batch` saves for its gradient, without the weights."""
    known = {each.untyped_storage().data_ptr() for each in objective.parameters()}
    sizes: dict[int, int] = {}

    def measure(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    statistics = running_statistics(objective)
    before, training = [each.clone() for each in statistics], objective.training
    devices = [batch.source.device] if batch.source.device.type == "cuda" else []
    try:
        with (
            torch.random.fork_rng(devices),
            computing_in(precision, batch.source.device),
            torch.autograd.graph.saved_tensors_hooks(measure, lambda tensor: tensor),
        ):
            objective.train()
            objective(batch, 0.0)
    finally:
        objective.train(training)
        for statistic, value in zip(statistics, before, strict=True):
            statistic.copy_(value)
    return sum(sizes.values())
