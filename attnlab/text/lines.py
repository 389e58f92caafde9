"""One text file, plain or gzip, as lines of text. Knows nothing of languages, pairs or columns."""

import gzip
import io
import re
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from attnlab.errors import AttnlabError

_GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = "\ufeff"
# Ordinary white space, and the sign that SentencePiece writes for a space and reads back as one.
# U+00A0 and U+202F are not in it: French typography puts them before ! ? ; : and they are kept.
_SPACES = re.compile("[ \t\r\n\u2581]+")


def normalise(text: str) -> str:
    """`text` in the one form that corpora, references and input to be translated all share.

    Canonical composition (NFC), curly apostrophes made straight, ordinary white space trimmed and
    collapsed; no-break spaces stay. Normalising twice changes nothing more.
    """
    if not text.isascii():
        composed = unicodedata.normalize("NFC", text)
        text = composed.replace("\u2019", "'").replace("\u02bc", "'")
    # Few sentences have any of these, and each `in` takes a twentieth of the time of `sub`.
    if "  " in text or "\t" in text or "\r" in text or "\n" in text or "\u2581" in text:
        text = _SPACES.sub(" ", text)
    return text.strip(" ")


def read_lines(path: Path | str) -> list[str]:
    """The lines of a plain or gzip file, normalised; empty lines stay, so that numbers match.

    Raises:
        AttnlabError: for a file that is absent, not UTF-8, or a damaged gzip file.
    """
    return [normalise(line) for line in read_raw_lines(path)]


def read_raw_lines(path: Path | str) -> list[str]:
    """The lines of a file as they stand, without their ends; errors as for `read_lines`."""
    lines: list[str] = []
    found = find_text_file(Path(path)) or Path(path)
    for block in line_blocks(found):
        lines += decode_lines(block, str(found), first=len(lines) + 1)
    return lines


def line_blocks(path: Path, lines: int = 10_000) -> Iterator[bytes]:
    """The bytes of a file, unpacked, `lines` whole lines at a time; errors as for `read_lines`.

    The file is read once, from its start to its end, and never held whole.
    """
    found = find_text_file(path)
    if found is None:
        if path.is_dir():
            raise AttnlabError(f"{path} is a folder, not a file; name a file in it")
        raise AttnlabError(f"{path}: no such file, nor {path.name}.gz")
    try:
        with _opened(found) as file:
            while block := b"".join(islice(file, lines)):
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise AttnlabError(
            f"{found}: not a whole gzip file ({error}); copy or download it again"
        ) from error
    except OSError as error:
        raise AttnlabError(f"{found}: cannot be read ({error.strerror})") from error


def find_text_file(path: Path) -> Path | None:
    """`path`, or else `path` with `.gz` behind it, whichever is there and no folder."""
    for candidate in (path, Path(f"{path}.gz")):
        if candidate.exists() and not candidate.is_dir():  # a pipe will do
            return candidate
    return None


def decode_lines(content: bytes, name: str, first: int = 1) -> list[str]:
    r"""UTF-8 to lines; errors call the content `name`, and number its lines from `first`.

    Lines end at `\n` or `\r\n` and nowhere else: U+2028, U+0085 and their like are characters of
    a sentence, so `str.splitlines` would put the two sides of a corpus out of step.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + first
        byte = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise AttnlabError(
            f"{name}:{line}: byte {byte} (0x{content[error.start]:02x}) is not UTF-8; "
            "save the file as UTF-8"
        ) from error
    if first == 1:
        text = text.removeprefix(BYTE_ORDER_MARK)
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()  # what follows the last line's end is no line
    return [line.removesuffix("\r") for line in lines]


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        if path.suffix == ".gz" or file.peek(2).startswith(_GZIP_MAGIC):
            unpacked = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=file)))
            yield cast(BinaryIO, unpacked)
        else:
            yield file
