"""All that the next update depends on, but for the data: taken down, and put back to the bit."""

import logging
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn, optim

from attnlab.support.errors import AttnlabError
from attnlab.support.files import DamagedError
from attnlab.training.checkpoint import first_line, load_training
from attnlab.training.distributed import ALONE, ProcessGroup
from attnlab.training.identity import RunIdentity
from attnlab.training.loop import Progress
from attnlab.training.optimiser.state import checked_state
from attnlab.training.plain import from_plain

logger = logging.getLogger(__name__)

Check = Callable[[Progress, dict[str, Any]], None]


def _accept(progress: Progress, notes: dict[str, Any]) -> None:
    """Check nothing."""


class Part(Protocol):
    """What has a state of its own, of plain values and tensors: a schedule, an average."""

    def state_dict(self) -> dict[str, Any]:
        """What it has gathered so far."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        ...


@dataclass(frozen=True)
class Restored:
    """Where training goes on, and the `notes` that were passed to `training_state` there.

    `state` is all that it gave.
    """

    progress: Progress
    notes: dict[str, Any]
    state: dict[str, Any] = field(repr=False)

    @property
    def processes(self) -> int:
        """How many trained together when the checkpoint was written."""
        return len(self.state["random"])


def training_state(
    optimiser: optim.Optimizer,
    progress: Progress,
    notes: dict[str, Any],
    parts: Mapping[str, Part],
    group: ProcessGroup = ALONE,
) -> dict[str, Any]:
    """What `save_checkpoint` is to put beside the weights; the processes of `group` ask together.

    torch's random state is the only one, of each process its own: batches follow from the seed and
    the epoch's number, and nothing else in training is left to chance. `notes` is for whoever
    calls: numbers, strings, lists and dictionaries of them. `parts`, by name, are what else the
    next update depends on.
    """
    return {
        "optimiser": optimiser.state_dict(),
        "update": progress.update,
        "epoch": progress.epoch,
        "batch": progress.batch,
        "skipped": progress.skipped,
        "skipped_in_a_row": progress.skipped_in_a_row,
        "seconds": progress.seconds(),
        "notes": notes,
        "parts": {name: part.state_dict() for name, part in parts.items()},
        "random": group.gather(_random_state()),
    }


def _random_state() -> dict[str, Any]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def restore_training(
    folder: Path,
    model: nn.Module,
    optimiser: optim.Optimizer,
    parts: Mapping[str, Part],
    identity: RunIdentity | None = None,
    check: Check = _accept,
) -> Restored:
    """Put everything back, `parts` too, to where the checkpoint in `folder` was written.

    Nothing is used before all has been checked; `check` is given the progress and the notes, and
    raises a ValueError for values that cannot be. The optimiser keeps its settings, such as weight
    decay, and is given what it had gathered.

    Raises:
        DamagedError: there is no whole training state of the run with that `identity`.
        AttnlabError: it is another model's or another optimiser's.
    """
    state = load_training(folder, model, identity)
    try:
        if not _is_of(state, optimiser):
            raise AttnlabError(
                f"{folder}: was trained by another optimiser, whose state this one cannot use; "
                "use the settings that it was trained with"
            )
        state = _checked(state, optimiser)
        check(_progress(state), state["notes"])
        return _put_back(state, optimiser, parts, rank=0)
    except AttnlabError:
        raise
    except Exception as error:  # whatever values of wrong types lead to
        raise DamagedError(
            f"{folder}: this is no whole training state ({first_line(error)})"
        ) from error


def _is_of(state: dict[str, Any], optimiser: optim.Optimizer) -> bool:
    own, gathered = optimiser.state_dict()["param_groups"], state["optimiser"]["param_groups"]
    return [len(each["params"]) for each in own] == [len(each["params"]) for each in gathered]


def _checked(state: dict[str, Any], optimiser: optim.Optimizer) -> dict[str, Any]:
    """The state, in which nothing can harm the optimiser or torch's random state.

    Raises:
        Exception: it is no such state; a ValueError names what is wrong.
    """
    progress, gathered = _progress(state), state["optimiser"]
    if progress.epoch > progress.update + progress.skipped or progress.earlier_seconds < 0:
        raise ValueError("epoch or seconds are out of range")
    own = optimiser.state_dict()["param_groups"]
    for mine, group in zip(own, gathered["param_groups"], strict=True):
        if mine["params"] != group["params"] or from_plain(float, group["lr"], "lr") < 0:
            raise ValueError("the optimiser's groups are not those of this model")
    size = torch.get_rng_state().shape
    if not state["random"]:
        raise ValueError("there is no random state")
    for random in state["random"]:
        if any(each.dtype != torch.uint8 for each in (random["cpu"], *random["cuda"])):
            raise ValueError("a random state is none")
        if random["cpu"].shape != size:
            raise ValueError(f"a random state has {len(random['cpu'])} bytes, and not {size[0]}")
    of_parameters = checked_state(optimiser, gathered["state"], progress.update)
    return state | {"optimiser": gathered | {"state": of_parameters}}


def _progress(state: dict[str, Any]) -> Progress:
    names = ("update", "epoch", "batch", "skipped", "skipped_in_a_row")
    values = {name: state[name] for name in names} | {"earlier_seconds": state["seconds"]}
    return from_plain(Progress, values, "progress")


def _put_back(
    state: dict[str, Any], optimiser: optim.Optimizer, parts: Mapping[str, Part], rank: int
) -> Restored:
    """All but the model, which has the weights of the checkpoint."""
    gathered = state["optimiser"]
    rates = [{"lr": each["lr"]} for each in gathered["param_groups"]]  # the schedule's
    own = optimiser.state_dict()["param_groups"]
    groups = [each | rate for each, rate in zip(own, rates, strict=True)]
    optimiser.load_state_dict({"state": gathered["state"], "param_groups": groups})
    for name, part in parts.items():
        part.load_state_dict(state["parts"][name])
    if rank < len(state["random"]):
        random = state["random"][rank]
        torch.set_rng_state(random["cpu"])
        if random["cuda"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(random["cuda"])
    return Restored(_progress(state), state["notes"], state)


def has_checkpoint(checkpoints: Path) -> bool:
    """Whether there is one, whole or broken, that training could go on from."""
    return any((checkpoints / name).exists() for name in ("last", "previous"))


def restore_latest(
    checkpoints: Path,
    model: nn.Module,
    optimiser: optim.Optimizer,
    parts: Mapping[str, Part],
    identity: RunIdentity | None = None,
    check: Check = _accept,
) -> Restored | None:
    """Put everything back, `parts` too, to the last checkpoint that is whole.

    None where there never was one.
    A broken `last` is laid aside as `broken`, with a warning, and `previous` takes its place.

    Raises:
        AttnlabError: there is no whole one.
    """
    last, previous, broken = (checkpoints / name for name in ("last", "previous", "broken"))
    if not has_checkpoint(checkpoints):
        return None
    try:
        return restore_training(last, model, optimiser, parts, identity, check)
    except DamagedError as fault:
        if not (last.exists() and previous.exists()):
            raise AttnlabError(
                f"{fault}; there is no checkpoint before it to resume from: train the run anew"
            ) from fault
        try:
            restored = restore_training(previous, model, optimiser, parts, identity, check)
        except DamagedError as other_fault:
            raise AttnlabError(
                f"{fault}; nor is the checkpoint before it whole: {other_fault}. The run cannot "
                "be resumed; train it anew"
            ) from fault
        logger.warning(
            "%s; going on from the checkpoint before it, of update %s. The broken one is laid "
            "aside as %s and can be deleted",
            fault,
            f"{restored.progress.update:,}",
            broken,
        )
        shutil.rmtree(broken, ignore_errors=True)
        last.rename(broken)
        return restored


def restore_together(
    checkpoints: Path,
    model: nn.Module,
    optimiser: optim.Optimizer,
    parts: Mapping[str, Part],
    group: ProcessGroup,
    as_saved: Callable[[], AbstractContextManager[None]],
    identity: RunIdentity | None = None,
    check: Check = _accept,
) -> Restored | None:
    """As `restore_latest`, for all processes of `group`, of which the first alone has the files.

    Each process gets the random state of its rank; one that was not there before gets another than
    all others. Within `as_saved()` the model has the weights that a checkpoint has.
    """
    restored = None
    with group.raise_together():
        if group.is_first:
            restored = restore_latest(checkpoints, model, optimiser, parts, identity, check)
    if group.size == 1:
        return restored
    state = group.broadcast(None if restored is None else restored.state)
    if state is None:
        return None
    with as_saved() if group.is_first else nullcontext():
        weights = {name: tensor.cpu() for name, tensor in model.state_dict().items()}
        weights = group.broadcast(weights)
    if restored is None:
        model.load_state_dict(weights)
        restored = _put_back(state, optimiser, parts, group.rank)
    if group.rank >= restored.processes:
        group.reseed(torch.initial_seed(), restored.progress.update)
    return restored
