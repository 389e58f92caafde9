"""The description of a corpus, read as training and evaluation read it."""

import random
from dataclasses import asdict, dataclass
from typing import Any

from attnlab.config import ExperimentConfig
from attnlab.data.corpus import DataConfig, load_splits, present_splits
from attnlab.data.pairs import ReadingReport, SentencePair
from attnlab.studies.describe.findings import Evidence, Example, Finding, judge, locate
from attnlab.studies.describe.statistics import (
    Repeated,
    Shared,
    SideStatistics,
    SplitStatistics,
    count_split,
    repeated_within,
    shared_between,
)
from attnlab.support.errors import UsageError


@dataclass(frozen=True)
class Description:
    """Statistics and findings of a corpus, or of its split `only`.

    `reports`: by the split that the files are named for; the splits `held_out` come from those of
    train. `findings`: warnings first.
    """

    data: DataConfig
    seed: int
    only: str | None
    reports: dict[str, ReadingReport]
    held_out: list[str]
    splits: dict[str, SplitStatistics]
    shared: list[Shared]
    repeated: dict[str, Repeated]
    findings: list[Finding]
    examples: list[Example]

    def as_json(self) -> dict[str, Any]:
        """The object that `attnlab data describe --json` prints."""
        return {
            "name": self.data.name,
            "source_language": self.data.source_language,
            "target_language": self.data.target_language,
            "seed": self.seed,
            "files": {
                split: {
                    "paths": list(report.paths),
                    "pairs": report.pairs,
                    "skipped_blank": report.skipped_empty,
                    "skipped_long": report.skipped_long,
                }
                for split, report in self.reports.items()
            },
            "held_out": self.held_out,
            "splits": {
                name: {
                    "pairs": split.pairs,
                    "source": _side_as_json(split.source),
                    "target": _side_as_json(split.target),
                    "target_words_per_source_word": split.ratio,
                    "longer_side_words": split.longer.counts,
                    "phenomena": split.phenomena,
                    "copies": self.repeated[name].copies,
                    "sources_with_variants": self.repeated[name].variants,
                }
                for name, split in self.splits.items()
            },
            "shared": [
                {name: value for name, value in vars(each).items() if name != "examples"}
                for each in self.shared
            ],
            "findings": [asdict(finding) for finding in self.findings],
            "examples": [asdict(example) for example in self.examples],
        }


def _side_as_json(side: SideStatistics) -> dict[str, Any]:
    return {
        "words": side.words,
        "forms": len(side.forms),
        "unseen_words": side.unseen_words,
        "unseen_forms": side.unseen_forms,
        **side.lengths.summary(),
    }


def describe(config: ExperimentConfig, only: str | None, examples: int) -> Description:
    """Describe the corpus of `config`, or its split `only`, with so many example pairs.

    Raises:
        UsageError: for a split that the corpus lacks, and for a setting that cannot work.
        AttnlabError: for a file that is absent or wrong.
    """
    data = config.data
    corpus = load_splits(data, config.seed, present_splits(data))
    pairs, reports = corpus.splits, corpus.reports
    if only is not None and only not in pairs:
        raise UsageError(f"no split '{only}' in data={data.name}; it has: {', '.join(pairs)}")
    described = pairs if only is None else {only: pairs[only]}
    training = count_split(pairs["train"])
    shared = [
        each for each in shared_between(pairs) if not described.keys().isdisjoint(each.splits)
    ]
    repeated = {name: repeated_within(members) for name, members in described.items()}
    findings = judge(Evidence(described, training, shared, repeated, reports, data, config.search))
    locate(findings, reports, data)
    read_from = None if only is None else only if only in reports else "train"
    return Description(
        data=data,
        seed=config.seed,
        only=only,
        reports={name: each for name, each in reports.items() if read_from in (None, name)},
        held_out=[name for name in pairs if name not in reports],
        splits={
            name: training if name == "train" else count_split(members, training)
            for name, members in described.items()
        },
        shared=shared,
        repeated=repeated,
        findings=findings,
        examples=_draw(described, examples, config.seed),
    )


def _draw(splits: dict[str, list[SentencePair]], count: int, seed: int) -> list[Example]:
    """`count` random pairs, dealt out among the splits in turn; listed by split."""
    lot = random.Random(seed)
    drawn = []
    for index, (name, pairs) in enumerate(splits.items()):
        share = len(range(index, count, len(splits)))
        drawn += [Example(name, pair) for pair in lot.sample(pairs, min(share, len(pairs)))]
    return drawn
