"""Installed fonts that have the characters of a text, with a warning where none has."""

import logging
import unicodedata
from functools import cache, lru_cache

from matplotlib.font_manager import FontEntry, findfont, findSystemFonts, fontManager, get_font

logger = logging.getLogger(__name__)

_FIRST = "DejaVu Sans"  # comes with matplotlib; Latin, Greek, Cyrillic and many signs
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
_LAST = "Last Resort High-Efficiency"  # comes with matplotlib; a frame that names the script
_SYMBOLS = "symbols or emoji"
_EAST_ASIAN = {"CJK", "Hiragana", "Katakana", "Bopomofo", "Hangul", "Ideographic", "Fullwidth"}


@lru_cache(maxsize=10_000)
def families(text: str) -> tuple[str, ...]:
    """Font families for `text`: DejaVu Sans, and others only for characters that it lacks.

    A character that no installed font has is drawn as a frame; a warning, once per script, names a
    font to install.
    """
    first = get_font(findfont(_FIRST))
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
    return (_FIRST, *others, _LAST) if missing else (_FIRST,)


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
            if font.style == "normal" and font.name != _LAST and _has(font, character):
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
