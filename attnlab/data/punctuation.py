"""Which pieces of a sentence are nothing but punctuation. Knows no vocabulary: strings in."""

import unicodedata
from collections.abc import Sequence

_SPACE = "\u2581"  # SentencePiece's sign for a space
_WITHOUT_TEXT = frozenset({"<pad>", "<s>", "</s>", "<unk>"})


def are_punctuation(pieces: Sequence[str]) -> list[bool]:
    """For each piece of a sentence, whether all that it spells is punctuation.

    That is Unicode's categories P, as in `.`, `!` or `«`; spaces beside it do not matter. A sign
    between two letters, as in "l'arbre" or "mange-t-il", joins them and is none.
    """
    spelt = ["" if piece in _WITHOUT_TEXT else piece for piece in pieces]
    text = "".join(spelt)
    found, start = [], 0
    for piece in spelt:
        stop = start + len(piece)
        inked = [place for place in range(start, stop) if not _is_space(text[place])]
        found.append(bool(inked) and all(_is_punctuation(text, place) for place in inked))
        start = stop
    return found


def _is_space(character: str) -> bool:
    return character == _SPACE or character.isspace()


def _is_punctuation(text: str, place: int) -> bool:
    joins = text[place - 1 : place].isalpha() and text[place + 1 : place + 2].isalpha()
    return unicodedata.category(text[place]).startswith("P") and not joins
