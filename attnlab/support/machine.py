"""Cores, thread waiting and memory of the machine."""

import os
import platform
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from attnlab.support.errors import AttnlabError, gigabytes

if TYPE_CHECKING:
    import torch

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables by which libraries that torch uses choose their number of threads."""
_SPINS = "1000"  # libgomp's default for more threads than cores; else it spins 300 times longer
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def usable_cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def omp_wait_briefly(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let OpenMP threads sleep soon instead of spinning, unless the user has set their policy.

    Threads that wait for the slowest one spin on cores that it may need: beside one busy program a
    training on two cores fell from 9,000 tokens a second to 700. Alone on the machine, sleeping
    costs a few per cent. GNU OpenMP, which torch uses on Linux, reads this once, when it is loaded,
    so call it before torch is imported.
    """
    if "OMP_WAIT_POLICY" not in environment:
        environment.setdefault("GOMP_SPINCOUNT", _SPINS)


def limit_threads(threads: int) -> None:
    """Have this process compute in so many `threads`."""
    import torch

    os.environ |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    torch.set_num_threads(threads)


def memory_of(device: "torch.device | None" = None) -> int:
    """Bytes of memory of a CUDA device, or of this machine within the process's limits."""
    if device is not None and device.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info(device)[1])
    limits = []
    with suppress(AttributeError, ValueError, OSError):  # not on Windows
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in _CGROUP_LIMITS:
        with suppress(ValueError, OSError):
            limits.append(int(Path(path).read_text()))
    return min(limits, default=2**62)


def require_memory(
    needed: int, what: str, remedy: str, device: "torch.device | None" = None
) -> None:
    """Raise an AttnlabError if `needed` bytes exceed the memory of `device`, or of the machine."""
    there = memory_of(device)
    if needed > there:
        raise AttnlabError(
            f"{what} would take {gigabytes(needed)} of memory or more, and there are "
            f"{gigabytes(there)}; {remedy}"
        )


def processor_name() -> str:
    """The processor's name, as its maker has it."""
    with suppress(OSError):
        for line in (
            Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        ):
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model") and value.strip():
                return " ".join(value.split())
    return platform.processor() or platform.machine() or "an unknown processor"
