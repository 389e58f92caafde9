"""One thing that was found in a corpus, with the places in its files where it can be seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from attnlab.data.corpus import DataConfig
from attnlab.data.pairs import Layout, ReadingReport, SentencePair
from attnlab.data.reading.places import Place, find_places

Level = Literal["warning", "note"]


@dataclass
class Sighting:
    """A pair of a split, and where in its files it stands, as far as that was looked up."""

    split: str
    pair: SentencePair
    places: list[Place] = field(default_factory=list)


@dataclass
class Finding:
    """One thing that is wrong ("warning") or worth knowing ("note").

    `count`: of sources for a leak and for variants, of pairs or lines else. `splits`: where.
    `places`: of lines that became no pair.
    """

    level: Level
    kind: str
    splits: list[str]
    count: int
    message: str
    remedy: str
    examples: list[Sighting] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)


def locate(
    findings: Sequence[Finding], reports: Mapping[str, ReadingReport], data: DataConfig
) -> None:
    """Look up the places of all findings; each file that has any is read once more.

    `reports` are by the splits that have files; the pairs of the others are in those of train.
    """
    layout = Layout(data.source_language, data.target_language, data.columns)
    sightings: dict[str, list[Sighting]] = {}
    for finding in findings:
        for each in finding.examples:
            sightings.setdefault(each.split if each.split in reports else "train", []).append(each)
    blank = {finding.splits[0]: finding for finding in findings if finding.kind == "blank"}
    for split, report in reports.items():
        here = sightings.get(split, [])
        if not here and split not in blank:
            continue
        wanted = {(each.pair.source, each.pair.target) for each in here}
        places = find_places(report.paths, layout, wanted)
        for each in here:
            each.places = places.pairs[each.pair.source, each.pair.target]
        if split in blank:
            blank[split].places = places.blank
