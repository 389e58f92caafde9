"""Folders of files that are made once for the same inputs and reused by later processes.

A folder is written beside its place by one process at a time, sealed with a manifest and checksums,
and renamed. A damaged folder is made again. Where nothing can be stored, a folder is made in a
temporary place.
"""

import atexit
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import attnlab
from attnlab.support.errors import AttnlabError
from attnlab.support.files import (
    SUMS,
    DamagedError,
    check_seal,
    file_digest,
    locked,
    remove_leftovers,
    seal,
    temporary_folder,
    write_file,
)

LIMIT_BYTES = 8_000_000_000
MANIFEST = "manifest.json"
"""The inputs of a folder, and the size and modification time of each of its files."""
_SOURCES = "sources.json"
_IN_USE_SECONDS = 3600.0  # a process may not have opened the files of a younger folder yet
_LEFT_OVER_SECONDS = 86400.0
_RACY_NANOSECONDS = 2_000_000_000  # a younger file may change again without a new time
_SHARED_MEMORY = Path("/dev/shm")

Make = Callable[[Path], None]

_temporary: dict[str, Path] = {}  # by name, so that the runs of a sweep share them

logger = logging.getLogger(__name__)


class Cache:
    """Folders under `root` with at most `limit_bytes` together; without a root, temporary ones.

    Beyond the limit the least recently used are removed, but none within an hour of its use.
    `contents` names the files in messages. With ATTNLAB_VERIFY_CACHE set, every byte is compared
    with its checksum; else a file is trusted while its size and modification time stay the same.
    """

    def __init__(
        self,
        root: Path | None,
        contents: str = "the tokenised corpus",
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        self._root, self._contents, self._limit_bytes = root, contents, limit_bytes

    def folder(self, kind: str, facts: Mapping[str, object], make: Make) -> Path:
        """The folder of that kind for `facts`; `make` fills an empty one if there is none.

        `facts` are JSON values that determine the files. `make` may be called again after an
        OSError, such as that of a full disk.

        Raises:
            AttnlabError: there is nowhere to write to; and what `make` raises.
        """
        name = f"{kind}-{hashlib.sha256(_json(facts)).hexdigest()[:32]}"
        if self._root is not None:
            try:
                return self._stored(self._root / name, facts, make)
            except (OSError, NotImplementedError) as error:  # the second: no file locks there
                logger.warning(
                    "%s: %s cannot be stored here (%s), so it is made for this run alone; make "
                    "room, or set ATTNLAB_CACHE to another folder",
                    self._root,
                    self._contents,
                    _reason(error),
                )
                self._root = None
        return _in_temporary_place(name, self._contents, make)

    def source_digest(self, path: Path) -> str:
        """SHA-256 of a source file, which is read only where its size or times have changed."""
        if self._root is None:
            return file_digest(path)
        index = self._root / _SOURCES
        try:
            known = dict(json.loads(index.read_bytes()))
        except (OSError, ValueError, TypeError):
            known = {}
        name, status = str(path.absolute()), path.stat()
        stamp = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
        found = known.get(name, ())
        if found[:3] == stamp and not _verifies():
            return str(found[3])
        is_settled = time.time_ns() - max(stamp[1:]) > _RACY_NANOSECONDS
        digest = file_digest(path)
        if is_settled:
            known = {each: stamps for each, stamps in known.items() if Path(each).exists()}
            with suppress(OSError):
                self._root.mkdir(parents=True, exist_ok=True)
                write_file(index, _json(known | {name: [*stamp, digest]}))
        return digest

    def _stored(self, folder: Path, facts: Mapping[str, object], make: Make) -> Path:
        if not _is_whole(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            message = "waiting for another attnlab that makes %s"
            lock = folder.with_name(f".{folder.name}.lock")
            with locked(lock, on_wait=lambda: logger.info(message, self._contents)):
                if not _is_whole(folder, warn=True):  # no other process was quicker
                    remove_leftovers(folder.parent, folder.name)
                    with temporary_folder(folder) as new:
                        make(new)
                        files = {path.name: _stamp(path) for path in new.iterdir()}
                        (new / MANIFEST).write_bytes(_json({"facts": facts, "files": files}))
                        seal(new)
                        if folder.exists():
                            shutil.rmtree(folder)
                        new.rename(folder)
            self._make_room(folder.parent)
        with suppress(OSError):  # another user's, or read-only
            (folder / MANIFEST).touch()
        return folder

    def _make_room(self, root: Path) -> None:
        """Remove the least recently used folders, and half-written ones of killed processes."""
        now = time.time()
        total = 0
        used = {folder: _last_use(folder) for folder in root.iterdir() if folder.is_dir()}
        for folder, last in sorted(used.items(), key=lambda item: item[1], reverse=True):
            if folder.name.startswith("."):
                is_surplus = now - last > _LEFT_OVER_SECONDS
            else:
                with suppress(OSError):  # another process removes it
                    total += sum(path.stat().st_size for path in folder.iterdir())
                is_surplus = total > self._limit_bytes and now - last > _IN_USE_SECONDS
            if is_surplus:
                shutil.rmtree(folder, ignore_errors=True)


def code_digest(*sources: Path) -> str:
    """Digest of Python files, or of those in folders; what the code makes depends on it."""
    files = [file for each in sources for file in sorted(each.rglob("*.py")) or [each]]
    try:
        return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    except OSError:  # installed without its source
        return attnlab.__version__


def _in_temporary_place(name: str, contents: str, make: Make) -> Path:
    """The folder in a temporary place, until this process ends."""
    if name in _temporary:
        return _temporary[name]
    problem = ""
    for place in filter(Path.is_dir, [Path(tempfile.gettempdir()), _SHARED_MEMORY]):
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


def _is_whole(folder: Path, warn: bool = False) -> bool:
    """Whether the files have the sizes and times of the manifest, or else their checksums."""
    if not folder.exists():
        return False
    try:
        files = json.loads((folder / MANIFEST).read_bytes())["files"]
        paths = [path for path in folder.iterdir() if path.name not in (MANIFEST, SUMS)]
        found = {path.name: _stamp(path) for path in paths}
        sizes = ({name: stamp[0] for name, stamp in each.items()} for each in (files, found))
        if next(sizes) == next(sizes):
            if found != files or _verifies():
                check_seal(folder, files, required=True)
                for name, (_, modified) in files.items():
                    with suppress(OSError):
                        os.utime(folder / name, ns=(modified, modified))
            return True
    except (OSError, ValueError, TypeError, KeyError, AttributeError, DamagedError):
        pass
    if warn:
        logger.warning("%s: is damaged, and is made again", folder)
    return False


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _verifies() -> bool:
    return bool(os.environ.get("ATTNLAB_VERIFY_CACHE"))


def _last_use(folder: Path) -> float:
    for path in (folder / MANIFEST, folder):
        with suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def _json(values: object) -> bytes:
    return json.dumps(values, sort_keys=True).encode()


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
