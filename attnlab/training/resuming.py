"""Training checkpoints: save and restore everything that the next update depends on."""

import logging
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn, optim

from attnlab.support.errors import AttnlabError
from attnlab.support.files import DamagedError
from attnlab.training.averaging import MovingAverage
from attnlab.training.checkpoint import (
    RunIdentity,
    checkpoint_stands,
    first_line,
    load_training,
    save_checkpoint,
)
from attnlab.training.distributed import ALONE, ProcessGroup
from attnlab.training.optimiser import checked_state
from attnlab.training.schedule import Schedule
from attnlab.training.snapshots import save_snapshot
from attnlab.training.state import TrainState, from_plain

logger = logging.getLogger(__name__)


def has_checkpoint(checkpoints: Path) -> bool:
    """Whether there is one, whole or broken, to resume from."""
    return any((checkpoints / name).exists() for name in ("last", "previous"))


class Checkpoints:
    """Saves the state of training to `folder`, and restores it bit for bit.

    If there is an `average`, its weights are saved as the model's. The first process of `group`
    writes and reads. torch's random state of each process is saved; no other is needed, since the
    seed and the epoch determine the batches.
    """

    def __init__(
        self,
        folder: Path,
        model: nn.Module,
        optimiser: optim.Optimizer,
        schedule: Schedule | None = None,
        average: MovingAverage | None = None,
        *,
        group: ProcessGroup = ALONE,
        identity: RunIdentity | None = None,
    ) -> None:
        self._folder, self._model, self._optimiser = folder, model, optimiser
        self._average, self._group, self._identity = average, group, identity
        parts = {"schedule": schedule, "average": average}
        self._parts = {name: part for name, part in parts.items() if part is not None}

    def _averaged(self) -> AbstractContextManager[None]:
        return nullcontext() if self._average is None else self._average.applied()

    def save_last(self, state: TrainState, others: list[Path] | None = None) -> None:
        """Save all as `last`; what was `last` becomes `previous`. All processes call this.

        `others` are files that must not be older than the checkpoint, even after a power cut.
        """
        values = state.as_values() | {
            "optimiser": self._optimiser.state_dict(),
            "parts": {name: part.state_dict() for name, part in self._parts.items()},
            "random": self._group.gather(_random_state()),
        }
        if self._group.is_first:
            with self._averaged():
                save_checkpoint(
                    self._folder / "last",
                    self._model,
                    values,
                    identity=self._identity,
                    update=state.update,
                    previous=self._folder / "previous",
                    others=others or [],
                )

    def save_best(self, update: int) -> None:
        """Save the weights as `best`."""
        if self._group.is_first:
            with self._averaged():
                best = self._folder / "best"
                save_checkpoint(best, self._model, identity=self._identity, update=update)

    def replace_lost_best(self, state: TrainState) -> None:
        """If `best` was deleted, save the weights there until a validation finds a best one."""
        best = self._folder / "best"
        if state.best is None or not self._group.is_first or checkpoint_stands(best):
            return
        logger.warning(
            "%s: is not there; that of update %s takes its place, until the next validation",
            best,
            f"{state.update:,}",
        )
        state.best = None
        self.save_best(state.update)

    def save_snapshot(self, update: int, keep: int) -> None:
        """Save the weights as a snapshot, and keep the last `keep` of them."""
        if self._group.is_first and keep:
            with self._averaged():
                save_snapshot(self._folder, update, self._model, keep, self._identity)

    def restore(self, check: Callable[[TrainState], None] = lambda _: None) -> TrainState | None:
        """Restore the last whole checkpoint in all processes; None where there never was one.

        Nothing is used before all has been checked; `check` raises a ValueError for a state that
        cannot be. A broken `last` is renamed to `broken`, with a warning, and `previous` is used.
        The optimiser keeps its settings, such as weight decay. Each process gets the random state
        of its rank; one that has none is seeded differently from all others.

        Raises:
            AttnlabError: there is no whole one, or it is another model's or another optimiser's.
        """
        values, state = None, None
        with self._group.raise_together():
            if self._group.is_first and has_checkpoint(self._folder):
                values, state = self._restore_last(check)
        values = self._group.broadcast(values)
        if values is None or self._group.size == 1:
            return state
        with self._averaged() if self._group.is_first else nullcontext():
            weights = {name: tensor.cpu() for name, tensor in self._model.state_dict().items()}
            weights = self._group.broadcast(weights)
        if state is None:
            self._model.load_state_dict(weights)
            state = self._apply(values)
        if self._group.rank >= state.processes:
            self._group.reseed(torch.initial_seed(), state.update)
        return state

    def _restore_last(
        self, check: Callable[[TrainState], None]
    ) -> tuple[dict[str, Any], TrainState]:
        last, previous, broken = (self._folder / name for name in ("last", "previous", "broken"))
        try:
            return self._restore(last, check)
        except DamagedError as fault:
            if not (last.exists() and previous.exists()):
                raise AttnlabError(
                    f"{fault}; there is no checkpoint before it to resume from: train the run anew"
                ) from fault
            try:
                values, state = self._restore(previous, check)
            except DamagedError as other_fault:
                raise AttnlabError(
                    f"{fault}; nor is the checkpoint before it whole: {other_fault}. The run "
                    "cannot be resumed; train it anew"
                ) from fault
            logger.warning(
                "%s; going on from the checkpoint before it, of update %s. The broken one is laid "
                "aside as %s and can be deleted",
                fault,
                f"{state.update:,}",
                broken,
            )
            shutil.rmtree(broken, ignore_errors=True)
            last.rename(broken)
            return values, state

    def _restore(
        self, folder: Path, check: Callable[[TrainState], None]
    ) -> tuple[dict[str, Any], TrainState]:
        """Restore all from the checkpoint in `folder`; returns its values, too.

        Raises:
            DamagedError: there is no whole training state of this run.
            AttnlabError: it is another model's or another optimiser's.
        """
        values = load_training(folder, self._model, self._identity)
        try:
            own, saved = self._optimiser.state_dict()["param_groups"], values["optimiser"]
            if _sizes(own) != _sizes(saved["param_groups"]):
                raise AttnlabError(
                    f"{folder}: was trained by another optimiser, whose state this one cannot use; "
                    "use the settings that it was trained with"
                )
            state = TrainState.from_values(values)
            for mine, group in zip(own, saved["param_groups"], strict=True):
                if mine["params"] != group["params"] or from_plain(float, group["lr"], "lr") < 0:
                    raise ValueError("the optimiser's groups are not those of this model")
            _check_random_states(values["random"])
            of_parameters = checked_state(self._optimiser, saved["state"], state.update)
            values["optimiser"] = saved | {"state": of_parameters}
            check(state)
            return values, self._apply(values)
        except AttnlabError:
            raise
        except Exception as error:  # values of wrong types may raise anything
            raise DamagedError(
                f"{folder}: this is no whole training state ({first_line(error)})"
            ) from error

    def _apply(self, values: dict[str, Any]) -> TrainState:
        """Restore all but the weights from checked `values`."""
        gathered, own = values["optimiser"], self._optimiser.state_dict()["param_groups"]
        groups = [
            mine | {"lr": saved["lr"]}  # the schedule's
            for mine, saved in zip(own, gathered["param_groups"], strict=True)
        ]
        self._optimiser.load_state_dict({"state": gathered["state"], "param_groups": groups})
        for name, part in self._parts.items():
            part.load_state_dict(values["parts"][name])
        if self._group.rank < len(values["random"]):
            random = values["random"][self._group.rank]
            torch.set_rng_state(random["cpu"])
            if random["cuda"] and torch.cuda.is_available():
                torch.cuda.set_rng_state_all(random["cuda"])
        state = TrainState.from_values(values)
        state.processes = len(values["random"])
        return state


def _sizes(groups: list[dict[str, Any]]) -> list[int]:
    return [len(group["params"]) for group in groups]


def _random_state() -> dict[str, Any]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def _check_random_states(states: list[dict[str, Any]]) -> None:
    size = torch.get_rng_state().shape
    if not states:
        raise ValueError("there is no random state")
    for state in states:
        if any(each.dtype != torch.uint8 for each in (state["cpu"], *state["cuda"])):
            raise ValueError("a random state is none")
        if state["cpu"].shape != size:
            raise ValueError(f"a random state has {len(state['cpu'])} bytes, and not {size[0]}")
