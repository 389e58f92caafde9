"""The schema of `attnlab kernel-regression`, whose values are in configs/kernel_regression/."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from attnlab import launch
from attnlab.attention.kernel_regression import build_kernel
from attnlab.studies.kernel_regression.points import REGRESSION_DATA, RegressionDataConfig
from attnlab.support.errors import UsageError
from attnlab.support.folders import PathText, require_folder_name
from attnlab.support.ranges import Count, Positive, Range, Seed
from attnlab.support.registry import Registry
from attnlab.training.optimiser import OPTIMISERS, OptimiserConfig

LEAVE_ONE_OUT, DIRECT = "leave_one_out", "direct"


@dataclass(kw_only=True)
class WidthTrainingConfig:
    """Training of the Gaussian kernel's width.

    `queries`: how points are predicted in training, each a training of its own: from all others
    (leave_one_out) or from all, the point itself included (direct). `width`: σ at the start.
    `by_dimension`: whether each input has a width of its own. `epochs`: each is one update over all
    points.
    """

    queries: list[str]
    width: Positive
    by_dimension: bool
    epochs: Count

    def __post_init__(self) -> None:
        for name in self.queries:
            if name not in (LEAVE_ONE_OUT, DIRECT):
                raise UsageError(f"training.queries={name} is neither {LEAVE_ONE_OUT} nor {DIRECT}")
        if len(set(self.queries)) < len(self.queries):
            raise UsageError(f"training.queries={self.queries} names one twice")


@dataclass(kw_only=True)
class KernelRegressionConfig:
    """Configuration of a kernel regression.

    `runs_root`: folder of all runs. `name`: folder under it for the run. `kernels` are fitted at
    all `widths` (σ, in the units of the inputs). `queries`: how many even steps are predicted, of
    inputs of one dimension.
    """

    COMMAND: ClassVar[str] = "kernel-regression"
    CHOICES: ClassVar[dict[str, Registry[Any]]] = {
        "data": REGRESSION_DATA,
        "optimiser": OPTIMISERS,
    }

    name: str
    runs_root: PathText
    seed: Seed
    kernels: list[str]
    widths: list[Positive]
    queries: Annotated[int, Range(minimum=2, maximum=4096)]
    training: WidthTrainingConfig
    data: RegressionDataConfig
    optimiser: OptimiserConfig

    def __post_init__(self) -> None:
        require_folder_name("name", self.name)
        for setting, most in (("kernels", 5), ("widths", 12)):
            values = getattr(self, setting)
            if not 1 <= len(values) <= most:
                raise UsageError(f"{setting}={values} must name 1 to {most}")
            if len(set(values)) < len(values):
                raise UsageError(f"{setting}={values} names one twice")
        for kernel in self.kernels:
            build_kernel(kernel)
        self.widths = sorted(self.widths)


KERNEL_REGRESSION = launch.add_config("kernel_regression", KernelRegressionConfig)
