"""A sentence pair in readable form: which words go with which, and nothing that upsets a terminal.

Knows no terminal: what it gives is text.
"""

import re
from collections.abc import Sequence

from attnlab.data.pairs import SentencePair

_NARROW_NO_BREAK_SPACE = "\u202f"


def printable(text: str) -> str:
    """`text` with every character that a terminal would act on, or not show, by its number."""
    kept = _NARROW_NO_BREAK_SPACE + "\u00a0"
    return "".join(
        sign if sign.isprintable() or sign in kept else f"<U+{ord(sign):04X}>" for sign in text
    )


def links_in_words(pair: SentencePair, source: Sequence[str], target: Sequence[str]) -> str:
    """The alignment of `pair` as `has seen–a vu`: words that hang together, however indirectly.

    `source` and `target` are the words that the alignment counts. In the order of the source;
    a gap within a group is an ellipsis. Empty without an alignment, and with one that counts
    other words.
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
    return "  ".join(
        f"{_spell(source, sources)}–{_spell(target, targets)}"
        for sources, targets in sorted(groups, key=lambda group: min(group[0]))
    )


def _spell(words: Sequence[str], chosen: set[int]) -> str:
    spelt = ""
    before = None
    for index in sorted(chosen):
        if before is not None:
            spelt += " " if index == before + 1 else " … "
        spelt += words[index]
        before = index
    return spelt
