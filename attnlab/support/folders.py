"""Paths that users type, shipped and cache folders, and new folders for runs."""

import os
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import Annotated

from attnlab.support.errors import AttnlabError, UsageError, shortened

IS_PATH = "path"
PathText = Annotated[str, IS_PATH]
"""A setting that names a file or folder: `schema.from_node` expands its `~`."""

CLAIMS = "claims"
"""The folder in `configs` of what experiments are to show; it is no group of settings."""

_LONGEST_NAME = 200
_PACKAGE = Path(__file__).parents[1]


def shipped_folder(name: str) -> Path:
    """The folder `configs` or `data`: inside an installed package, or beside it in a checkout."""
    inside = _PACKAGE / "shipped" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def training_groups() -> list[Path]:
    """Folders of the config groups of `attnlab train`.

    A folder with a file of its own name is the root of another command's configs.
    """
    folders = [
        path
        for path in shipped_folder("configs").iterdir()
        if path.is_dir() and path.name != CLAIMS
    ]
    return sorted(path for path in folders if not (path / f"{path.name}.yaml").exists())


def cache_folder(name: str) -> Path:
    """The folder `name` in $ATTNLAB_CACHE, or else in the system's caches; it may not exist."""
    if chosen := os.environ.get("ATTNLAB_CACHE"):
        return Path(chosen).expanduser().absolute() / name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm's, in a notebook, of widgets that are not installed
        import pooch

    return Path(pooch.os_cache("attnlab")) / name


def expanded(path: str, setting: str) -> str:
    """`path` with a leading `~` or `~user` replaced by that home folder.

    Raises:
        UsageError: there is no such user, or it contains NUL; the message names `setting`.
    """
    if "\0" in path:
        raise UsageError(f"{setting}={path!r}: a path cannot contain a NUL character")
    try:
        return str(Path(path).expanduser()) if path.startswith("~") else path
    except RuntimeError as error:
        user = Path(path).parts[0]
        raise UsageError(
            f"{setting}={path}: there is no home folder of '{user}'; write ./{path} for a path "
            f"that begins with {user}"
        ) from error


def require_folder_name(setting: str, name: str) -> None:
    """Raise a UsageError that names `setting` if `name` cannot be the name of one folder."""
    if not re.fullmatch(r"[^/\\\0-\x1f\x7f]*[^/\\.\s\0-\x1f\x7f][^/\\\0-\x1f\x7f]*", name):
        raise UsageError(
            f"{setting}={shortened(name)} must be the name of one folder, without slashes"
        )
    if len(os.fsencode(name)) > _LONGEST_NAME:
        raise UsageError(f"{setting}={shortened(name)} is longer than {_LONGEST_NAME} bytes")


def time_stamp() -> str:
    """The local time, as runs' folders are named: 2026-01-31_23-59-59."""
    return datetime.now().strftime("%Y-%m-%d_%H-%M-%S")


def file_name(text: str, most: int = 80) -> str:
    """`text` as part of a file's name on any system, without `=` and at most `most` bytes long."""
    safe = re.sub(r"[^\w.,+-]+", "-", text)
    return safe.encode()[:most].decode(errors="ignore").strip("-. ")


def shown_path(folder: Path) -> str:
    """A path as a user can type it: from the working directory, quoted for a shell."""
    here = Path.cwd()
    return quote(str(folder.relative_to(here) if folder.is_relative_to(here) else folder))


class NewFolder:
    """A new folder for one run or sweep, removed again unless `keep` is called."""

    def __init__(self, path: Path, made: list[Path], found: set[Path]) -> None:
        self.path = path
        self._made, self._found = made, found
        self._is_kept = False

    def keep(self) -> None:
        """Leave the folder where it is, whatever fails from now on."""
        self._is_kept = True

    def remove_unless_kept(self) -> None:
        """Remove what was made since, and new parent folders that are empty."""
        if self._is_kept:
            return
        with suppress(OSError):
            for path in set(self.path.iterdir()) - self._found:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
        for folder in self._made:
            with suppress(OSError):  # another process has put something there
                folder.rmdir()


@contextmanager
def new_folder(path: Path, *, exact: bool = False) -> Iterator[NewFolder]:
    """Make the folder `path`, or `path-2` and so on where it exists, for this process alone.

    Leaving the block removes it unless `keep` was called. An `exact` path may exist; its files
    stay.

    Raises:
        AttnlabError: it cannot be made.
    """
    parents = [folder for folder in path.absolute().parents if not folder.exists()]
    try:
        if exact:
            made = [] if path.exists() else [path.absolute()]
            path.mkdir(parents=True, exist_ok=True)
            new = NewFolder(path, [*made, *parents], set(path.iterdir()))
        else:
            path = _claimed(path)
            new = NewFolder(path, [path.absolute(), *parents], set())
    except OSError as error:
        raise AttnlabError(
            f"{path}: the folder cannot be made ({error.strerror}); choose another runs_root="
        ) from error
    try:
        yield new
    finally:
        new.remove_unless_kept()


def _claimed(path: Path) -> Path:
    """Make a new folder, by the first free name."""
    number, attempts = 1, 0
    while True:
        folder = path if number == 1 else path.with_name(f"{path.name}-{number}")
        folder_is_next = False
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder_is_next = True
            folder.mkdir()
            return folder
        except FileExistsError:
            if not folder_is_next:  # a file where a parent folder is to be
                raise
            number += 1
        except FileNotFoundError:  # another process has just removed the empty parent
            attempts += 1
            if attempts == 100:
                raise
