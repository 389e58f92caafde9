"""Lines of a stream as they come: bounded, and none lost for a byte that is wrong."""

import logging
from collections.abc import Iterator
from io import BufferedReader

from attnlab.data.reading.formats import has_lone_carriage_returns, refuse_other_formats
from attnlab.data.reading.lines import BYTE_ORDER_MARK, LONGEST_LINE

_CHUNK_BYTES = 1 << 16
_FIRST_GROUP, _GROWTH, _LARGEST_GROUP = 8, 4, 512

logger = logging.getLogger(__name__)


def incoming_lines(stream: BufferedReader, name: str) -> Iterator[list[str]]:
    r"""The lines of `stream`, in groups of those that have come; the first groups are small.

    Lines end at `\n` or `\r\n`, or at `\r` where the beginning has no `\n`. What is no UTF-8 in a
    line becomes U+FFFD, with a warning, and so does NUL; of a line over LONGEST_LINE bytes the
    rest is passed over. As many lines come out as went in.

    Raises:
        AttnlabError: the stream begins like a file of another format.
    """
    size, number = _FIRST_GROUP, 1
    group: list[str] = []
    for line in _lines(stream, name):
        if line is not None:
            group.append(_decoded(line, f"{name}:{number}", number == 1))
            number += 1
        if group and (line is None or len(group) == size):
            yield group
            group, size = [], min(size * _GROWTH, _LARGEST_GROUP)


def _lines(stream: BufferedReader, name: str) -> Iterator[bytes | None]:
    """Each line, and None where the next is still to come."""
    rest, is_first, is_mac, is_cut = b"", True, False, False
    while chunk := stream.read1(_CHUNK_BYTES):
        if is_first:
            refuse_other_formats(chunk, name)
            is_first, is_mac = False, has_lone_carriage_returns(chunk[:-1])
        if is_mac:
            chunk = chunk.replace(b"\r", b"\n")
        lines = chunk.split(b"\n")
        lines[0] = rest + lines[0]
        rest = lines.pop()
        if lines and is_cut:
            lines[0], is_cut = lines[0][:LONGEST_LINE], False
        yield from lines
        if len(rest) > LONGEST_LINE:
            rest, is_cut = rest[:LONGEST_LINE], True
        yield None
    if rest:
        yield rest
    yield None


def _decoded(line: bytes, place: str, is_first: bool) -> str:
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
