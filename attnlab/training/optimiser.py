"""Optimisers by name, each with its config; and the check of an optimiser's saved state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

import torch
from torch import Tensor, nn, optim

from attnlab.support.errors import UsageError
from attnlab.support.ranges import NonNegative, Positive, Range, ShareBelowOne
from attnlab.support.registry import Registry
from attnlab.training.muon import Muon

OPTIMISERS: Registry[optim.Optimizer] = Registry("optimiser")


@dataclass(kw_only=True)
class OptimiserConfig:
    """`learning_rate`: the highest, of which the schedule gives each update a share.

    `clip_norm`: the norm that longer gradients are scaled down to; null is none.
    """

    name: str
    learning_rate: Positive
    clip_norm: Positive | None


def build_optimiser(config: OptimiserConfig, model: nn.Module) -> optim.Optimizer:
    """The configured optimiser of `model`'s parameters, ready for a schedule."""
    return with_highest_rates(OPTIMISERS.build(config, model))


def with_highest_rates(optimiser: optim.Optimizer) -> optim.Optimizer:
    """The same optimiser, whose groups' present rates become their `highest_rate`, beside `lr`.

    A schedule's shares are shares of it. A group that has one already keeps it.
    """
    for group in optimiser.param_groups:
        group.setdefault("highest_rate", group["lr"])
    return optimiser


def apply_share(optimiser: optim.Optimizer, share: float) -> float:
    """Give each group that `share` of its highest rate; returns the first group's rate."""
    for group in optimiser.param_groups:
        group["lr"] = group["highest_rate"] * share
    return float(optimiser.param_groups[0]["lr"])


@dataclass(kw_only=True)
class AdamConfig(OptimiserConfig):
    """`betas`: decay of the means of gradients and of their squares.

    `epsilon`: added to the root of the latter, against division by 0.
    """

    betas: list[ShareBelowOne]
    epsilon: Positive

    def __post_init__(self) -> None:
        if len(self.betas) != 2:
            raise UsageError(f"optimiser.betas={self.betas} must be two numbers from 0 to under 1")


@OPTIMISERS.register("adam", AdamConfig)
def adam(config: AdamConfig, model: nn.Module) -> optim.Optimizer:
    """Adam (Kingma & Ba 2015)."""
    return optim.Adam(model.parameters(), lr=config.learning_rate, **adam_arguments(config))


@dataclass(kw_only=True)
class AdamWConfig(AdamConfig):
    """`weight_decay`: the share of each weight, times the learning rate, that is subtracted."""

    weight_decay: NonNegative


@OPTIMISERS.register("adamw", AdamWConfig)
def adamw(config: AdamWConfig, model: nn.Module) -> optim.Optimizer:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019), on matrices alone."""
    groups = [
        {
            "params": [p for p in model.parameters() if p.dim() > 1],
            "weight_decay": config.weight_decay,
        },
        {"params": [p for p in model.parameters() if p.dim() <= 1], "weight_decay": 0.0},
    ]
    return optim.AdamW(groups, lr=config.learning_rate, **adam_arguments(config))


def adam_arguments(config: AdamConfig) -> dict[str, Any]:
    """Arguments of torch's Adam and AdamW, except the learning rate."""
    first, second = config.betas
    return {"betas": (first, second), "eps": config.epsilon, "fused": True}


@dataclass(kw_only=True)
class SgdConfig(OptimiserConfig):
    """`momentum`: decay of the mean of gradients; 0 is none."""

    momentum: ShareBelowOne


@OPTIMISERS.register("sgd", SgdConfig)
def sgd(config: SgdConfig, model: nn.Module) -> optim.Optimizer:
    """Stochastic gradient descent."""
    return optim.SGD(model.parameters(), lr=config.learning_rate, momentum=config.momentum)


@dataclass(kw_only=True)
class AdafactorConfig(OptimiserConfig):
    """The learning rate is relative to each matrix's root mean square, and at most 1/√update.

    `decay_exponent`: update number t weighs t to this power in the mean of squared gradients.
    `clip_update`: the root mean square that larger updates are scaled down to.
    """

    decay_exponent: Annotated[float, Range(minimum=-100, maximum=0)]
    clip_update: Positive


@OPTIMISERS.register("adafactor", AdafactorConfig)
def adafactor(config: AdafactorConfig, model: nn.Module) -> optim.Optimizer:
    """Adafactor (Shazeer & Stern 2018, algorithm 5), without momentum.

    Second moments of a matrix are one number a row and one a column.
    """
    return optim.Adafactor(
        model.parameters(),
        lr=config.learning_rate,
        beta2_decay=config.decay_exponent,
        d=config.clip_update,
    )


class Combined(optim.Optimizer):
    """Several optimisers, each with parameters of its own, as one: one `step`, one `state_dict`.

    `param_groups` are those of all `parts`, in order, and their `state` is shared, so that saving
    and loading are torch's own.
    """

    def __init__(self, *parts: optim.Optimizer) -> None:
        self.parts = parts
        super().__init__([group for part in parts for group in part.param_groups], defaults={})
        self._share()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Share torch's new groups and state, which replace the old ones on loading."""
        super().__setstate__(state)
        self._share()

    def _share(self) -> None:
        groups = iter(self.param_groups)
        for part in self.parts:
            part.param_groups = list(islice(groups, len(part.param_groups)))
            part.state = self.state

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of each part; `closure`, if given, is called once, before them."""
        loss = None if closure is None else closure()
        for part in self.parts:
            part.step()
        return loss


@dataclass(kw_only=True)
class MuonConfig(AdamWConfig):
    """`learning_rate` and `momentum` are Muon's; `adamw_learning_rate`, `betas`, `epsilon` AdamW's.

    `weight_decay` is for all matrices.
    """

    momentum: ShareBelowOne
    adamw_learning_rate: Positive


@OPTIMISERS.register("muon", MuonConfig)
def muon(config: MuonConfig, model: nn.Module) -> optim.Optimizer:
    """Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks").

    A matrix's step is the running mean of its gradients, made orthogonal. Embeddings, the output
    layer and vectors are left to AdamW.
    """
    hidden = hidden_matrices(model)
    among = {id(matrix) for matrix in hidden}
    others = [p for p in model.parameters() if id(p) not in among]
    decays = {True: config.weight_decay, False: 0.0}
    groups = [
        {"params": some, "weight_decay": decay}
        for is_matrix, decay in decays.items()
        if (some := [p for p in others if (p.dim() > 1) is is_matrix])
    ]
    return Combined(
        Muon(
            hidden,
            lr=config.learning_rate,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
        ),
        optim.AdamW(groups, lr=config.adamw_learning_rate, **adam_arguments(config)),
    )


def hidden_matrices(model: nn.Module) -> list[nn.Parameter]:
    """The matrices that map features to features: neither embeddings nor the output layer.

    A matrix of a single row or column is a vector.
    """
    tables = {id(each.weight) for each in model.modules() if isinstance(each, nn.Embedding)}
    output = getattr(model, "output", None)
    if isinstance(output, nn.Linear):
        tables.add(id(output.weight))
    return [
        p for p in model.parameters() if p.dim() == 2 and min(p.shape) > 1 and id(p) not in tables
    ]


_UNSIGNED = ("exp_avg_sq", "max_exp_avg_sq", "row_var", "col_var", "variance")


def checked_state(
    optimiser: optim.Optimizer, gathered: Mapping[Any, Any], updates: int
) -> dict[int, dict[str, Any]]:
    """A checkpoint's optimiser `state` after `updates`, checked: torch's fused step checks nothing.

    Tensors are new, with their parameter's strides. Those of optimisers that are not torch's own
    are only required to be finite.

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
            key: _checked_tensor(
                f"{key} of parameter {number}", key, value, parameter, shapes, updates
            )
            for key, value in values.items()
        }
    return checked


def _shapes(
    part: optim.Optimizer, parameter: Tensor, group: Mapping[str, Any]
) -> dict[str, torch.Size] | None:
    """The shape of each state tensor of torch's optimisers and Muon; None for other optimisers."""
    whole, number = parameter.shape, torch.Size()
    if isinstance(part, optim.Adam | optim.AdamW):
        more = {"max_exp_avg_sq": whole} if group["amsgrad"] else {}
        return {"step": number, "exp_avg": whole, "exp_avg_sq": whole} | more
    if isinstance(part, optim.Adafactor):
        if parameter.dim() < 2:
            return {"step": number, "variance": whole}
        rows, columns = [*whole[:-1], 1], [*whole[:-2], 1, whole[-1]]
        return {"step": number, "row_var": torch.Size(rows), "col_var": torch.Size(columns)}
    if isinstance(part, optim.SGD | Muon):
        return {"momentum_buffer": whole}
    return None


def _checked_tensor(
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
