"""How much memory there is, and a refusal before more of it is asked for."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from attnlab.support.errors import AttnlabError, gigabytes

if TYPE_CHECKING:
    import torch

_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory_of(device: "torch.device | None" = None) -> int:
    """Bytes of a CUDA device's memory, or of what this process may use of the machine's."""
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
    """Refuse what takes more bytes than there are.

    Raises:
        AttnlabError: `needed` is more than the memory of `device`, the machine's by default.
    """
    there = memory_of(device)
    if needed > there:
        raise AttnlabError(
            f"{what} would take {gigabytes(needed)} of memory or more, and there are "
            f"{gigabytes(there)}; {remedy}"
        )
