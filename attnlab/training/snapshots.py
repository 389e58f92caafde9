"""Snapshots: the weights as they were at one validation after another, the last few of them.

    checkpoints/update-00000400/  weights.safetensors · run.json · SHA256SUMS

Knows no validation and no average.
"""

import re
import shutil
from pathlib import Path

from torch import nn

from attnlab.training.checkpoint import save_checkpoint
from attnlab.training.identity import RunIdentity

_NAME = re.compile(r"update-(\d{8,})")


def snapshot_name(update: int) -> str:
    """The folder's name, such that names sort as updates do."""
    return f"update-{update:08}"


def snapshot_number(name: str) -> int | None:
    """The update of the snapshot of that name; None for what is no snapshot's name."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else None


def kept_snapshots(checkpoints: Path) -> dict[int, Path]:
    """The folder of each snapshot that there is, by its update, the earliest first."""
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
    """Keep the weights of `model` after `update`, and only the last `keep` snapshots.

    Earlier ones go once this one is whole. Raises what `save_checkpoint` does.
    """
    folder = checkpoints / snapshot_name(update)
    save_checkpoint(folder, model, identity=identity, update=update)
    _drop([path for _, path in list(kept_snapshots(checkpoints).items())[:-keep]], checkpoints)


def drop_snapshots_after(checkpoints: Path, update: int) -> None:
    """Forget what was kept behind `update`, from which a run goes on and will come there again."""
    later = [path for number, path in kept_snapshots(checkpoints).items() if number > update]
    _drop(later, checkpoints)


def _drop(snapshots: list[Path], checkpoints: Path) -> None:
    """Delete `snapshots`, and what is left of others where a machine stopped amidst this."""
    for path in snapshots:
        path.rename(path.with_name(f".{path.name}.dropped"))  # one that can be seen is whole
    for path in checkpoints.glob(".update-*"):
        shutil.rmtree(path, ignore_errors=True)
