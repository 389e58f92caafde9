"""In which numbers the products of training are worked out: float32, or bfloat16 where it pays.

With bfloat16, weights, their gradients and sums stay float32; only what enters a matrix product is
rounded (mixed precision, Micikevicius et al. 2018; Kalamkar et al. 2019 for bfloat16).
"""

from contextlib import AbstractContextManager, nullcontext

import torch

from attnlab.support.errors import UsageError

PRECISIONS = ("auto", "float32", "bfloat16")
_CUDA_WITH_BFLOAT16 = (8, 0)  # compute capability: Ampere, and what came after it


def resolve_precision(name: str, device: torch.device) -> str:
    """`auto` as bfloat16 where the processor multiplies in it, else float32; others as they are.

    No timing enters: on one machine the answer is always the same, however busy it is.
    """
    if name not in PRECISIONS:
        raise UsageError(f"precision={name} is none of: {', '.join(PRECISIONS)}")
    if name != "auto":
        return name
    return "bfloat16" if _multiplies_in_bfloat16(device) else "float32"


def _multiplies_in_bfloat16(device: torch.device) -> bool:
    """Whether the hardware has instructions for it; without them it is slower than float32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= _CUDA_WITH_BFLOAT16
    if device.type != "cpu":
        return False
    tests = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(bool(getattr(torch.cpu, test, lambda: False)()) for test in tests)


def computing_in(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Within the block, products are worked out in `precision` (float32 or bfloat16)."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)
