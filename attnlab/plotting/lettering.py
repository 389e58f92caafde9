"""Words on figures: made visible, measured and broken into lines. Knows no panel and no figure.

Sizes are in points, 72 to the inch.
"""

import unicodedata
from functools import lru_cache
from typing import Any

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from attnlab.plotting.fonts import families

LONGEST_LABEL = 32
"""Characters of a label; of a longer one the middle gives way to an ellipsis."""


def visible_label(token: str) -> str:
    """The token as one line in which something can be seen.

    A token of nothing but spaces, or of nothing, shows as "␣"; a space beside visible letters
    stays a space. Control characters show as "␣" or "�".
    """
    characters = [_printable(character) for character in token]
    if not any(map(_leaves_ink, "".join(characters))):
        return "␣" * max(1, len(characters))
    if len(characters) > LONGEST_LABEL:
        half = (LONGEST_LABEL - 1) // 2
        characters = [*characters[:half], "…", *characters[-half:]]
    return "".join(characters)


def text_style(text: str, size: float, *, bold: bool = False) -> dict[str, Any]:
    """What a matplotlib text needs so that `text` is written as it stands, `$` and all."""
    return {
        "family": list(families(text)),
        "size": size,
        "weight": "bold" if bold else "normal",
        "style": "normal",
        "parse_math": False,
        "usetex": False,
    }


@lru_cache(maxsize=10_000)
def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Width of one line in points, as `writable` makes it: JSON may hold half a character."""
    text = writable(text)
    font = FontProperties(
        family=list(families(text)), size=size, weight="bold" if bold else "normal"
    )
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width)


def wrapped(text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """The text in lines of at most `width` points, broken at spaces and, if it must, in words.

    Line breaks in the text stay. An empty text has no lines.
    """
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in "".join(map(_printable, paragraph)).split(" "):
            longer = f"{line} {word}" if line else word
            if text_width(longer, size, bold=bold) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            *full, line = _pieces(word, width, size, bold)
            lines += full
        lines.append(line)
    return lines


def _pieces(word: str, width: float, size: float, bold: bool) -> list[str]:
    """A word in pieces that fit; one piece as a rule."""
    pieces = [""]
    for character in word:
        if pieces[-1] and text_width(pieces[-1] + character, size, bold=bold) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def writable(text: str) -> str:
    """`text`, whose lines stay, without characters that no file of a figure can hold."""
    return "\n".join("".join(map(_printable, line)) for line in text.split("\n"))


def _printable(character: str) -> str:
    if character == "\ufeff":  # of no width, and without a glyph in matplotlib's PDF
        return ""
    if unicodedata.category(character) in {"Cc", "Cs"} or character in "\ufffe\uffff":
        return "␣" if character.isspace() else "�"  # SVG, being XML, may not hold the original
    return character


def _leaves_ink(character: str) -> bool:
    return unicodedata.category(character)[0] not in "ZC"
