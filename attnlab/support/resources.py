"""Where the folders are that ship with attnlab, and those that it keeps; not what is in them."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def shipped_folder(name: str) -> Path:
    """The folder `configs` or `data`: inside an installed package, or beside it in a checkout."""
    inside = _PACKAGE / "shipped" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def training_groups() -> list[Path]:
    """The folders of configs that a training chooses from.

    A folder that holds a file of its own name is the root of another command's configs.
    """
    folders = [path for path in shipped_folder("configs").iterdir() if path.is_dir()]
    return sorted(path for path in folders if not (path / f"{path.name}.yaml").exists())


def cache_folder(name: str) -> Path:
    """The folder `name` among what attnlab downloads; it need not be there.

    It is in $ATTNLAB_CACHE where that is set, and else where this system's caches are.
    """
    if chosen := os.environ.get("ATTNLAB_CACHE"):
        return Path(chosen).expanduser().absolute() / name
    import pooch

    return Path(pooch.os_cache("attnlab")) / name
