"""All that the next update depends on, but for the data: taken down, and put back to the bit."""

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn, optim

from attnlab.errors import AttnlabError
from attnlab.training.checkpoint import first_line, load_training
from attnlab.training.durable import DamagedError
from attnlab.training.loop import Progress

logger = logging.getLogger(__name__)


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
    """Where training goes on, and the `notes` that were passed to `training_state` there."""

    progress: Progress
    notes: dict[str, Any]


def training_state(
    optimiser: optim.Optimizer,
    progress: Progress,
    notes: dict[str, Any],
    parts: Mapping[str, Part],
) -> dict[str, Any]:
    """What `save_checkpoint` is to put beside the weights.

    torch's random state is the only one: batches follow from the seed and the epoch's number, and
    nothing else in training is left to chance. `notes` is for whoever calls: numbers, strings,
    lists and dictionaries of them. `parts`, by name, are what else the next update depends on.
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
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_training(
    folder: Path, model: nn.Module, optimiser: optim.Optimizer, parts: Mapping[str, Part]
) -> Restored:
    """Put everything back, `parts` too, to where the checkpoint in `folder` was written.

    The optimiser keeps its settings, such as weight decay, and is given what it had gathered.

    Raises:
        DamagedError: there is no whole training state.
        AttnlabError: it is another model's or another optimiser's.
    """
    state = load_training(folder, model)
    try:
        own = optimiser.state_dict()["param_groups"]
        gathered = state["optimiser"]
        if [len(group["params"]) for group in own] != [
            len(group["params"]) for group in gathered["param_groups"]
        ]:
            raise AttnlabError(
                f"{folder}: was trained by another optimiser, whose state this one cannot use; "
                "use the settings that it was trained with"
            )
        rates = [{"lr": group["lr"]} for group in gathered["param_groups"]]  # the schedule's
        groups = [group | rate for group, rate in zip(own, rates, strict=True)]
        optimiser.load_state_dict({"state": gathered["state"], "param_groups": groups})
        for name, part in parts.items():
            part.load_state_dict(state["parts"][name])
        torch.set_rng_state(state["random"])
        if state["random_cuda"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["random_cuda"])
        progress = Progress(
            update=state["update"],
            epoch=state["epoch"],
            batch=state["batch"],
            skipped=state["skipped"],
            skipped_in_a_row=state["skipped_in_a_row"],
            earlier_seconds=state["seconds"],
        )
        return Restored(progress, state["notes"])
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        raise DamagedError(
            f"{folder}: this is no whole training state ({first_line(error)})"
        ) from error


def has_checkpoint(checkpoints: Path) -> bool:
    """Whether there is one, whole or broken, that training could go on from."""
    return any((checkpoints / name).exists() for name in ("last", "previous"))


def restore_latest(
    checkpoints: Path, model: nn.Module, optimiser: optim.Optimizer, parts: Mapping[str, Part]
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
        return restore_training(last, model, optimiser, parts)
    except DamagedError as fault:
        if not (last.exists() and previous.exists()):
            raise AttnlabError(
                f"{fault}; there is no checkpoint before it to resume from: train the run anew"
            ) from fault
        try:
            restored = restore_training(previous, model, optimiser, parts)
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
