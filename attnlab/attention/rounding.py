"""What several products read is rounded for them once, not once by each."""

import torch
from torch import Tensor


def for_products(x: Tensor) -> Tensor:
    """`x` in the numbers that products are worked out in: its own type, or autocast's."""
    device = x.device.type
    if not torch.is_autocast_enabled(device):
        return x
    return x.to(torch.get_autocast_dtype(device))
