"""How a vocabulary writes text anew before it cuts it, and how text is made of it again.

The rules become a part of SentencePiece's own model, so that whatever has the model follows them.
Knows nothing of pieces.
"""

import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attnlab.data.vocabulary_config import VocabularyConfig

MARKS = ",.!?"
"""What a split of punctuation makes words of its own."""


def rules_of(config: VocabularyConfig) -> dict[str, str]:
    """What is read in place of some characters; several spaces in a row count as one anyway."""
    rules: dict[str, str] = {}
    if config.lowercase:
        for character in map(chr, range(sys.maxunicode + 1)):
            if character.lower() != character:
                rules[character] = character.lower()
    if config.split_punctuation:
        rules |= {mark: f" {mark}" for mark in MARKS}
        rules |= dict.fromkeys(filter(_is_odd_space, map(chr, range(sys.maxunicode + 1))), " ")
    return rules


def _is_odd_space(character: str) -> bool:
    """Whether it is one as French typography has it before `!`: no-break, narrow or thin."""
    return unicodedata.category(character) == "Zs" and character != " "


def joined_marks(sentences: Sequence[str]) -> dict[str, str]:
    """What is written in place of a space and a mark, of those marks that `sentences` join.

    A mark is joined to the word before it if more than half of them are: `!` in English, but not
    in French.
    """
    rules = {}
    for mark in MARKS:
        before = [text[: text.find(mark)][-1:] for text in sentences if text.find(mark) > 0]
        joined = sum(not character.isspace() for character in before)
        if 2 * joined > len(before):
            rules[f" {mark}"] = mark
    return rules


@contextmanager
def rule_files(*all_rules: Mapping[str, str]) -> Iterator[list[str]]:
    """Files of rules as SentencePiece's trainer reads them, for as long as the block lasts."""
    with TemporaryDirectory() as folder:
        paths = []
        for number, rules in enumerate(all_rules):
            path = Path(folder) / f"{number}.tsv"
            lines = (f"{_codes(read)}\t{_codes(written)}\n" for read, written in rules.items())
            path.write_text("".join(lines), encoding="utf-8")
            paths.append(str(path))
        yield paths


def _codes(text: str) -> str:
    return " ".join(f"{ord(character):X}" for character in text)
