"""The schema of `attnlab kernel-regression`, whose values are in configs/kernel_regression/."""

from dataclasses import dataclass
from typing import Any, ClassVar

from attnlab.attention.kernels import build_kernel
from attnlab.errors import UsageError
from attnlab.folders import PathText, require_folder_name
from attnlab.registry import Registry
from attnlab.regression import REGRESSION_DATA, RegressionDataConfig
from attnlab.training.optimiser import OPTIMISERS, OptimiserConfig

LEAVE_ONE_OUT, DIRECT = "leave_one_out", "direct"


@dataclass(kw_only=True)
class WidthTrainingConfig:
    """How the Gaussian kernel's width is trained.

    `queries`: who asks in training: every point of all the others (leave_one_out), or of all
    points, itself among them (direct); each named is trained. `width`: σ at the start.
    `by_dimension`: whether each input has a width of its own. `epochs`: updates, since each is of
    all points.
    """

    queries: list[str]
    width: float
    by_dimension: bool
    epochs: int

    def __post_init__(self) -> None:
        for name in self.queries:
            if name not in (LEAVE_ONE_OUT, DIRECT):
                raise UsageError(f"training.queries={name} is neither {LEAVE_ONE_OUT} nor {DIRECT}")
        if len(set(self.queries)) < len(self.queries):
            raise UsageError(f"training.queries={self.queries} names one twice")
        if not 0 < self.width < float("inf"):
            raise UsageError(f"training.width={self.width:g} must be above 0")
        if self.epochs < 1:
            raise UsageError(f"training.epochs={self.epochs} must be at least 1")


@dataclass(kw_only=True)
class KernelRegressionConfig:
    """All that a kernel regression follows from.

    `name`: the folder under `runs_root` that the run goes to. `runs_root`: where all runs go.
    `kernels` are tried at all `widths`
    (σ, in the units of the inputs). `queries`: how many places, at even steps, are asked for where
    inputs have one dimension.
    """

    COMMAND: ClassVar[str] = "kernel-regression"
    CHOICES: ClassVar[dict[str, Registry[Any]]] = {
        "data": REGRESSION_DATA,
        "optimiser": OPTIMISERS,
    }

    name: str
    runs_root: PathText
    seed: int
    kernels: list[str]
    widths: list[float]
    queries: int
    training: WidthTrainingConfig
    data: RegressionDataConfig
    optimiser: OptimiserConfig

    def __post_init__(self) -> None:
        require_folder_name("name", self.name)
        if self.seed < 0:
            raise UsageError(f"seed={self.seed} must be at least 0")
        if not 2 <= self.queries <= _MOST_QUERIES:
            raise UsageError(f"queries={self.queries} must be from 2 to {_MOST_QUERIES:,}")
        for setting, most in (("kernels", 5), ("widths", 12)):
            values = getattr(self, setting)
            if not 1 <= len(values) <= most:
                raise UsageError(f"{setting}={values} must name 1 to {most}")
            if len(set(values)) < len(values):
                raise UsageError(f"{setting}={values} names one twice")
        for kernel in self.kernels:
            build_kernel(kernel)
        for width in self.widths:
            if not 0 < width < float("inf"):
                raise UsageError(f"widths: {width:g} must be above 0")
        self.widths = sorted(self.widths)


_MOST_QUERIES = 4096
