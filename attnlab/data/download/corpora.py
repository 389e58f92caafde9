"""Corpora that attnlab does not ship: their sources, and their download into a folder.

Files in the folder are complete and have the right checksum. Partial downloads are in
FOLDER/.partial, which is removed when there is nothing left to resume.
"""

import logging
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from attnlab.support.console import animates, console
from attnlab.support.errors import AttnlabError
from attnlab.support.files import atomic_file, locked

_CHUNK_BYTES = 1 << 20
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Address and checksums of a corpus.

    Attributes:
        name: as in data=NAME.
        terms: title and licence, a line for users.
        url: the folder that holds the files.
        checksums: of each file to download, as ALGORITHM:HEXADECIMAL.
        unpacked: zip archives among them, and the member to extract from each, named without
            folders.
        largest: bound on the bytes of each file.
    """

    name: str
    terms: str
    url: str
    checksums: Mapping[str, str]
    unpacked: Mapping[str, str] = field(default_factory=dict)
    largest: int = 100_000_000

    def archive_of(self, member: str) -> str:
        """The archive that contains `member`."""
        return next(archive for archive, name in self.unpacked.items() if name == member)


# A commit, not a branch: corrections to train.en have been proposed since, and scores are only
# comparable on the same text. torchtext 0.9 published MD5s of the same .gz files.
_MULTI30K_COMMIT = "c9be912dc05a3ebf9ae5bb5f7f58c1791cda43ab"
_MULTI30K_SHA256 = {
    "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "train.fr.gz": "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
    "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    "val.fr.gz": "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
    "test_2016_flickr.en.gz": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    "test_2016_flickr.fr.gz": "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90",
}

_ALL = (
    Source(
        name="multi30k",
        terms="Multi30k, task 1 (Elliott et al. 2016, 2017): for research, under the terms of "
        "Flickr30k's captions",
        url=f"https://raw.githubusercontent.com/multi30k/dataset/{_MULTI30K_COMMIT}/data/task1/raw",
        checksums={name: f"sha256:{digest}" for name, digest in _MULTI30K_SHA256.items()},
    ),
    # The edition that Dive into Deep Learning pins; manythings.org itself keeps only the newest.
    Source(
        name="tatoeba",
        terms="Sentences of Tatoeba by way of manythings.org: CC BY 2.0 FR",
        url="https://d2l-data.s3-accelerate.amazonaws.com",
        checksums={"fra-eng.zip": "sha1:94646ad1522d915e7b0f9296181140edcf86a4f5"},
        unpacked={"fra-eng.zip": "fra.txt"},
    ),
)
SOURCES: Mapping[str, Source] = {source.name: source for source in _ALL}
"""Every corpus that can be downloaded, by name."""


def get_corpus(
    source: Source,
    folder: Path,
    *,
    mirror: str | None = None,
    tries: int = 4,
    pause: float = 1.0,
) -> None:
    """Download the files of `source` into `folder`, except those that are there already.

    `mirror` is the address of another folder with files of the same names; `tries` and `pause` are
    those of `ResumingDownloader`.

    Raises:
        UsageError: `mirror` is not an address.
        AttnlabError: a file cannot be downloaded, its checksum is wrong, there is no room, or
            another file of its name is in `folder`.
    """
    from attnlab.data.download.resuming import NoRoomError, NotServedError

    if not _missing(source, folder):
        logger.info("%s is there already, with the right checksums", source.name)
        return
    logger.info("%s", source.terms)
    try:
        with _partial_folder(folder) as partial:
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
    """The files that are not there, archives before their members.

    Raises:
        AttnlabError: a file of that name has another checksum.
    """
    missing = []
    for name, checksum in source.checksums.items():
        if not (folder / name).exists():
            missing.append(name)
        elif not _matches(folder / name, checksum, source.largest):
            raise _other_file(folder / name, f"its checksum is not {checksum}")
    for archive, name in source.unpacked.items():
        if not (folder / name).exists():
            missing.append(name)
        elif archive in missing or not _is_member(folder / archive, folder / name):
            raise _other_file(folder / name, f"it is not known to come from {archive}")
    return missing


def _other_file(path: Path, why: str) -> AttnlabError:
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
def _partial_folder(folder: Path) -> Iterator[Path]:
    """The folder of partial downloads, for one process at a time; others wait."""
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

    from attnlab.data.download.resuming import ResumingDownloader

    pooch.get_logger().setLevel(logging.WARNING)
    address = f"{url.rstrip('/')}/{path.name}"
    checksum = source.checksums[path.name]
    with _transfer_bar(path.name) as show:
        part = path.with_name(f"{path.name}.part")
        downloader = ResumingDownloader(part, show, tries, pause, source.largest)
        try:
            pooch.retrieve(address, checksum, path.name, path.parent, downloader=downloader)
        except ValueError as error:  # pooch's, which has removed the file
            raise AttnlabError(
                f"{address}: what was sent has not the checksum {checksum}, and was removed; try "
                "again, or another mirror with --from"
            ) from error


@contextmanager
def _transfer_bar(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """A function of bytes received and their total that updates a bar, on a terminal."""
    if not animates():
        yield lambda _done, _total: None
        return
    columns = (TextColumn(name), BarColumn(bar_width=24), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console(), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _unpack(archive: Path, path: Path) -> None:
    """Extract from `archive` the member with the name of `path`."""
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
