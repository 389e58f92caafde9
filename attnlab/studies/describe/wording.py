"""Sentences and their alignments as text that a terminal shows whole."""

import re
from collections.abc import Sequence

from attnlab.data.pairs import SentencePair


def printable(text: str) -> str:
    """`text` with the code points of characters that a terminal would act on, or not show."""
    return "".join(
        sign if sign.isprintable() or sign in "\u00a0\u202f" else f"<U+{ord(sign):04X}>"
        for sign in text
    )


def links_in_words(pair: SentencePair, source: Sequence[str], target: Sequence[str]) -> str:
    """The alignment of `pair` as `has seen–a vu`: connected groups of words.

    `source` and `target` are the tokens that the alignment counts. Groups are in the order of the
    source; a gap within one is an ellipsis. Empty without an alignment that fits the tokens.
    """
    links = [
        (int(one), int(other)) for one, other in re.findall(r"(\d+)[-p](\d+)", pair.alignment or "")
    ]
    if not links or any(one >= len(source) or other >= len(target) for one, other in links):
        return ""
    groups: list[tuple[set[int], set[int]]] = []
    for one, other in sorted(links):
        sources, targets = {one}, {other}
        for group in [each for each in groups if one in each[0] or other in each[1]]:
            groups.remove(group)
            sources, targets = sources | group[0], targets | group[1]
        groups.append((sources, targets))
    groups.sort(key=lambda group: min(group[0]))
    return "  ".join(f"{_spell(source, ones)}–{_spell(target, others)}" for ones, others in groups)


def _spell(words: Sequence[str], chosen: set[int]) -> str:
    spelt = ""
    for index in sorted(chosen):
        gap = "" if not spelt else " " if index - 1 in chosen else " … "
        spelt += gap + words[index]
    return spelt
