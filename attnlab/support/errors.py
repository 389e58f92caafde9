"""Errors that a user can mend, and the text of messages."""

import re
import unicodedata


class AttnlabError(Exception):
    """An error whose message names the thing and the remedy.

    Commands print the message without a traceback, and exit with `exit_code`.
    """

    exit_code = 1


class UsageError(AttnlabError):
    """An error in what was typed."""

    exit_code = 2


def shortened(text: str, most: int = 200) -> str:
    """`text` on one line, cut in the middle to `most` characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 41]} … {text[-38:]}"


def described(error: Exception) -> str:
    """The message for `error`; for an unexpected one, a request to report it."""
    if isinstance(error, AttnlabError):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename or 'reading or writing'}: {error.strerror or error}"
    if exhausted := out_of_memory(error):
        return exhausted
    return (
        f"{type(error).__name__}: {error}\nThis is a fault of attnlab's. Set "
        "ATTNLAB_TRACEBACK=1 to see where, and please report it."
    )


_EXHAUSTED = re.compile(
    r"out of memory|can't allocate memory|not enough memory|Cannot allocate memory"
    r"|Storage size calculation overflowed|numel: integer multiplication overflow",
    re.IGNORECASE,
)


def out_of_memory(error: BaseException) -> str | None:
    """The message where `error`, of Python, numpy or torch, means that memory ran out."""
    text = str(error)
    is_full = isinstance(error, RuntimeError) and _EXHAUSTED.search(text)
    if not (is_full or isinstance(error, MemoryError)):
        return None
    sizes = re.search(r"(\d+) bytes|allocate (\d[\d.]* [KMGT]i?B)", text)
    size = f" (the last request: {sizes[2] or gigabytes(int(sizes[1]))})" if sizes else ""
    return (
        f"memory ran out{size}; lower batch_tokens=, the sizes of model=, search.beam_size= or "
        "data.max_words=, or use a smaller input"
    )


def gigabytes(size: int) -> str:
    """A number of bytes in GB."""
    return f"{size / 1e9:,.1f} GB" if size < 10**21 else f"{size / 1e9:.1e} GB"


_LONGEST_WORD, _LONGEST_LINE = 300, 2000
_REORDERING = {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}


def readable(message: str) -> str:
    """`message` made safe for a terminal.

    Control characters and lone surrogates, which stand for undecodable bytes, are escaped; long
    words and lines are cut in the middle.
    """
    cut = re.sub(rf"\S{{{_LONGEST_WORD},}}", lambda word: _cut(word[0], _LONGEST_WORD), message)
    lines = (_cut(line, _LONGEST_LINE) for line in cut.split("\n"))
    return "".join(map(_visible, "\n".join(lines)))


def _cut(text: str, longest: int) -> str:
    return text if len(text) < longest else f"{text[: longest // 3]}…{text[-longest // 10 :]}"


def _visible(character: str) -> str:
    if character in "\n\t":
        return character
    hidden = unicodedata.category(character) in ("Cc", "Cs") or character in _REORDERING
    return character.encode("unicode_escape").decode() if hidden else character
