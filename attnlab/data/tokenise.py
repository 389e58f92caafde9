"""The tokenisation that the alignments count in: two regular expressions, and nothing else.

It works on the printed text alone, so that anyone can redo it.
"""

import re

# Verb-subject inversion and commands: "-t-il" and "-tu" are tokens of their own.
_HYPHENATED = (
    r"-(?:t-)?(?:je|tu|ils|il|elles|elle|on|nous|vous|ce|moi|toi|leur|lui|les|le|la|en|y)\b"
)
FRENCH_TOKEN = re.compile(
    rf"aujourd'hui|{_HYPHENATED}|[^\W\d_]+'|\d+(?:er\b)?|[^\W\d_]+(?:(?!{_HYPHENATED})-[^\W\d_]+)*|[^\w\s]"
)
ENGLISH_TOKEN = re.compile(r"o'clock|'s\b|\d+|[^\W\d_]+(?:-[^\W\d_]+)*|[^\w\s]")


def tokenise_english(text: str) -> list[str]:
    """Return the tokens of an English sentence: words, "'s", numbers, punctuation."""
    return ENGLISH_TOKEN.findall(text)


def tokenise_french(text: str) -> list[str]:
    """Return the tokens of a French sentence: "l'" and "-t-il" stand alone."""
    return FRENCH_TOKEN.findall(text)
