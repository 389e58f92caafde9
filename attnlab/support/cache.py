"""Folders of files that are made once, under the key of all that they follow from.

A folder is made beside its place, sealed with its files' checksums and renamed into it, by one
process at a time. One that is damaged is made anew, and one that cannot be kept is made in a
temporary place. Knows nothing of what is in the files.
"""

import atexit
import hashlib
import inspect
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

import attnlab
from attnlab.support.errors import AttnlabError
from attnlab.support.files import locked, remove_leftovers, temporary_folder

LIMIT_BYTES = 8_000_000_000
_SEAL = "checksums.json"
_IN_USE_SECONDS = 3600.0  # a folder that was asked for within it may not be open yet
_LEFT_OVER_SECONDS = 86400.0
_SHARED_MEMORY = Path("/dev/shm")

Make = Callable[[Path], None]

_temporary: dict[str, Path] = {}  # what could not be kept, by name: a sweep makes it once

logger = logging.getLogger(__name__)


class Cache:
    """Folders under `root`, which together take `limit_bytes` at most.

    Where they would take more, those that were not asked for the longest go; none goes within an
    hour of its use. With no root, nothing is kept past the end of the process. Messages call
    what is in them `contents`.
    """

    def __init__(
        self,
        root: Path | None,
        contents: str = "the tokenised corpus",
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        self._root = root
        self._contents = contents
        self._limit_bytes = limit_bytes

    def folder(self, kind: str, facts: Mapping[str, object], make: Make) -> Path:
        """The folder of that kind and those facts; `make` fills an empty one if there is none.

        `facts`, JSON values all, must say all that the files follow from. `make` may be called
        again after an OSError, such as that of a full disk.

        Raises:
            AttnlabError: there is nowhere to write to; and what `make` raises.
        """
        key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
        name = f"{kind}-{key}"
        if self._root is not None:
            try:
                return self._kept(self._root / name, make)
            except (OSError, NotImplementedError) as error:  # the second: no locks there
                logger.warning(
                    "%s: %s cannot be kept here (%s), so it is made for this run alone; make "
                    "room, or set ATTNLAB_CACHE to another folder",
                    self._root,
                    self._contents,
                    _reason(error),
                )
                self._root = None
        return _made_for_now(name, self._contents, make)

    def _kept(self, folder: Path, make: Make) -> Path:
        if _is_whole(folder):
            _touch(folder)
            return folder
        with _alone(folder, self._contents):
            if _is_whole(folder, warn=True):  # another process was quicker
                return folder
            remove_leftovers(folder.parent, folder.name)
            with temporary_folder(folder) as making:
                make(making)
                _seal(making)
                if folder.exists():
                    shutil.rmtree(folder)
                making.rename(folder)
        self._make_room()
        return folder

    def _make_room(self) -> None:
        """Remove what was not asked for the longest, and what killed processes left behind."""
        assert self._root is not None
        now = time.time()
        total = 0
        used = {folder: _last_use(folder) for folder in self._root.iterdir() if folder.is_dir()}
        for folder, last in sorted(used.items(), key=lambda item: item[1], reverse=True):
            if folder.name.startswith("."):
                is_surplus = now - last > _LEFT_OVER_SECONDS
            else:
                total += _bytes_in(folder)
                is_surplus = total > self._limit_bytes and now - last > _IN_USE_SECONDS
            if is_surplus:
                shutil.rmtree(folder, ignore_errors=True)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, which is read a piece at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_digest(*modules: ModuleType) -> str:
    """What changes when these modules do: what they make is then made anew."""
    try:
        return hashlib.sha256("".join(map(inspect.getsource, modules)).encode()).hexdigest()
    except OSError:  # installed without its source
        return attnlab.__version__


def _made_for_now(name: str, contents: str, make: Make) -> Path:
    """The folder in a temporary place, till this process ends."""
    if name in _temporary:
        return _temporary[name]
    places = [Path(tempfile.gettempdir()), _SHARED_MEMORY]  # a disk, then memory
    for place in filter(Path.is_dir, places):
        try:
            folder = Path(tempfile.mkdtemp(prefix="attnlab-", dir=place))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            try:
                make(folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            _temporary[name] = folder
            return folder
        except OSError as error:
            problem = f"{place}: {_reason(error)}"
    raise AttnlabError(
        f"there is no room for {contents} ({problem}); make room, or set ATTNLAB_CACHE to another "
        "folder"
    )


def _seal(folder: Path) -> None:
    checksums = {path.name: file_digest(path) for path in sorted(folder.iterdir())}
    (folder / _SEAL).write_text(json.dumps(checksums, indent=1), encoding="utf-8")


def _is_whole(folder: Path, warn: bool = False) -> bool:
    if not folder.exists():
        return False
    try:
        checksums = json.loads((folder / _SEAL).read_bytes())
        names = sorted(path.name for path in folder.iterdir() if path.name != _SEAL)
        if names == sorted(checksums) and all(
            file_digest(folder / name) == checksum for name, checksum in checksums.items()
        ):
            return True
    except (OSError, ValueError, TypeError):
        pass  # as damaged as one with wrong bytes
    if warn:
        logger.warning("%s: is damaged, and is made anew", folder)
    return False


def _touch(folder: Path) -> None:
    with suppress(OSError):  # of somebody else, or read-only
        (folder / _SEAL).touch()


def _last_use(folder: Path) -> float:
    for path in (folder / _SEAL, folder):
        with suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def _bytes_in(folder: Path) -> int:
    total = 0
    with suppress(OSError):  # another process removes it
        total = sum(path.stat().st_size for path in folder.iterdir())
    return total


@contextmanager
def _alone(folder: Path, contents: str) -> Iterator[None]:
    """Others that want to make `folder` wait."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    message = "waiting for another attnlab that makes %s"
    lock = folder.with_name(f".{folder.name}.lock")
    with locked(lock, on_wait=lambda: logger.info(message, contents)):
        yield


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
