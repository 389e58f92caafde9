"""Atomic writes, fsync, checksums and locks.

Files and folders are replaced by renaming a temporary one beside them, `.new-…`, whose name is
random, so that a link put there beforehand has no effect. Files have the permissions of the umask.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from attnlab.support.errors import AttnlabError

_TEMPORARY = ".new-"

SUMS = "SHA256SUMS"
"""File of a folder's checksums, in the format of `sha256sum --check`."""


class DamagedError(AttnlabError):
    """Files on disk are not what was written there, or not complete."""


class LockedError(AttnlabError):
    """Another process holds a lock."""


@contextmanager
def atomic_file(path: Path, *, durable: bool = False) -> Iterator[BinaryIO]:
    """A new file that replaces `path` at the end of the block, unless the block raises.

    Its name, `file.name`, has the suffix of `path`, for libraries that want a path. With `durable`,
    it survives a power cut once the block is left.

    Raises:
        OSError: it cannot be written; the error names `path`.
    """
    temporary = _beside(path, path.suffix)
    try:
        with temporary.open("xb") as file:  # exclusive: fails on an existing file or link
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
        if durable:
            sync([path.parent])
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(temporary)):
            error.filename = str(path)
        raise


def write_file(path: Path, content: str | bytes, *, durable: bool = False) -> None:
    """Replace `path` by a file with `content`, text in UTF-8, as `atomic_file` does."""
    with atomic_file(path, durable=durable) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """An empty folder beside `path`, to be renamed to it; else removed at the end of the block."""
    folder = _beside(path, f".{path.name}")
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(folder: Path, name: str | None = None) -> None:
    """Delete temporary files and folders of killed processes in `folder`, where none writes now.

    With `name`, only folders that were to be renamed to it.
    """
    for path in folder.glob(f"{_TEMPORARY}*.{name}" if name else f"{_TEMPORARY}*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}{ending}")


def open_unlinked(path: Path, mode: str) -> BinaryIO:
    """Open a file in a binary `mode`, with an OSError if it is a link."""

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)

    return open(path, mode, opener=opener)  # type: ignore[return-value]


@contextmanager
def locked(
    path: Path, on_wait: Callable[[], None] | None = None, *, most_seconds: float = 0
) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`, which the system releases when the process ends.

    If another process holds it, `on_wait` is called before waiting; without it, the wait takes
    `most_seconds`.

    Raises:
        LockedError: another process holds it, and there is no `on_wait`.
        OSError: the lock file cannot be made.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0 if on_wait else most_seconds)
    except Timeout as error:
        if on_wait is None:
            raise LockedError(f"{path.parent}: another process is at work here") from error
        on_wait()
        lock.acquire()
    try:
        yield
    finally:
        with suppress(OSError):  # Windows keeps what is open
            path.unlink()
        lock.release()


def is_locked(path: Path) -> bool:
    """Whether a process is in a block of `locked(path)` at this moment."""
    from filelock import FileLock, Timeout

    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # a folder that cannot be written to
        return False
    lock.release()
    return False


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Give an OSError of the block the file's name, as errors of opening have it."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


def sync(paths: Iterable[Path]) -> None:
    """Flush these files and folders to disk, in parallel: on a busy disk one takes seconds."""
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
    """Write the checksums of the folder's files to SUMS; flush them and `others` to disk."""
    paths = sorted(path for path in folder.iterdir() if path.name != SUMS)
    lines = [f"{file_digest(path)}  {path.name}\n" for path in paths]
    sums = folder / SUMS
    sums.write_text("".join(lines), encoding="ascii")
    sync([*paths, sums, folder, *others])


def check_seal(folder: Path, sealed: Collection[str] = (), *, required: bool = False) -> None:
    """Compare the folder's files with their checksums.

    Files named in `sealed` must have a checksum if they exist. A folder without checksums passes
    unless they are `required`.

    Raises:
        DamagedError: a file or a checksum is missing or wrong; the message names it.
    """
    try:
        lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
    except FileNotFoundError as error:
        if required and folder.is_dir():
            raise DamagedError(f"{folder / SUMS}: is not there") from error
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
        if file_digest(path) != checksum:
            raise DamagedError(f"{path}: is not what was written (its checksum is another)")
    listed = {line.partition("  ")[2] for line in lines}
    for name in sorted(set(sealed) - listed):
        if (folder / name).exists():
            raise DamagedError(f"{folder / name}: has no checksum in {SUMS} beside it")


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
