"""Which words an alignment counts: what `data.alignment_tokens` says, made into tokens."""

import re

from attnlab.data.corpus import DataConfig
from attnlab.data.project_alignment import Span
from attnlab.data.words import ENGLISH_TOKEN, FRENCH_TOKEN

_BETWEEN_SPACES = re.compile("[^ ]+")  # a no-break space ends no word
_WORDS = {"en": ENGLISH_TOKEN, "fr": FRENCH_TOKEN}


def locate_tokens(text: str, language: str, data: DataConfig) -> list[Span]:
    """Where the tokens stand in `text`, a sentence of `data` in that language."""
    pattern = _WORDS[language] if data.alignment_tokens == "words" else _BETWEEN_SPACES
    return [match.span() for match in pattern.finditer(text)]


def aligned_tokens(text: str, language: str, data: DataConfig) -> list[str]:
    """The tokens themselves."""
    return [text[start:stop] for start, stop in locate_tokens(text, language, data)]
