"""Lines of files, for findings to name: blank ones, and those of wanted pairs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from attnlab.data.pairs import Layout
from attnlab.data.reading.files import PairFiles, read_rows
from attnlab.data.reading.lines import is_blank, normalise

_MOST_PLACES = 3


@dataclass(frozen=True)
class Place:
    """A line of a file, counted from 1; of a pair of files, the source's."""

    path: str
    line: int


@dataclass
class Places:
    """The first few lines skipped as blank, and the first few with each wanted pair."""

    blank: list[Place] = field(default_factory=list)
    pairs: dict[tuple[str, str], list[Place]] = field(default_factory=dict)


def find_places(paths: Sequence[str], layout: Layout, wanted: set[tuple[str, str]]) -> Places:
    """Look up the lines of the `wanted` (source, target) by reading their files again.

    Pairs carry no line numbers: for millions of them those would take more memory than the few
    that messages name are worth. `paths` are those of one `ReadingReport`.

    Raises:
        AttnlabError: the files can no longer be read.
    """
    places = Places()
    files = PairFiles(tuple(map(Path, paths)), layout)
    for row in read_rows(files):
        pair = normalise(row.source), normalise(row.target)
        if any(map(is_blank, pair)):
            found = places.blank
        elif pair in wanted:
            found = places.pairs.setdefault(pair, [])
        else:
            continue
        if len(found) < _MOST_PLACES:
            found.append(Place(paths[0], row.number))
    return places
