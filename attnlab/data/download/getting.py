"""A corpus from its source into a folder, where nothing stands that is not whole and right.

Whatever is under way is in FOLDER/.partial, which goes when there is nothing left to go on with.
"""

import logging
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from rich.filesize import decimal

from attnlab.data.download.sources import Source
from attnlab.support.errors import AttnlabError
from attnlab.support.files import atomic_file, locked

_CHUNK_BYTES = 1 << 20
logger = logging.getLogger(__name__)


def get_corpus(
    source: Source,
    folder: Path,
    *,
    mirror: str | None = None,
    tries: int = 4,
    pause: float = 1.0,
) -> None:
    """Have the files of `source` in `folder`; those that are there already are only checked.

    `mirror` is the address of another folder that holds files of the same names; `tries` and
    `pause` are those of `ResumingDownloader`.

    Raises:
        UsageError: `mirror` is no address.
        AttnlabError: a file cannot be had, its checksum is wrong, there is no room, or another
            file of its name stands there.
    """
    from attnlab.data.download.resuming import NoRoomError, NotServedError

    if not _missing(source, folder):
        logger.info("%s is there already, with the right checksums", source.name)
        return
    logger.info("%s", source.terms)
    try:
        with _alone(folder) as partial:
            for name in _missing(source, folder):
                if name in source.checksums:
                    _download(source, mirror or source.url, partial / name, tries, pause)
                    (partial / name).replace(folder / name)
                else:
                    _unpack(folder / source.archive_of(name), folder / name)
                logger.info("%s: %s", name, decimal((folder / name).stat().st_size))
    except NoRoomError as error:
        raise AttnlabError(
            f"{error}, in {folder}; make room, or choose another folder with --to"
        ) from error
    except NotServedError as error:
        raise AttnlabError(
            f"{error}\n--from names a mirror. Or put {', '.join(source.checksums)} into {folder} "
            "by hand and run this again, or have data.root= point to files of your own"
        ) from error


def _missing(source: Source, folder: Path) -> list[str]:
    """The files that are not there, archives before what is unpacked from them.

    Raises:
        AttnlabError: there is a file of that name, but it is another.
    """
    missing = []
    for name, checksum in source.checksums.items():
        if not (folder / name).exists():
            missing.append(name)
        elif not _matches(folder / name, checksum, source.largest):
            raise _stranger(folder / name, f"its checksum is not {checksum}")
    for archive, name in source.unpacked.items():
        if not (folder / name).exists():
            missing.append(name)
        elif archive in missing or not _is_member(folder / archive, folder / name):
            raise _stranger(folder / name, f"it is not known to come from {archive}")
    return missing


def _stranger(path: Path, why: str) -> AttnlabError:
    return AttnlabError(
        f"{path} is there, but {why}; nothing was changed: move that file away, or choose "
        "another folder with --to"
    )


def _matches(path: Path, checksum: str, largest: int) -> bool:
    import pooch

    if path.stat().st_size > largest:
        return False
    algorithm, _, digest = checksum.partition(":")
    return bool(pooch.file_hash(str(path), alg=algorithm) == digest)


@contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """Where files of `folder` are made, for this process alone; others wait for it."""
    partial = folder / ".partial"
    partial.mkdir(parents=True, exist_ok=True)
    message = "waiting for another attnlab that is at work in %s"
    with locked(folder / ".lock", on_wait=lambda: logger.info(message, folder)):
        try:
            partial.mkdir(exist_ok=True)
            yield partial
        finally:
            if not any(partial.glob("*.part")):
                shutil.rmtree(partial, ignore_errors=True)


def _download(source: Source, url: str, path: Path, tries: int, pause: float) -> None:
    import pooch

    from attnlab.data.download.display import transfer_display
    from attnlab.data.download.resuming import ResumingDownloader

    pooch.get_logger().setLevel(logging.WARNING)
    address = f"{url.rstrip('/')}/{path.name}"
    checksum = source.checksums[path.name]
    with transfer_display(path.name) as show:
        part = path.with_name(f"{path.name}.part")
        downloader = ResumingDownloader(part, show, tries, pause, source.largest)
        try:
            pooch.retrieve(address, checksum, path.name, path.parent, downloader=downloader)
        except ValueError as error:  # pooch's, which has removed the file
            raise AttnlabError(
                f"{address}: what was sent has not the checksum {checksum}, and was removed; try "
                "again, or another mirror with --from"
            ) from error


def _unpack(archive: Path, path: Path) -> None:
    """Take the member that is called as `path` out of `archive`."""
    from attnlab.data.download.resuming import refuse_full_disk

    with zipfile.ZipFile(archive) as opened:
        member = _member(opened, path.name)
        try:
            with opened.open(member) as packed, atomic_file(path) as file:
                shutil.copyfileobj(packed, file)
        except OSError as error:
            refuse_full_disk(error, path.name, decimal(member.file_size))
            raise


def _is_member(archive: Path, path: Path) -> bool:
    with zipfile.ZipFile(archive) as opened:
        member = _member(opened, path.name)
    if path.stat().st_size != member.file_size:
        return False
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            checksum = zlib.crc32(chunk, checksum)
    return checksum == member.CRC


def _member(opened: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    for member in opened.infolist():
        if PurePosixPath(member.filename).name == name:
            return member
    raise AttnlabError(f"{opened.filename}: there is no {name} in it; please report it")
