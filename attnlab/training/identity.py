"""Which run a checkpoint, a vocabulary and a corpus belong to."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnlab.support.files import DamagedError

IDENTITY = "run.json"
"""In a checkpoint's folder: the run that it belongs to, and the update that it was taken after."""


@dataclass(frozen=True)
class RunIdentity:
    """What ties the parts of a run together.

    `run`: its random id. `corpus` and `vocabulary`: SHA-256 digests of the sentences that it is
    trained on and validated with, and of the vocabulary's models; None until they have been read.
    """

    run: str
    corpus: str | None = None
    vocabulary: str | None = None


def write_identity(checkpoint: Path, identity: RunIdentity, update: int) -> None:
    """Note in a checkpoint's folder that it was taken of that run, after `update`."""
    values = {"run": identity.run, "update": update, "vocabulary": identity.vocabulary}
    (checkpoint / IDENTITY).write_text(json.dumps(values) + "\n", encoding="utf-8")


def check_identity(checkpoint: Path, identity: RunIdentity) -> None:
    """Refuse a checkpoint that does not belong to the run.

    Raises:
        DamagedError: it belongs to another run or another vocabulary, or does not say to which.
    """
    values = _read(checkpoint)
    if values.get("run") != identity.run:
        raise DamagedError(f"{checkpoint}: this checkpoint belongs to another run")
    if values.get("vocabulary") != identity.vocabulary:
        raise DamagedError(f"{checkpoint}: this checkpoint was trained with another vocabulary")


def checkpoint_update(checkpoint: Path) -> int | None:
    """The update that a checkpoint was taken after; None where its folder does not say."""
    try:
        update = _read(checkpoint).get("update")
    except DamagedError:
        return None
    return update if type(update) is int and update >= 0 else None


def _read(checkpoint: Path) -> dict[str, Any]:
    path = checkpoint / IDENTITY
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DamagedError(f"{path}: is not there, so the checkpoint belongs to no run") from error
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path}: does not say which run the checkpoint belongs to") from error
    return values if isinstance(values, dict) else {}
