"""Text on figures: made visible, measured and broken into lines. Sizes are in points."""

import unicodedata
from functools import lru_cache
from typing import Any

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from attnlab.plotting.fonts import families

HEADING_SIZE, TITLE_SIZE, LABEL_SIZE, NAME_SIZE, NUMBER_SIZE = 11.0, 9.0, 8.5, 7.5, 6.5
"""Sizes of headings of a page, titles of panels, labels, ticks and legends, numbers in cells."""

LINE = 1.3
"""Distance between two lines of text, as a multiple of the size."""

LONGEST_LABEL = 32
"""Characters of a label; a longer one is shortened in the middle."""


def visible_label(token: str) -> str:
    """The token on one line, with something to see.

    A token of spaces alone, or the empty one, shows as "␣"; control characters show as "␣" or "�".
    """
    characters = [_printable(character) for character in token]
    if all(unicodedata.category(each)[0] in "ZC" for each in "".join(characters)):
        return "␣" * max(1, len(characters))
    if len(characters) > LONGEST_LABEL:
        half = (LONGEST_LABEL - 1) // 2
        characters = [*characters[:half], "…", *characters[-half:]]
    return "".join(characters)


def text_style(text: str, size: float, *, bold: bool = False) -> dict[str, Any]:
    """Matplotlib properties that draw `text` as it is, `$` included, in fonts that have it."""
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
    """Width of one line in points, after `writable`."""
    text = writable(text)
    font = FontProperties(
        family=list(families(text)), size=size, weight="bold" if bold else "normal"
    )
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width)


def wrapped(text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """The text in lines of at most `width` points, broken at spaces or, in long words, anywhere.

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
    pieces = [""]
    for character in word:
        if pieces[-1] and text_width(pieces[-1] + character, size, bold=bold) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def writable(text: str) -> str:
    """`text` without characters that PNG, SVG or PDF cannot hold; its line breaks stay."""
    return "\n".join("".join(map(_printable, line)) for line in text.split("\n"))


def _printable(character: str) -> str:
    if character == "\ufeff":  # a byte order mark has no glyph in matplotlib's PDF
        return ""
    if unicodedata.category(character) in {"Cc", "Cs"} or character in "\ufffe\uffff":
        return "␣" if character.isspace() else "�"  # SVG, being XML, may not hold the original
    return character
