"""Files that stay whole: atomic writes, fsync, checksums and locks, whatever the files hold.

Everything that replaces a file or a folder goes through a temporary one beside it, `.new-…`, whose
name cannot be foreseen: a link that was put there beforehand leads nowhere. Files have the
permissions of the umask.
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
"""Holds a folder's checksums, in the form that `sha256sum --check` reads."""


class DamagedError(AttnlabError):
    """What is on disk is not what was written there, or not all of it."""


class LockedError(AttnlabError):
    """Another process holds a lock."""


@contextmanager
def atomic_file(path: Path, *, durable: bool = False) -> Iterator[BinaryIO]:
    """A new file to write, which takes the place of `path` at the end of the block.

    If the block raises, `path` stays as it was and the new file goes. Its name, `file.name`, has
    the suffix of `path`, for libraries that want a path. With `durable`, a power cut cannot take
    back what was written once the block is left.

    Raises:
        OSError: it cannot be written; the error names `path`.
    """
    temporary = _beside(path, path.suffix)
    try:
        with temporary.open("xb") as file:  # exclusive: fails on whatever stands there, and a link
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
    """Replace `path` by a file of that content, text in UTF-8; otherwise as `atomic_file`."""
    with atomic_file(path, durable=durable) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """An empty folder beside `path`, to be renamed to it; removed if it is still there at the end.

    Raises:
        OSError: it cannot be made.
    """
    folder = _beside(path, f".{path.name}")
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(folder: Path, name: str | None = None) -> None:
    """Delete what killed processes left half-written in `folder`, where no process writes now.

    With `name`, only what was to become the folder of that name.
    """
    for path in folder.glob(f"{_TEMPORARY}*.{name}" if name else f"{_TEMPORARY}*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}{ending}")


def open_unlinked(path: Path, mode: str) -> BinaryIO:
    """Open a file whose name can be foreseen, in a binary `mode`, but never through a link.

    Raises:
        OSError: it is a link, or cannot be opened.
    """

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)

    return open(path, mode, opener=opener)  # type: ignore[return-value]


@contextmanager
def locked(path: Path, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Within the block no other process is in such a block with the same `path`, a lock file.

    The system itself lets go of the lock when the process ends, however it ends. Where another
    process holds it, `on_wait` is called before waiting.

    Raises:
        LockedError: another process holds it, and there is no `on_wait`.
        OSError: the lock file cannot be made.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
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


def check_seal(folder: Path, sealed: Collection[str] = (), *, required: bool = False) -> None:
    """Compare the folder's files with their checksums.

    Files named in `sealed` must have one if they are there. A folder without checksums passes,
    unless they are `required`.

    Raises:
        DamagedError: a file is absent or another one, or a checksum is; the message names it.
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
        if _checksum(path) != checksum:
            raise DamagedError(f"{path}: is not what was written (its checksum is another)")
    listed = {line.partition("  ")[2] for line in lines}
    for name in sorted(set(sealed) - listed):
        if (folder / name).exists():
            raise DamagedError(f"{folder / name}: has no checksum in {SUMS} beside it")


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
