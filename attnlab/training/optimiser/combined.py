"""Several optimisers, each with parameters of its own, as a single one."""

from collections.abc import Callable
from itertools import islice
from typing import Any

from torch import optim


class Combined(optim.Optimizer):
    """`parts`, in order, behind torch's own interface: one `step`, one `state_dict`.

    The groups are those of the first part, then those of the second, and so on. All parts gather
    in one `state`, by parameter, so that saving and loading are torch's own.
    """

    def __init__(self, *parts: optim.Optimizer) -> None:
        self.parts = parts
        super().__init__([group for part in parts for group in part.param_groups], defaults={})
        self._share()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Torch puts new groups and a new state in place of the old on loading."""
        super().__setstate__(state)
        self._share()

    def _share(self) -> None:
        groups = iter(self.param_groups)
        for part in self.parts:
            part.param_groups = list(islice(groups, len(part.param_groups)))
            part.state = self.state

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of each part; `closure`, if there is one, is called once, before them."""
        loss = None if closure is None else closure()
        for part in self.parts:
            part.step()
        return loss
