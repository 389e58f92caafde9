"""In which numbers the products of training are worked out: float32, or bfloat16 where it pays.

With bfloat16, weights, their gradients and sums stay float32; only what enters a matrix product is
rounded (mixed precision, Micikevicius et al. 2018; Kalamkar et al. 2019 for bfloat16).
"""

import time
from contextlib import AbstractContextManager, nullcontext

import torch
import torch.nn.functional as F

from attnlab.errors import UsageError

PRECISIONS = ("auto", "float32", "bfloat16")
_WORTH_IT = 1.3  # how many times faster bfloat16's products must be


def resolve_precision(name: str, device: torch.device) -> str:
    """`auto` as what this machine is faster with; any other of `PRECISIONS` as it is."""
    if name not in PRECISIONS:
        raise UsageError(f"precision={name} is none of: {', '.join(PRECISIONS)}")
    if name != "auto":
        return name
    slower, faster = _seconds(torch.float32, device), _seconds(torch.bfloat16, device)
    return "bfloat16" if slower > _WORTH_IT * faster else "float32"


def _seconds(dtype: torch.dtype, device: torch.device) -> float:
    """The fastest of some products of the size that training has."""
    x = torch.zeros(2048, 256, dtype=dtype, device=device)
    weight = torch.zeros(512, 256, dtype=dtype, device=device)
    best = float("inf")
    for _ in range(10):
        started = time.perf_counter()
        float(F.linear(x, weight)[0, 0])  # read, so that a GPU's work is waited for
        best = min(best, time.perf_counter() - started)
    return best


def computing_in(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Within the block, products are worked out in `precision` (float32 or bfloat16)."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)
