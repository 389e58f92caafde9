"""Snapshots: the weights at each of the latest validations, checkpoints/update-NUMBER."""

import re
import shutil
from pathlib import Path

from torch import nn

from attnlab.training.checkpoint import RunIdentity, save_checkpoint

_SNAPSHOT = re.compile(r"update-(\d{8,})")


def snapshot_name(update: int) -> str:
    """The folder's name of the snapshot after `update`; names sort as updates do."""
    return f"update-{update:08}"


def snapshot_number(name: str) -> int | None:
    """The update of the snapshot of that name; None for any other name."""
    found = _SNAPSHOT.fullmatch(name)
    return int(found[1]) if found else None


def kept_snapshots(checkpoints: Path) -> dict[int, Path]:
    """The folder of each snapshot by its update, the earliest first."""
    if not checkpoints.is_dir():
        return {}
    numbered = ((snapshot_number(path.name), path) for path in checkpoints.iterdir())
    return dict(sorted((number, path) for number, path in numbered if number is not None))


def save_snapshot(
    checkpoints: Path,
    update: int,
    model: nn.Module,
    keep: int,
    identity: RunIdentity | None = None,
) -> None:
    """Save the weights of `model` after `update`; then delete all but the last `keep` snapshots.

    Raises:
        AttnlabError: as for `save_checkpoint`.
    """
    folder = checkpoints / snapshot_name(update)
    save_checkpoint(folder, model, identity=identity, update=update)
    _delete(list(kept_snapshots(checkpoints).values())[:-keep], checkpoints)


def drop_snapshots_after(checkpoints: Path, update: int) -> None:
    """Delete the snapshots of updates behind `update`, from which training goes on."""
    later = [path for number, path in kept_snapshots(checkpoints).items() if number > update]
    _delete(later, checkpoints)


def _delete(snapshots: list[Path], checkpoints: Path) -> None:
    """Delete `snapshots`, and the rest of others if the machine stopped during this."""
    for path in snapshots:
        path.rename(path.with_name(f".{path.name}.dropped"))  # one that can be seen is whole
    for path in checkpoints.glob(".update-*"):
        shutil.rmtree(path, ignore_errors=True)
