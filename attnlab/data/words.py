"""Words, tokens and punctuation of a sentence, and attention over pieces merged to words.

Scripts that put no spaces between words, such as Chinese and Thai, are split into characters, or
into pieces where a sentence is given as pieces. `project_alignment` handles tokens whose edges are
not those of pieces.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import regex
from numpy.typing import NDArray

_SPACE = "\u2581"  # SentencePiece's sign for a space
_NO_BREAK_SPACES = "\u00a0\u202f"  # no-break, and narrow no-break
_SPECIAL_PIECES = frozenset({"<pad>", "<s>", "</s>"})
_WITHOUT_TEXT = _SPECIAL_PIECES | {"<unk>"}
_SCRIPTS_WITHOUT_SPACES = (
    "Han Hiragana Katakana Bopomofo Yi Thai Lao Khmer Myanmar Tibetan Tai_Le New_Tai_Lue "
    "Tai_Tham Tai_Viet Javanese Balinese"
)
_UNSPACED = "[" + "".join(rf"\p{{scx={name}}}" for name in _SCRIPTS_WITHOUT_SPACES.split()) + "]"
_IS_UNSPACED = regex.compile(_UNSPACED)
# Tibetan marks the end of each syllable; of the others, a letter with its marks; any other run.
_WORDS = regex.compile(
    r"\p{sc=Tibetan}+?(?:\u0f0b|(?!\p{sc=Tibetan}))"
    rf"|(?={_UNSPACED})\X|(?:(?!{_UNSPACED})[^ \u3000])+"
)
_LETTERS_OF_WORDS = 3  # of a script without spaces, at most, in texts that have them all the same
_MAY_BE_UNSPACED = re.compile("[\u0e00-\u1fff\u2e80-\U0010ffff]")  # 20 times as fast as the scripts

# The tokens that alignments count. Verb-subject inversion and commands: "-t-il" and "-tu" are
# tokens of their own.
_HYPHENATED = (
    r"-(?:t-)?(?:je|tu|ils|il|elles|elle|on|nous|vous|ce|moi|toi|leur|lui|les|le|la|en|y)\b"
)
FRENCH_TOKEN = re.compile(
    rf"aujourd'hui|{_HYPHENATED}|[^\W\d_]+'|\d+(?:er\b)?"
    rf"|[^\W\d_]+(?:(?!{_HYPHENATED})-[^\W\d_]+)*|[^\w\s]"
)
ENGLISH_TOKEN = re.compile(r"o'clock|'s\b|\d+|[^\W\d_]+(?:-[^\W\d_]+)*|[^\w\s]")


def tokenise_english(text: str) -> list[str]:
    """The tokens of an English sentence: words, "'s", numbers, punctuation."""
    return ENGLISH_TOKEN.findall(text)


def tokenise_french(text: str) -> list[str]:
    """The tokens of a French sentence; "l'" and "-t-il" are tokens."""
    return FRENCH_TOKEN.findall(text)


@dataclass(frozen=True)
class Word:
    """A word and the half-open range of pieces, `start` to `stop`, that spell it."""

    text: str
    start: int
    stop: int


def split_words(text: str) -> list[str]:
    """The words of a normalised sentence, split at spaces.

    In a script without spaces, each character (with its combining marks; in Tibetan each syllable)
    is a word. A sentence without any word is one empty word.
    """
    if text.isascii() or not _MAY_BE_UNSPACED.search(text):
        return text.split(" ")
    return _WORDS.findall(text) or [""]


def lacks_spaces(texts: Iterable[str]) -> bool:
    """Whether most strings between spaces in `texts` are sentences of several words."""
    unspaced, letters, parts = 0, 0, 0
    for text in texts:
        parts += len(text.split())
        letters += sum(map(str.isalpha, text))
        if _MAY_BE_UNSPACED.search(text):
            unspaced += len(_IS_UNSPACED.findall(text))
    return unspaced > letters / 2 and unspaced > _LETTERS_OF_WORDS * parts


def group_pieces(pieces: Sequence[str]) -> list[Word]:
    """Group a sentence's pieces into words; every piece is in one word, in order.

    A word begins at a space, and at a no-break space, so that the `!` after it is a word of its
    own, but not at one between digits, as in "10 000". In a script without spaces, each piece is a
    word. `<s>`, `</s>` and `<pad>` are words. The text of a word of spaces alone is its pieces.
    """
    words: list[Word] = []
    start = 0
    for index in range(1, len(pieces) + 1):
        if index == len(pieces) or _begins_word(pieces, index):
            words.append(Word(spell(pieces[start:index]), start, index))
            start = index
    return words


def merge_to_words(
    weights: NDArray[Any], query_words: Sequence[Word], key_words: Sequence[Word]
) -> NDArray[Any]:
    """Attention (…, query pieces, key pieces) to attention (…, query words, key words).

    The weights of a word's key pieces are summed, those of its query pieces averaged (Koehn &
    Knowles 2017, section 3.5), so that rows that summed to 1 still do.

    Raises:
        ValueError: when the words do not cover the pieces of their axis.
    """
    for axis, words in ((-2, query_words), (-1, key_words)):
        edges = [0, *(word.stop for word in words)]
        if [word.start for word in words] != edges[:-1] or edges[-1] != weights.shape[axis]:
            raise ValueError(f"words do not cover the {weights.shape[axis]} pieces of axis {axis}")
    by_key = np.add.reduceat(weights, [word.start for word in key_words], axis=-1)
    by_both = np.add.reduceat(by_key, [word.start for word in query_words], axis=-2)
    lengths = np.array([word.stop - word.start for word in query_words])
    return np.asarray(by_both / lengths[:, np.newaxis])


def _begins_word(pieces: Sequence[str], index: int) -> bool:
    piece, before = pieces[index], pieces[index - 1]
    if piece in _SPECIAL_PIECES or before in _SPECIAL_PIECES or piece.startswith(_SPACE):
        return True
    if before.strip(_NO_BREAK_SPACES) == "" or before == _SPACE:
        return False  # that space began this word
    if _IS_UNSPACED.match(piece) or _IS_UNSPACED.match(before[-1]):
        return not _is_mark(piece[0])
    signs = tuple(_NO_BREAK_SPACES)
    if not (piece.startswith(signs) or before.endswith(signs)):
        return False
    spelt = "".join(pieces[index:]).lstrip(_NO_BREAK_SPACES)
    return not (before.rstrip(_NO_BREAK_SPACES)[-1:].isdigit() and spelt[:1].isdigit())


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def spell(pieces: Sequence[str]) -> str:
    """A word's text, without the spaces around it, unless it has nothing else."""
    text = "".join(pieces)
    return text.strip(_SPACE + _NO_BREAK_SPACES) or text


def are_punctuation(pieces: Sequence[str]) -> list[bool]:
    """For each piece of a sentence, whether it spells nothing but punctuation and spaces.

    Punctuation is Unicode's categories P, as in `.`, `!` or `«`, except between two letters, as in
    "l'arbre" or "mange-t-il".
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
