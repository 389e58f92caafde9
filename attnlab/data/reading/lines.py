"""Reading of lines from text files, plain or gzip, and from streams; normalisation of text."""

import gzip
import io
import logging
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
"""Most bytes in a line of a file; sentences are far shorter."""
_LONGEST_MEAN = 1 << 13  # bytes per line, since a block of 10,000 lines is held in memory
_HEAD_BYTES = 1 << 16
# gzip compresses text to a third or a tenth, and a decompression bomb to a hundredth or less.
_MOST_UNPACKED, _HIGHEST_RATIO = 4 << 20, 100
# Groups of lines from a stream: small at first, so that the first translations come soon.
_FIRST_GROUP, _GROWTH, _LARGEST_GROUP = 8, 4, 512
# Ordinary white space, and the sign that SentencePiece writes for a space and reads back as one.
# Not U+00A0 and U+202F: French typography puts them before ! ? ; : and they are part of the text.
_SPACES = re.compile("[ \t\r\n\u2581]+")
# The complement of white space, controls and characters without ink: soft hyphen, zero width,
# direction, byte order mark, variation selectors, fillers of Hangul and the blank of Braille.
_INK = re.compile(
    "[^\\s\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)

logger = logging.getLogger(__name__)


def is_blank(text: str) -> bool:
    """Whether `text` has no visible character."""
    return _INK.search(text) is None


def normalise(text: str) -> str:
    """Normalise `text`, as is done for corpora, references and input to be translated.

    Canonical composition (NFC), curly apostrophes made straight, ordinary white space trimmed and
    collapsed; no-break spaces stay. Idempotent.
    """
    if not text.isascii():
        composed = unicodedata.normalize("NFC", text)
        text = composed.replace("\u2019", "'").replace("\u02bc", "'")
    # Few sentences have any of these, and each `in` takes a twentieth of the time of `sub`.
    if "  " in text or "\t" in text or "\r" in text or "\n" in text or "\u2581" in text:
        text = _SPACES.sub(" ", text)
    return text.strip(" ")


def find_text_file(path: Path) -> Path | None:
    """`path`, or else `path` with `.gz` appended, if it is a file or a pipe."""
    for candidate in (path, Path(f"{path}.gz")):
        if candidate.exists() and not candidate.is_dir():
            return candidate
    return None


def is_named_gzip(path: Path) -> bool:
    """Whether the name ends in .gz; any other content than gzip is then refused."""
    return path.suffix == ".gz"


def read_raw_lines(path: Path | str, *, with_mark: bool = False) -> list[str]:
    """All lines of a plain or gzip file, without line ends; empty lines are kept.

    `with_mark`: a byte order mark stays at the beginning of the first line.

    Raises:
        AttnlabError: the file is absent, is no UTF-8 text, or is a damaged gzip file.
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
    r"""Read a plain or gzip file in blocks of `lines` whole lines, unpacked.

    If its beginning has `\r` but no `\n`, as on old Macs, lines end at `\r`, which becomes `\n`.
    Raises the errors of `read_raw_lines`.
    """
    found = find_text_file(path)
    if found is None:
        if path.is_dir():
            raise AttnlabError(f"{path} is a folder, not a file; name a file in it")
        raise AttnlabError(f"{path}: no such file, nor {path.name}.gz")
    total = 0
    with _opened(found) as (read_line, position):
        bounded = _bounded(iter(partial(read_line, LONGEST_LINE), b""), found)
        while content := b"".join(islice(bounded, lines)):
            total += len(content)
            if total > _MOST_UNPACKED and total > _HIGHEST_RATIO * position():
                raise AttnlabError(
                    f"{found}: unpacks to more than {_HIGHEST_RATIO} times its size, which "
                    "text does not; unpack it and check its content"
                )
            if total > len(content) or content != BYTE_ORDER_MARK.encode():
                yield content  # the mark alone is an empty file


def _bounded(lines: Iterator[bytes], path: Path) -> Iterator[bytes]:
    """Yield `lines`; raises if a line, or their mean so far, is too long for sentences."""
    total = 0
    for number, line in enumerate(lines, start=1):
        total += len(line)
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            raise AttnlabError(
                f"{path}:{number}: a line of more than {LONGEST_LINE:,} bytes; name a file with "
                "one sentence per line"
            )
        if total > max(number, 10_000) * _LONGEST_MEAN:
            raise AttnlabError(
                f"{path}:{number}: the lines up to here have {total // number:,} bytes each; name "
                "a file with one sentence per line"
            )
        yield line


def decode_lines(content: bytes, name: str, first: int = 1) -> list[str]:
    r"""Decode UTF-8 lines; `name` and the number of the `first` line are for error messages.

    Lines end at `\n` or `\r\n` only. `str.splitlines` also splits at characters that occur within
    sentences, such as U+2028 and U+0085, so that the sides of a corpus would no longer match.
    """
    nul = content.find(b"\0")
    if nul >= 0:
        line = content.count(b"\n", 0, nul) + first
        raise AttnlabError(
            f"{name}:{line}: holds a NUL byte, so it is not text; name a UTF-8 file, or convert it "
            "(from UTF-16: iconv -f UTF-16 -t UTF-8)"
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + first
        byte = error.start - content.rfind(b"\n", 0, error.start)
        raise AttnlabError(
            f"{name}:{line}: byte {byte} (0x{content[error.start]:02x}) is not UTF-8; "
            "save the file as UTF-8"
        ) from error
    if first == 1:
        text = text.removeprefix(BYTE_ORDER_MARK)
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()  # after the end of the last line
    return [line.removesuffix("\r") for line in lines]


_ReadLine = Callable[[int], bytes]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[_ReadLine, Callable[[], int]]]:
    """Open a file; yields functions that read a line of at most n bytes, and tell the position."""
    with _unpacked(path) as (file, unpacked):
        head = unpacked.peek(_HEAD_BYTES)
        refuse_other_formats(head, str(path))

        def position() -> int:
            return os.lseek(file.fileno(), 0, os.SEEK_CUR) if file.seekable() else 1 << 62

        if has_lone_carriage_returns(head):
            # Latin-1 maps each byte to a character; with newline=None lines also end at \r.
            text = io.TextIOWrapper(unpacked, "latin-1", newline=None)
            yield lambda size: text.readline(size).encode("latin-1"), position
        else:
            yield unpacked.readline, position


@contextmanager
def _unpacked(path: Path) -> Iterator[tuple[io.BufferedReader, io.BufferedReader]]:
    """Open a file, and its unpacked content if it is gzip: two names of the same if it is plain.

    Raises:
        AttnlabError: it cannot be read, within the block too, or is no whole gzip file.
    """
    try:
        with path.open("rb", buffering=_HEAD_BYTES) as opened:
            file = unpacked = cast(io.BufferedReader, opened)
            head = file.peek(_HEAD_BYTES)
            is_gzip = head.startswith(GZIP_MAGIC)
            if is_gzip or (is_named_gzip(path) and head):
                if not is_gzip:
                    refuse_other_formats(head, str(path))
                packed = cast(io.RawIOBase, gzip.GzipFile(fileobj=file))
                unpacked = io.BufferedReader(packed, _HEAD_BYTES)
            yield file, unpacked
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise AttnlabError(
            f"{path}: not a whole gzip file ({error}); copy or download it again"
        ) from error
    except OSError as error:
        raise AttnlabError(f"{path}: cannot be read ({error.strerror})") from error


def lines_of_file(path: Path, done: int = 0) -> Iterator[list[str]]:
    """The lines of a plain or gzip file, or of a pipe with a name, as `incoming_lines` has them.

    Raises:
        AttnlabError: the file cannot be read, or is of another format.
    """
    with _unpacked(path) as (_, stream):
        yield from incoming_lines(stream, str(path), done)


def count_lines(path: Path) -> int:
    """The number of lines that `lines_of_file` has, with the same errors."""
    with _unpacked(path) as (_, stream):
        return sum(line is not None for line in _stream_lines(stream, str(path)))


def incoming_lines(stream: io.BufferedReader, name: str, done: int = 0) -> Iterator[list[str]]:
    r"""The lines of `stream` as they arrive, in groups; the first groups are small.

    The first `done` lines are passed over; the groups of those after them are the same with and
    without them, if `done` is the end of a group.

    Lines end at `\n` or `\r\n`, or at `\r` where the first bytes have no `\n`. Bytes that are not
    UTF-8, and NUL, become U+FFFD with a warning. Lines over LONGEST_LINE bytes are cut, not split,
    so that there is one line for each line of the stream.

    Raises:
        AttnlabError: the stream begins like a file of another format.
    """
    size, number, in_group = _FIRST_GROUP, 1, 0
    group: list[str] = []
    for line in _stream_lines(stream, name):
        if line is not None:
            if number > done:
                group.append(_decode_leniently(line, f"{name}:{number}", number == 1))
            number, in_group = number + 1, in_group + 1
        if in_group and (line is None or in_group == size):
            if group:
                yield group
            group, in_group, size = [], 0, min(size * _GROWTH, _LARGEST_GROUP)


def _stream_lines(stream: io.BufferedReader, name: str) -> Iterator[bytes | None]:
    """Yield each line, and None where the next one may not have arrived yet."""
    rest, is_first, is_mac = b"", True, False
    while chunk := stream.read1(_HEAD_BYTES):
        if is_first:
            refuse_other_formats(chunk, name)
            is_first, is_mac = False, has_lone_carriage_returns(chunk[:-1])
        if is_mac:
            chunk = chunk.replace(b"\r", b"\n")
        lines = chunk.split(b"\n")
        lines[0] = rest + lines[0]
        rest = lines.pop()
        for line in lines:
            yield _cut(line)
        rest = rest[: LONGEST_LINE + 1]  # no more of an endless line is held
        yield None
    if rest:
        yield _cut(rest)
    yield None


def _cut(line: bytes) -> bytes:
    """The first LONGEST_LINE bytes of a line, without the part of a character at their end."""
    if len(line) <= LONGEST_LINE:
        return line
    end = LONGEST_LINE
    while end > LONGEST_LINE - 4 and line[end] & 0xC0 == 0x80:  # a later byte of a character
        end -= 1
    return line[:end]


def _decode_leniently(line: bytes, place: str, is_first: bool) -> str:
    line = line.removesuffix(b"\r")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        logger.warning(
            "%s: byte %d (0x%02x) is not UTF-8, and is read as U+FFFD; save the text as UTF-8",
            place,
            error.start + 1,
            line[error.start],
        )
        text = line.decode(errors="replace")
    if "\0" in text:
        logger.warning("%s: holds a NUL byte, which is read as U+FFFD", place)
        text = text.replace("\0", "\ufffd")
    return text.removeprefix(BYTE_ORDER_MARK) if is_first else text
