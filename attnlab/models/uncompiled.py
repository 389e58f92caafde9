"""What torch.compile is to leave alone, said without its compiler, a second's import."""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn

Function = TypeVar("Function", bound=Callable[..., Any])


def uncompiled(method: Function) -> Function:
    """Mark a module's method that is to run as it is written in a model that is compiled."""
    method.uncompiled = True  # type: ignore[attr-defined]
    return method


def respect_uncompiled(model: nn.Module) -> None:
    """Keep torch's compiler from the marked methods in `model`, whose classes remember it."""
    for kind in {kind for module in model.modules() for kind in type(module).__mro__}:
        for name, method in list(vars(kind).items()):
            if getattr(method, "uncompiled", False):
                disabled = torch.compiler.disable(method)  # type: ignore[no-untyped-call]
                disabled.uncompiled = False  # once is enough
                setattr(kind, name, disabled)
