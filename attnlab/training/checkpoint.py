"""Checkpoints on disk: a folder with weights, with all that training needs to go on, or both.

    checkpoints/best/      weights.safetensors · run.json · SHA256SUMS
    checkpoints/last/      weights.safetensors · training.pt · run.json · SHA256SUMS
    checkpoints/previous/  what was last before it
    checkpoints/…/         others of weights alone: snapshots, and what they average to

A checkpoint is written beside its place, pushed to the disk and renamed into its place, so one
that can be seen is whole; its checksums show whether it still is. A reader may come while one is
being replaced. Loading executes no code: safetensors holds plain numbers, and the training state
is read with torch's `weights_only`.
"""

import errno
import logging
import os
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model, save_file
from torch import Tensor, nn

from attnlab.support.errors import AttnlabError
from attnlab.support.files import SUMS, DamagedError, check_seal, seal, temporary_folder
from attnlab.training.identity import IDENTITY, RunIdentity, check_identity, write_identity

WEIGHTS = "weights.safetensors"
TRAINING = "training.pt"

_READINGS = 200  # a reader that finds a checkpoint being replaced tries again
_SECONDS_BETWEEN = 0.05

Read = TypeVar("Read")

logger = logging.getLogger(__name__)


def save_checkpoint(
    folder: Path,
    model: nn.Module,
    training: dict[str, Any] | None = None,
    *,
    identity: RunIdentity | None = None,
    update: int = 0,
    previous: Path | None = None,
    others: Iterable[Path] = (),
) -> None:
    """Put `model`'s weights, and the `training` state where given, in place of what is there.

    The run's `identity` and the `update` are written beside them, but not into them: the same
    weights are the same file. What was there is kept as `previous`, where that is given; its
    folder is beside this one. `others` are files that are on the disk before the checkpoint can be
    seen.
    """
    old = previous or folder.with_name(f".{folder.name}.old")
    try:
        folder.parent.mkdir(exist_ok=True)  # not what is above it: a run once deleted stays so
        with temporary_folder(folder) as new:  # which goes from a full disk
            save_file(_weights(model), new / WEIGHTS)
            (new / WEIGHTS).chmod(new.stat().st_mode & 0o666)  # safetensors permits its owner alone
            if identity is not None:
                write_identity(new, identity, update)
            if training is not None:
                with (new / TRAINING).open("wb") as file:
                    torch.save(training, file)
            seal(new, others)
            if folder.exists():
                shutil.rmtree(old, ignore_errors=True)
                folder.rename(old)
            new.rename(folder)  # should a power cut undo this, the one before is there and whole
        if previous is None:
            shutil.rmtree(old, ignore_errors=True)
    except (OSError, RuntimeError, SafetensorError) as error:
        if not folder.parent.is_dir():
            raise AttnlabError(
                f"{folder}: the checkpoint could not be written: the folder was deleted or moved "
                "while training wrote to it; train the run anew"
            ) from error
        raise AttnlabError(
            f"{folder}: the checkpoint could not be written ({_reason(error)}); the one before "
            "it, if there was one, stands. Make room or permit writing there; training goes on "
            "with --resume"
        ) from error


def _weights(model: nn.Module) -> dict[str, Tensor]:
    """What `model` has learned, tied weights once, by the first of their names.

    safetensors' `save_model` would note the other names in an order of chance, and two files of
    the same weights would differ.
    """
    named: dict[int, tuple[str, Tensor]] = {}
    for name, weight in model.state_dict(keep_vars=True).items():
        named.setdefault(id(weight), (name, weight))
    return {name: weight.detach().contiguous() for name, weight in named.values()}


def _reason(error: BaseException) -> str:
    """What the system said, which torch and safetensors put words of their own in front of."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        if number := re.search(r"\(os error (\d+)\)", str(cause)):
            return os.strerror(int(number[1]))
        cause = cause.__cause__ or cause.__context__
    return first_line(error)


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or else its kind."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def read_whole(
    folder: Path, read: Callable[[Path], Read], identity: RunIdentity | None = None
) -> Read:
    """What `read` makes of the checkpoint in `folder`, once its checksums are found right.

    With an `identity` it must have checksums and belong to that run. Should the checkpoint be
    replaced in the meantime, `read` is called again, on the new one.

    Raises:
        DamagedError: the checkpoint is not what was written, or another run's.
    """
    for reading in range(1, _READINGS + 1):
        standing = _standing(folder)
        before = _stamp(standing)
        try:
            check_seal(standing, (WEIGHTS, TRAINING, IDENTITY), required=identity is not None)
            if identity is not None and standing.is_dir():
                check_identity(standing, identity)
            found = read(standing)
        except (AttnlabError, OSError):
            # What was about to be replaced has been a moment later; else it is what there is.
            time.sleep(_SECONDS_BETWEEN)
            if _stamp(_standing(folder)) == before or reading == _READINGS:
                raise
        else:
            if _stamp(standing) in (before, None) or reading == _READINGS:
                if standing != folder and not folder.exists():
                    logger.warning("%s: is not there; %s is read instead", folder, standing)
                return found
    raise AssertionError("the last reading returns or raises")


def checkpoint_stands(folder: Path) -> bool:
    """Whether there is a checkpoint, in its place or about to be replaced."""
    return _standing(folder).exists()


def _standing(folder: Path) -> Path:
    """The folder, or the one that it was about to replace when the machine stopped."""
    if not folder.exists():
        for old in (f".{folder.name}.old", *(["previous"] if folder.name == "last" else [])):
            if (folder.parent / old).is_dir():
                return folder.parent / old
    return folder


def _stamp(folder: Path) -> tuple[int, int] | None:
    """Another one for each checkpoint that stands in `folder`'s place."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def weights_digest(folder: Path) -> str | None:
    """The SHA-256 of the weights of the checkpoint in `folder`, as it was written beside them."""
    try:
        lines = (_standing(folder) / SUMS).read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    named = (line.partition("  ") for line in lines)
    return next((digest for digest, _, name in named if name == WEIGHTS), None)


def load_weights(folder: Path, model: nn.Module, identity: RunIdentity | None = None) -> None:
    """Give `model` the weights of the checkpoint in `folder`.

    Raises:
        DamagedError: they are not what was written, or not of the run with that `identity`.
        AttnlabError: there are none, or they are another model's.
    """
    try:
        read_whole(folder, lambda standing: _load_weights(standing / WEIGHTS, model), identity)
    except DamagedError as error:
        other = "best" if folder.name == "last" else "last"
        raise DamagedError(
            f"{error}; use checkpoint={other}, put the folder back as it was, or go on training "
            "with attnlab train --resume"
        ) from error


def _load_weights(path: Path, model: nn.Module) -> None:
    if not path.is_file():
        others = sorted(p.parent.name for p in path.parents[1].glob(f"[!.]*/{WEIGHTS}"))
        remedy = (
            f"use checkpoint={' or checkpoint='.join(others)}"
            if others
            else "train the run first, or name another one"
        )
        raise AttnlabError(f"{path}: there are no weights here; {remedy}")
    try:
        load_model(model, str(path))
    except (SafetensorError, OSError, ValueError) as error:
        raise DamagedError(f"{path}: this is no whole checkpoint ({first_line(error)})") from error
    except RuntimeError as error:
        raise AttnlabError(
            f"{path}: this is no checkpoint of this model ({first_line(error)}); use the settings "
            "that it was trained with"
        ) from error


def load_training(
    folder: Path, model: nn.Module, identity: RunIdentity | None = None
) -> dict[str, Any]:
    """The training state of the checkpoint in `folder`, whose weights `model` is given.

    Raises:
        DamagedError: there is no whole checkpoint with a training state of that run.
        AttnlabError: the weights are another model's.
    """

    def read(standing: Path) -> dict[str, Any]:
        state = _load_state(standing / TRAINING)
        _load_weights(standing / WEIGHTS, model)
        return state

    return read_whole(folder, read, identity)


def _load_state(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DamagedError(f"{path}: there is no training state here to resume from")
    try:
        _require_plain_zip(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever bytes may come to mean to an unpickler
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # torch's seek before a file
            raise
        raise DamagedError(
            f"{path}: this is no whole training state ({first_line(error)})"
        ) from error
    if not isinstance(state, dict):
        raise DamagedError(f"{path}: this is no training state")
    return state


def _require_plain_zip(path: Path) -> None:
    """Refuse, with a ValueError, what torch did not write: it compresses nothing.

    What is read is then no larger than the file.
    """
    size, held = path.stat().st_size, 0
    with zipfile.ZipFile(path) as opened:
        for entry in opened.infolist():
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
                raise ValueError(f"{entry.filename} in it is compressed")
            held += entry.file_size
    if held > size:
        raise ValueError(f"{held:,} bytes are said to be in a file of {size:,}")
