"""Where a sentence pair stands: from what was read back to lines of files.

A pair carries no line number, for millions of them would cost more than they are asked for; the
few that a message names are looked up by reading their file once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from attnlab.data.pairs import Layout
from attnlab.data.reading.lines import is_blank, normalise
from attnlab.data.reading.parsing import PairFiles, blocks, rows_of

_KEPT = 3


@dataclass(frozen=True)
class Place:
    """A line of a file, counted from 1; of a pair of files, the source's."""

    path: str
    line: int


@dataclass
class Places:
    """The first of the lines that were skipped as blank, and the first with each pair."""

    blank: list[Place] = field(default_factory=list)
    pairs: dict[tuple[str, str], list[Place]] = field(default_factory=dict)


def find_places(paths: Sequence[str], layout: Layout, wanted: set[tuple[str, str]]) -> Places:
    """Look the `wanted` (source, target) up in the files of one `ReadingReport`.

    Of each, and of the blank lines, the first three are found.

    Raises:
        AttnlabError: when the files cannot be read (any more).
    """
    places = Places()
    files = PairFiles(tuple(map(Path, paths)), layout)
    for row in chain.from_iterable(rows_of(files, block) for block in blocks(files)):
        pair = normalise(row.source), normalise(row.target)
        if any(map(is_blank, pair)):
            found = places.blank
        elif pair in wanted:
            found = places.pairs.setdefault(pair, [])
        else:
            continue
        if len(found) < _KEPT:
            found.append(Place(paths[0], row.number))
    return places
