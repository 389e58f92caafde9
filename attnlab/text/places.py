"""Where a sentence pair stands: from what was read back to lines of files.

A pair carries no line number, for millions of them would cost more than they are asked for; the
few that a message names are looked up by reading their file once more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from attnlab.text.lines import normalise, read_lines, read_raw_lines
from attnlab.text.pairs import Layout

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
    for number, pair in enumerate(_rows(paths, layout), start=1):
        blank = not (pair[0].strip() and pair[1].strip())
        if blank:
            found = places.blank
        elif pair in wanted:
            found = places.pairs.setdefault(pair, [])
        else:
            continue
        if len(found) < _KEPT:
            found.append(Place(paths[0], number))
    return places


def _rows(paths: Sequence[str], layout: Layout) -> Iterator[tuple[str, str]]:
    """Both sides of each line, normalised; blank ones too."""
    if len(paths) == 2:  # a Moses pair
        source, target = map(Path, paths)
        yield from zip(read_lines(source), read_lines(target), strict=True)
        return
    columns = list(layout.columns)
    sides = [columns.index(side) for side in (layout.source_language, layout.target_language)]
    for line in read_raw_lines(Path(paths[0])):
        fields = line.split("\t")
        if len(fields) <= max(sides):
            yield "", ""
        else:
            yield normalise(fields[sides[0]]), normalise(fields[sides[1]])
