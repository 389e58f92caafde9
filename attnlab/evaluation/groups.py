"""Which sentences of a split belong together: those of a phenomenon, or of a length."""

from collections.abc import Callable, Sequence
from itertools import chain, pairwise

from attnlab.data.pairs import SentencePair

Groups = dict[str, list[int]]
"""Names, in the order to be shown, to the indices of sentences; a sentence may be in several."""

_LONGEST = (5, 10, 15, 20, 30, 40, 50, 60)


def by_tag(pairs: Sequence[SentencePair]) -> Groups:
    """The sentences of every tag; `shown-2` stands before `shown-16`."""
    found: Groups = {}
    for index, pair in enumerate(pairs):
        for tag in pair.tags:
            found.setdefault(tag, []).append(index)
    return {tag: found[tag] for tag in sorted(found, key=_numbers_in_order)}


def by_length(pairs: Sequence[SentencePair]) -> Groups:
    """The sentences by their number of source words, words being what spaces part."""
    lengths = [len(pair.source.split(" ")) if pair.source else 0 for pair in pairs]
    found: Groups = {}
    for before, longest in pairwise((0, *_LONGEST)):
        members = [index for index, length in enumerate(lengths) if before < length <= longest]
        found[f"{before + 1} to {longest} source words"] = members
    longer = [index for index, length in enumerate(lengths) if length > _LONGEST[-1]]
    found[f"over {_LONGEST[-1]} source words"] = longer
    return {name: members for name, members in found.items() if members}


GROUPINGS: dict[str, Callable[[Sequence[SentencePair]], Groups]] = {
    "tag": by_tag,
    "length": by_length,
}


def families(pairs: Sequence[SentencePair]) -> dict[str, Groups]:
    """The groupings that the tags themselves make: of `agree-verb`, `agree-adjective` … one each.

    A family is all tags with the same word before their first hyphen, if there are several and
    every sentence has just one of them.
    """
    members: dict[str, Groups] = {}
    for tag, indices in by_tag(pairs).items():
        name, hyphen, _ = tag.partition("-")
        if hyphen:
            members.setdefault(name, {})[tag] = indices
    everyone = list(range(len(pairs)))
    return {
        name: groups
        for name, groups in members.items()
        if len(groups) > 1 and sorted(chain(*groups.values())) == everyone
    }


def _numbers_in_order(tag: str) -> tuple[str, int, str]:
    name, _, last = tag.rpartition("-")
    return (name, int(last), "") if last.isdecimal() else (tag, 0, "")
