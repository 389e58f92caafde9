"""Text on figures: made visible, measured, broken into lines, in fonts that have its characters.

Sizes are in points.
"""

import logging
import unicodedata
from functools import cache, lru_cache
from typing import Any

from matplotlib.font_manager import (
    FontEntry,
    FontProperties,
    findfont,
    findSystemFonts,
    fontManager,
    get_font,
)
from matplotlib.textpath import text_to_path

logger = logging.getLogger(__name__)

HEADING_SIZE, TITLE_SIZE, LABEL_SIZE, NAME_SIZE, NUMBER_SIZE = 11.0, 9.0, 8.5, 7.5, 6.5
"""Sizes of headings of a page, titles of panels, labels, ticks and legends, numbers in cells."""

LINE = 1.3
"""Distance between two lines of text, as a multiple of the size."""

LONGEST_LABEL = 32
"""Characters of a label; a longer one is shortened in the middle."""


_FIRST_FONT = "DejaVu Sans"  # comes with matplotlib; Latin, Greek, Cyrillic and many signs
_PREFERRED = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Noto Sans",
    "Segoe UI Symbol",
    "Noto Emoji",
    "Symbola",
)
_LAST_FONT = "Last Resort High-Efficiency"  # comes with matplotlib; a frame that names the script
_SYMBOLS = "symbols or emoji"
_EAST_ASIAN = {"CJK", "Hiragana", "Katakana", "Bopomofo", "Hangul", "Ideographic", "Fullwidth"}


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


@lru_cache(maxsize=10_000)
def families(text: str) -> tuple[str, ...]:
    """Font families for `text`: DejaVu Sans, and others only for characters that it lacks.

    A character that no installed font has is drawn as a frame; a warning, once per script, names a
    font to install.
    """
    first = get_font(findfont(_FIRST_FONT))
    missing = [each for each in sorted(set(text)) if not first.get_char_index(ord(each))]
    fonts: list[FontEntry] = []
    for character in missing:
        if _is_ignorable(character) or any(_has(font, character) for font in fonts):
            continue
        found = _font_with(character)
        if found is None:
            _warn(script(character))
        else:
            fonts.append(found)
    others = dict.fromkeys(str(font.name) for font in fonts)
    return (_FIRST_FONT, *others, _LAST_FONT) if missing else (_FIRST_FONT,)


def script(character: str) -> str:
    """The character's script, from the first word of its Unicode name: "Thai" or "CJK"."""
    if unicodedata.category(character)[0] == "S":
        return _SYMBOLS
    name = unicodedata.name(character, "unknown").split()[0].split("-")[0]
    return name if name == "CJK" else name.title()


def _is_ignorable(character: str) -> bool:
    """Whether it has no glyph of its own: joiners, marks of direction, variation selectors."""
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


@lru_cache(maxsize=10_000)
def _font_with(character: str) -> FontEntry | None:
    """The most suitable font that has the character, if there is one."""
    kind = script(character)

    def rank(font: FontEntry) -> tuple[int, bool, bool, bool, str]:
        preferred = _PREFERRED.index(font.name) if font.name in _PREFERRED else len(_PREFERRED)
        is_regular = font.weight in (400, "normal", "regular")
        return preferred, kind not in font.name, "Sans" not in font.name, not is_regular, font.name

    for fonts in (_known_fonts, _new_fonts):
        for font in sorted(fonts(), key=rank):
            if font.style == "normal" and font.name != _LAST_FONT and _has(font, character):
                return font
    return None


def _known_fonts() -> list[FontEntry]:
    return list(fontManager.ttflist)


@cache
def _new_fonts() -> list[FontEntry]:
    """Fonts that were installed after matplotlib made its list, to which they are added."""
    known = _known_fonts()
    paths = {font.fname for font in known}
    for path in findSystemFonts():
        if path not in paths:
            try:
                fontManager.addfont(path)
            except Exception as error:  # of many kinds, as the files of fonts are
                logger.debug("%s: %s", path, error)
    return fontManager.ttflist[len(known) :]


def _has(font: FontEntry, character: str) -> bool:
    try:
        return bool(get_font(font.fname).get_char_index(ord(character)))
    except (OSError, RuntimeError):  # the file is missing or cannot be drawn with
        return False


@cache
def _warn(kind: str) -> None:
    if kind == _SYMBOLS:
        what, name, package = "some symbols or emoji", "Symbola", "fonts-symbola"
    elif kind in _EAST_ASIAN:
        what, name, package = f"{kind} letters", "Noto Sans CJK", "fonts-noto-cjk"
    else:
        what, name, package = f"{kind} letters", f"Noto Sans {kind}", "fonts-noto-core"
    logger.warning(
        "no installed font has %s, so figures show frames in their place; install one, such as %s "
        "(on Debian and Ubuntu: apt install %s)",
        *(what, name, package),
    )
