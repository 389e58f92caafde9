"""One text file, plain or gzip, as lines of text. Knows nothing of languages, pairs or columns."""

import gzip
import re
import unicodedata
import zlib
from pathlib import Path

from attnlab.errors import AttnlabError

_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = "\ufeff"
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'"})

# Ordinary white space, and the sign that SentencePiece writes for a space and reads back as one.
# U+00A0 and U+202F are not in it: French typography puts them before ! ? ; : and they are kept.
_SPACES = re.compile("[ \t\r\n\u2581]+")


def normalise(text: str) -> str:
    """`text` in the one form that corpora, references and input to be translated all share.

    Canonical composition (NFC), curly apostrophes made straight, ordinary white space trimmed and
    collapsed; no-break spaces stay. Normalising twice changes nothing more.
    """
    composed = unicodedata.normalize("NFC", text).translate(_APOSTROPHES)
    return _SPACES.sub(" ", composed).strip(" ")


def read_lines(path: Path | str) -> list[str]:
    """The lines of a plain or gzip file, normalised; empty lines stay, so that numbers match.

    Raises:
        AttnlabError: for a file that is absent, not UTF-8, or a damaged gzip file.
    """
    return [normalise(line) for line in read_raw_lines(path)]


def read_raw_lines(path: Path | str) -> list[str]:
    """The lines of a file as they stand, without their ends; errors as for `read_lines`."""
    path = Path(path)
    found = find_text_file(path)
    if found is None:
        if path.is_dir():
            raise AttnlabError(f"{path} is a folder, not a file; name a file in it")
        raise AttnlabError(f"{path}: no such file, nor {path.name}.gz")
    return decode_lines(_read_bytes(found), str(found))


def find_text_file(path: Path) -> Path | None:
    """`path`, or else `path` with `.gz` behind it, whichever is there and no folder."""
    for candidate in (path, Path(f"{path}.gz")):
        if candidate.exists() and not candidate.is_dir():  # a pipe will do
            return candidate
    return None


def decode_lines(content: bytes, name: str) -> list[str]:
    r"""UTF-8 to lines; `name` is what an error calls the content.

    Lines end at `\n` or `\r\n` and nowhere else: U+2028, U+0085 and their like are characters of
    a sentence, so `str.splitlines` would put the two sides of a corpus out of step.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise AttnlabError(
            f"{name}:{line}: byte {byte} (0x{content[error.start]:02x}) is not UTF-8; "
            "save the file as UTF-8"
        ) from error
    lines = text.removeprefix(_BYTE_ORDER_MARK).split("\n")
    if lines[-1] == "":
        lines.pop()  # what follows the last line's end is no line
    return [line.removesuffix("\r") for line in lines]


def _read_bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        if path.suffix == ".gz" or content.startswith(_GZIP_MAGIC):
            content = gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise AttnlabError(
            f"{path}: not a whole gzip file ({error}); copy or download it again"
        ) from error
    except OSError as error:
        raise AttnlabError(f"{path}: cannot be read ({error.strerror})") from error
    return content
