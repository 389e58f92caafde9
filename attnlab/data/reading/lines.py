"""One text file, plain or gzip, as lines of text: no languages, pairs or columns."""

import gzip
import io
import os
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import cast

from attnlab.data.reading.formats import GZIP_MAGIC, has_lone_carriage_returns, refuse_other_formats
from attnlab.support.errors import AttnlabError

BYTE_ORDER_MARK = "\ufeff"
LONGEST_LINE = 1 << 20
"""Bytes in a line: no sentence has a thousandth of them, so a longer line is no sentence."""
_LONGEST_MEAN = 1 << 13  # bytes a line, of 10,000 lines and more: that many are held at a time
_HEAD_BYTES = 1 << 16
# Text shrinks to a third or a tenth; what is made to fill a memory, to a hundredth and further.
_MOST_UNPACKED, _HIGHEST_RATIO = 4 << 20, 100
# Ordinary white space, and the sign that SentencePiece writes for a space and reads back as one.
# U+00A0 and U+202F are not in it: French typography puts them before ! ? ; : and they are kept.
_SPACES = re.compile("[ \t\r\n\u2581]+")
# White space of any kind, controls, and what has no ink: soft hyphen, zero width, direction,
# byte order mark, variation selectors, fillers of Hangul and the blank of Braille.
_INK = re.compile(
    "[^\\s\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)


def is_blank(text: str) -> bool:
    """Whether nothing of `text` can be seen: it is empty, or spaces and invisible characters."""
    return _INK.search(text) is None


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
        AttnlabError: for a file that is absent, no UTF-8 text, or a damaged gzip file.
    """
    return [normalise(line) for line in read_raw_lines(path)]


def read_raw_lines(path: Path | str, *, with_mark: bool = False) -> list[str]:
    """The lines of a file as they stand, without their ends; errors as for `read_lines`.

    `with_mark`: a byte order mark stays at the beginning of the first line.
    """
    lines: list[str] = []
    found = find_text_file(Path(path)) or Path(path)
    for block in line_blocks(found):
        decoded = decode_lines(block, str(found), first=len(lines) + 1)
        if with_mark and not lines and block.startswith(BYTE_ORDER_MARK.encode()):
            decoded[:1] = [BYTE_ORDER_MARK + line for line in decoded[:1]]
        lines += decoded
    return lines


def line_blocks(path: Path, lines: int = 10_000) -> Iterator[bytes]:
    r"""The bytes of a file, unpacked, `lines` whole lines at a time; errors as for `read_lines`.

    The file is read once, from its start to its end, and never held whole. In a file without any
    `\n`, lines end at `\r`, as on old Macs; the blocks have `\n` there.
    """
    found = find_text_file(path)
    if found is None:
        if path.is_dir():
            raise AttnlabError(f"{path} is a folder, not a file; name a file in it")
        raise AttnlabError(f"{path}: no such file, nor {path.name}.gz")
    total = 0
    try:
        with _opened(found) as (read_line, position):
            checked = _checked(iter(partial(read_line, LONGEST_LINE), b""), found)
            while content := b"".join(islice(checked, lines)):
                total += len(content)
                if total > _MOST_UNPACKED and total > _HIGHEST_RATIO * position():
                    raise AttnlabError(
                        f"{found}: unpacks to more than {_HIGHEST_RATIO} times its size, as no "
                        "text does; unpack it, and look whether it is what it should be"
                    )
                if total > len(content) or content != BYTE_ORDER_MARK.encode():
                    yield content  # the mark alone is an empty file
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise AttnlabError(
            f"{found}: not a whole gzip file ({error}); copy or download it again"
        ) from error
    except OSError as error:
        raise AttnlabError(f"{found}: cannot be read ({error.strerror})") from error


def _checked(lines: Iterator[bytes], path: Path) -> Iterator[bytes]:
    """The lines, unless one or many of them are too long for sentences."""
    total = 0
    for number, line in enumerate(lines, start=1):
        total += len(line)
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            raise AttnlabError(
                f"{path}:{number}: a line of more than {LONGEST_LINE:,} bytes; name a text with "
                "one sentence a line"
            )
        if total > max(number, 10_000) * _LONGEST_MEAN:
            raise AttnlabError(
                f"{path}:{number}: the lines up to here have {total // number:,} bytes each; name "
                "a text with one sentence a line"
            )
        yield line


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
    nul = content.find(b"\0")
    if nul >= 0:
        line = content.count(b"\n", 0, nul) + first
        raise AttnlabError(
            f"{name}:{line}: holds a NUL byte, as no text does; name a UTF-8 text, or make one of "
            "it (of UTF-16: iconv -f UTF-16 -t UTF-8)"
        )
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


def is_named_gzip(path: Path) -> bool:
    """Whether the file's name has it that the file is gzip; another is refused."""
    return path.suffix == ".gz"


_ReadLine = Callable[[int], bytes]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[_ReadLine, Callable[[], int]]]:
    """Reads a line of so many bytes at most, and tells how many bytes of the file it took."""
    with path.open("rb", buffering=_HEAD_BYTES) as opened:
        file = unpacked = cast(io.BufferedReader, opened)
        head = file.peek(_HEAD_BYTES)
        is_gzip = head.startswith(GZIP_MAGIC)
        if is_gzip or (is_named_gzip(path) and head):
            if not is_gzip:
                refuse_other_formats(head, str(path))
            packed = cast(io.RawIOBase, gzip.GzipFile(fileobj=file))
            unpacked = io.BufferedReader(packed, _HEAD_BYTES)
            head = unpacked.peek(_HEAD_BYTES)
        refuse_other_formats(head, str(path))

        def position() -> int:
            return os.lseek(file.fileno(), 0, os.SEEK_CUR) if file.seekable() else 1 << 62

        if has_lone_carriage_returns(head):
            # Latin-1 has a character for each byte, and Python's text files know such lines.
            text = io.TextIOWrapper(unpacked, "latin-1", newline=None)
            yield lambda size: text.readline(size).encode("latin-1"), position
        else:
            yield unpacked.readline, position
