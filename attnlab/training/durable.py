"""Files that stay whole: pushed through to the disk, and known again by their checksums.

Knows nothing of what is in them.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from attnlab.errors import AttnlabError

SUMS = "SHA256SUMS"
"""Holds a folder's checksums, in the form that `sha256sum --check` reads."""


class DamagedError(AttnlabError):
    """What is on disk is not what was written there, or not all of it."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Within the block, a failure to write carries the file's name, as one to open it does."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def sync(paths: Iterable[Path]) -> None:
    """Return when a power cut can no longer take back what was written to these files and folders.

    All are asked for at once: a busy disk takes seconds for one, and hardly more for all.
    """
    each = list(paths)
    with ThreadPoolExecutor(max_workers=max(1, len(each))) as threads:
        for _ in threads.map(_sync, each):
            pass


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows neither can nor needs to
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        with naming(path):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seal(folder: Path, others: Iterable[Path] = ()) -> None:
    """Write down the checksums of the folder's files, and push all to the disk, `others` too."""
    paths = sorted(path for path in folder.iterdir() if path.name != SUMS)
    lines = [f"{_checksum(path)}  {path.name}\n" for path in paths]
    sums = folder / SUMS
    sums.write_text("".join(lines), encoding="ascii")
    sync([*paths, sums, folder, *others])


def check_seal(folder: Path) -> None:
    """Compare the folder's files with their checksums; without any there is nothing to compare.

    Raises:
        DamagedError: a file is absent or another one; the message names it.
    """
    try:
        lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return
    except UnicodeDecodeError as error:
        raise DamagedError(f"{folder / SUMS}: holds no checksums") from error
    if not lines:
        raise DamagedError(f"{folder / SUMS}: is empty")
    for line in lines:
        checksum, _, name = line.partition("  ")
        path = folder / name
        if not name or Path(name).name != name or not path.is_file():
            raise DamagedError(f"{path}: is not there, though {SUMS} beside it counts on it")
        if _checksum(path) != checksum:
            raise DamagedError(f"{path}: is not what was written (its checksum is another)")


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
