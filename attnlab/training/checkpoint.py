"""Checkpoints: a folder with the weights, and with all that training needs to go on.

    checkpoints/best/weights.safetensors
    checkpoints/last/weights.safetensors · training.pt

A checkpoint is written beside its place and renamed into it, so one that can be seen is whole.
Loading executes no code: safetensors holds plain numbers, and the training state is read with
torch's `weights_only`.
"""

import pickle
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch import nn, optim

from attnlab.errors import AttnlabError
from attnlab.training.loop import Progress

WEIGHTS = "weights.safetensors"
TRAINING = "training.pt"


def save_checkpoint(folder: Path, model: nn.Module, training: dict[str, Any] | None = None) -> None:
    """Put `model`'s weights, and the `training` state where given, in place of what is there."""
    new = folder.with_name(f".{folder.name}.new")
    old = folder.with_name(f".{folder.name}.old")
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        save_model(model, str(new / WEIGHTS))  # knows tied weights, which save_file refuses
        if training is not None:
            torch.save(training, new / TRAINING)
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise AttnlabError(
            f"{folder}: the checkpoint could not be written ({error}); the one before it, if there "
            "was one, stands. Make room or permit writing there, and go on with --resume"
        ) from error


def _standing(folder: Path) -> Path:
    """The folder, or the one that it was about to replace when the machine stopped."""
    old = folder.with_name(f".{folder.name}.old")
    return old if old.is_dir() and not folder.exists() else folder


def load_weights(folder: Path, model: nn.Module) -> None:
    """Give `model` the weights of the checkpoint in `folder`."""
    path = _standing(folder) / WEIGHTS
    if not path.is_file():
        raise AttnlabError(
            f"{path}: there are no weights here; train the run first, or name another one"
        )
    try:
        load_model(model, str(path))
    except (SafetensorError, RuntimeError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise AttnlabError(
            f"{path}: this is no whole checkpoint of this model ({reason}); "
            "use another checkpoint=, or train the run anew"
        ) from error


def training_state(
    model: nn.Module, optimiser: optim.Optimizer, progress: Progress, best: Sequence[float] | None
) -> dict[str, Any]:
    """All that the next update depends on, but for the data."""
    return {
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "update": progress.update,
        "epoch": progress.epoch,
        "batch": progress.batch,
        "seconds": progress.seconds(),
        "best": None if best is None else list(best),
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_training(
    folder: Path, model: nn.Module, optimiser: optim.Optimizer
) -> tuple[Progress, list[float] | None]:
    """Put everything back to where the checkpoint in `folder` was written.

    Returns how far training had come, and what was passed as `best`: the best scores till then.
    """
    path = _standing(folder) / TRAINING
    if not path.is_file():
        raise AttnlabError(f"{path}: there is no training state here to resume from")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["random"])
        if state["random_cuda"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["random_cuda"])
        progress = Progress(
            update=state["update"],
            epoch=state["epoch"],
            batch=state["batch"],
            earlier_seconds=state["seconds"],
        )
        return progress, state["best"]
    except (
        RuntimeError,
        OSError,
        KeyError,
        ValueError,
        TypeError,
        EOFError,
        pickle.UnpicklingError,
    ) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise AttnlabError(
            f"{path}: this is no whole training state of this model ({reason}); "
            "the run cannot be resumed from it"
        ) from error
