"""Checkpoints on disk: a folder with weights, with the state of training, or both.

    checkpoints/best/          weights.safetensors · run.json · SHA256SUMS
    checkpoints/last/          weights.safetensors · training.pt · run.json · SHA256SUMS
    checkpoints/previous/      the one that was last before it
    checkpoints/update-NUMBER/ weights at a validation, the latest few
    checkpoints/averaged/      the mean of several

A checkpoint is written beside its place, pushed to the disk and renamed, so that one which can be
seen is whole; checksums show whether it still is. It can be read while it is being replaced.
Loading executes no code: safetensors holds plain numbers, and training.pt is read with torch's
`weights_only`.
"""

import errno
import json
import logging
import os
import re
import shutil
import time
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model, save_file
from torch import Tensor, nn

from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.files import SUMS, DamagedError, check_seal, seal, temporary_folder

_NAMES = re.compile(r"best|last|averaged|update-\d{8,}")
WEIGHTS = "weights.safetensors"
TRAINING = "training.pt"
IDENTITY = "run.json"
"""In a checkpoint's folder: the run that it belongs to, and the update it was written after."""

_READINGS = 200  # a reader that finds a checkpoint being replaced tries again
_SECONDS_BETWEEN = 0.05

Read = TypeVar("Read")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunIdentity:
    """What ties the parts of a run together.

    `run`: its random id. `corpus` and `vocabulary`: SHA-256 digests of the sentences that it is
    trained on and validated with, and of the vocabulary's models; None until they have been read.
    """

    run: str
    corpus: str | None = None
    vocabulary: str | None = None


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
    """Replace the checkpoint in `folder` by `model`'s weights and the `training` state, if given.

    The run's `identity` and the `update` are written beside the weights, not into them: the same
    weights are the same file. The old checkpoint becomes `previous`, if given, a folder beside
    this one. `others` are files to push to the disk before the checkpoint can be seen.

    Raises:
        AttnlabError: it cannot be written; the old one stands.
    """
    old = previous or folder.with_name(f".{folder.name}.old")
    try:
        folder.parent.mkdir(exist_ok=True)  # without parents: a deleted run stays deleted
        with temporary_folder(folder) as new:
            save_file(_weights(model), new / WEIGHTS)
            (new / WEIGHTS).chmod(new.stat().st_mode & 0o666)  # safetensors permits its owner alone
            if identity is not None:
                values = {"run": identity.run, "update": update, "vocabulary": identity.vocabulary}
                (new / IDENTITY).write_text(json.dumps(values) + "\n", encoding="utf-8")
            if training is not None:
                with (new / TRAINING).open("wb") as file:
                    torch.save(training, file)
            seal(new, others)
            if folder.exists():
                shutil.rmtree(old, ignore_errors=True)
                folder.rename(old)
            new.rename(folder)  # if a power cut undoes this, the old one is still whole
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
    """Parameters and buffers of `model`, tied ones once, by the first of their names.

    safetensors' `save_model` would list the other names in the order of a hash map, so that two
    files of the same weights differ.
    """
    named: dict[int, tuple[str, Tensor]] = {}
    for name, weight in model.state_dict(keep_vars=True).items():
        named.setdefault(id(weight), (name, weight))
    return {name: weight.detach().contiguous() for name, weight in named.values()}


def _reason(error: BaseException) -> str:
    """The system's message, without what torch and safetensors put in front of it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        if number := re.search(r"\(os error (\d+)\)", str(cause)):
            return os.strerror(int(number[1]))
        cause = cause.__cause__ or cause.__context__
    return first_line(error)


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or the name of its class."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def read_whole(
    folder: Path, read: Callable[[Path], Read], identity: RunIdentity | None = None
) -> Read:
    """The result of `read` on the checkpoint in `folder`, whose checksums are compared first.

    With an `identity` it must have checksums and belong to that run. If the checkpoint is replaced
    meanwhile, `read` is called again, on the new one.

    Raises:
        DamagedError: the checkpoint is not what was written, or another run's.
    """
    for reading in range(1, _READINGS + 1):
        standing = _standing(folder)
        before = _stamp(standing)
        try:
            check_seal(standing, (WEIGHTS, TRAINING, IDENTITY), required=identity is not None)
            if identity is not None and standing.is_dir():
                _check_identity(standing, identity)
            found = read(standing)
        except (AttnlabError, OSError):
            # If it was being replaced, the new one is there a moment later.
            time.sleep(_SECONDS_BETWEEN)
            if _stamp(_standing(folder)) == before or reading == _READINGS:
                raise
        else:
            if _stamp(standing) in (before, None) or reading == _READINGS:
                if standing != folder and not folder.exists():
                    logger.warning("%s: is not there; %s is read instead", folder, standing)
                return found
    raise AssertionError("the last reading returns or raises")


def require_checkpoint_name(setting: str, name: str) -> None:
    """Refuse a value of `setting` that no checkpoint is called."""
    if not _NAMES.fullmatch(name):
        raise UsageError(
            f"{setting}={name} is none of: best, last, averaged, or one that was kept, such as "
            "update-00000400"
        )


def checkpoint_stands(folder: Path) -> bool:
    """Whether there is a checkpoint, in its place or being replaced."""
    return _standing(folder).exists()


def _standing(folder: Path) -> Path:
    """`folder`, or the one that it was replacing when the machine stopped."""
    if not folder.exists():
        for old in (f".{folder.name}.old", *(["previous"] if folder.name == "last" else [])):
            if (folder.parent / old).is_dir():
                return folder.parent / old
    return folder


def _stamp(folder: Path) -> tuple[int, int] | None:
    """A value that changes whenever another checkpoint takes the place of `folder`."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _check_identity(checkpoint: Path, identity: RunIdentity) -> None:
    values = _read_identity(checkpoint)
    if values.get("run") != identity.run:
        raise DamagedError(f"{checkpoint}: this checkpoint belongs to another run")
    if values.get("vocabulary") != identity.vocabulary:
        raise DamagedError(f"{checkpoint}: this checkpoint was trained with another vocabulary")


def checkpoint_update(checkpoint: Path) -> int | None:
    """The update that a checkpoint was written after; None where its folder does not say."""
    try:
        update = _read_identity(checkpoint).get("update")
    except DamagedError:
        return None
    return update if type(update) is int and update >= 0 else None


def _read_identity(checkpoint: Path) -> dict[str, Any]:
    path = checkpoint / IDENTITY
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DamagedError(f"{path}: is not there, so the checkpoint belongs to no run") from error
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path}: does not say which run the checkpoint belongs to") from error
    return values if isinstance(values, dict) else {}


def weights_digest(folder: Path) -> str | None:
    """The SHA-256 of a checkpoint's weights, read from its checksums; None without them."""
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
    except Exception as error:  # an unpickler may raise anything
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # torch's seek before a file
            raise
        raise DamagedError(
            f"{path}: this is no whole training state ({first_line(error)})"
        ) from error
    if not isinstance(state, dict):
        raise DamagedError(f"{path}: this is no training state")
    return state


def _require_plain_zip(path: Path) -> None:
    """Refuse compressed or overlapping entries, so that no more is read than the file's size."""
    size, held = path.stat().st_size, 0
    with zipfile.ZipFile(path) as opened:
        for entry in opened.infolist():
            if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
                raise ValueError(f"{entry.filename} in it is compressed")
            held += entry.file_size
    if held > size:
        raise ValueError(f"{held:,} bytes are said to be in a file of {size:,}")
