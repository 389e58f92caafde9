"""What several products read is rounded for them once, not once by each."""

import torch
from torch import Tensor


def type_of_products(x: Tensor) -> torch.dtype:
    """The numbers that products with `x` are worked out in: its own type, or autocast's."""
    device = x.device.type
    if not torch.is_autocast_enabled(device):
        return x.dtype
    return torch.get_autocast_dtype(device)


def cast_for_matmul(x: Tensor) -> Tensor:
    """`x` in the numbers that products are worked out in."""
    return x.to(type_of_products(x))
