"""What an optimiser has gathered, checked before it is used: a fused step trusts it blindly."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, optim

from attnlab.training.optimiser.combined import Combined

_UNSIGNED = ("exp_avg_sq", "max_exp_avg_sq", "row_var", "col_var", "variance")


def checked_state(
    optimiser: optim.Optimizer, gathered: Mapping[Any, Any], updates: int
) -> dict[int, dict[str, Any]]:
    """The `state` of a checkpoint's optimiser, after so many `updates`, in tensors of its own.

    A new tensor is laid out as its parameter is and shares its memory with no other. Of optimisers
    that are not torch's own, tensors are copied and have to be finite.

    Raises:
        ValueError: an entry does not fit its parameter; the message names it.
    """
    parts = optimiser.parts if isinstance(optimiser, Combined) else [optimiser]
    owners = [
        (part, parameter, group)
        for part in parts
        for group in part.param_groups
        for parameter in group["params"]
    ]
    checked = {}
    for number, values in gathered.items():
        if type(number) is not int or not 0 <= number < len(owners):
            raise ValueError(f"there is no parameter {number!r}")
        part, parameter, group = owners[number]
        shapes = _shapes(part, parameter, group)
        if type(values) is not dict:
            raise ValueError(f"the state of parameter {number} is a {type(values).__name__}")
        if values and shapes is not None and values.keys() != shapes.keys():
            raise ValueError(f"parameter {number} has {', '.join(map(str, values))}")
        checked[number] = {
            key: _checked(f"{key} of parameter {number}", key, value, parameter, shapes, updates)
            for key, value in values.items()
        }
    return checked


def _shapes(
    part: optim.Optimizer, parameter: Tensor, group: Mapping[str, Any]
) -> dict[str, torch.Size] | None:
    """The shape of each tensor that torch's optimisers keep for a parameter; None for others."""
    whole, number = parameter.shape, torch.Size()
    if isinstance(part, optim.Adam | optim.AdamW):
        more = {"max_exp_avg_sq": whole} if group["amsgrad"] else {}
        return {"step": number, "exp_avg": whole, "exp_avg_sq": whole} | more
    if isinstance(part, optim.Adafactor):
        if parameter.dim() < 2:
            return {"step": number, "variance": whole}
        rows, columns = [*whole[:-1], 1], [*whole[:-2], 1, whole[-1]]
        return {"step": number, "row_var": torch.Size(rows), "col_var": torch.Size(columns)}
    if isinstance(
        part, (optim.SGD, getattr(optim, "Muon", optim.SGD))
    ):  # torch before 2.9 has none
        return {"momentum_buffer": whole}
    return None


def _checked(
    name: str,
    key: Any,
    value: Any,
    parameter: Tensor,
    shapes: Mapping[str, torch.Size] | None,
    updates: int,
) -> Any:
    if not isinstance(value, Tensor):
        if shapes is None:
            return value
        raise ValueError(f"{name} is no tensor")
    if value.layout != torch.strided or value.device.type != "cpu":
        raise ValueError(f"{name} is no plain tensor")
    shape = value.shape if shapes is None else shapes[key]
    kinds = (torch.float32, torch.float64) if key == "step" else (parameter.dtype,)
    if value.shape != shape or (shapes is not None and value.dtype not in kinds):
        raise ValueError(f"{name} has shape {tuple(value.shape)} and type {value.dtype}")
    if not torch.isfinite(value).all():
        raise ValueError(f"{name} is not finite")
    if key in _UNSIGNED and (value < 0).any():
        raise ValueError(f"{name} is negative")
    if key == "step" and not (1 <= float(value) <= updates and float(value).is_integer()):
        raise ValueError(f"{name} is {float(value):g} after {updates} updates")
    like = parameter if value.shape == parameter.shape else value.contiguous()
    return torch.empty_like(like, dtype=value.dtype, device="cpu", requires_grad=False).copy_(value)
