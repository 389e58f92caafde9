"""Read a whole corpus, as training and evaluation read it, and count all there is to say of it.

Knows nothing of how it is shown.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from attnlab.config import ExperimentConfig
from attnlab.data.corpus import DataConfig, load_splits, present_splits
from attnlab.data.pairs import ReadingReport, SentencePair
from attnlab.studies.describe.finding import Finding, Sighting, locate
from attnlab.studies.describe.judge import Evidence, judge
from attnlab.studies.describe.repetition import Repeated, Shared, repeated_within, shared_between
from attnlab.studies.describe.statistics import SideStatistics, SplitStatistics, count_split
from attnlab.support.errors import UsageError

Splits = dict[str, list[SentencePair]]


@dataclass(frozen=True)
class Description:
    """All that is known of a corpus, or of its split `only`.

    `reports`: of each reading, by the split that the files are named for; splits without files
    of their own, `held_out`, come from those of train. `splits` are those described; `findings`
    what is wrong or worth knowing, warnings first.
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
    examples: list[Sighting]

    def as_json(self) -> dict[str, Any]:
        """What `attnlab data describe --json` prints."""
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
                {
                    "splits": list(each.splits),
                    "sources": each.sources,
                    "targets": each.targets,
                    "pairs": each.pairs,
                }
                for each in self.shared
            ],
            "findings": [asdict(finding) for finding in self.findings],
            "examples": [asdict(example) for example in self.examples],
        }


def _side_as_json(side: SideStatistics) -> dict[str, Any]:
    lengths = side.lengths
    return {
        "words": side.words,
        "forms": len(side.forms),
        "unseen_words": side.unseen_words,
        "unseen_forms": side.unseen_forms,
        "shortest": lengths.shortest,
        "median": lengths.quantile(50),
        "mean": lengths.mean,
        "percentile_95": lengths.quantile(95),
        "longest": lengths.longest,
    }


def describe(config: ExperimentConfig, only: str | None, examples: int) -> Description:
    """Everything about the corpus of `config`, or about its split `only`.

    Raises:
        UsageError: for a split that the corpus lacks, and for a setting that cannot work.
        AttnlabError: for a file that is absent or wrong.
    """
    data = config.data
    corpus = load_splits(data, config.seed, present_splits(data))
    pairs, reports = corpus.splits, corpus.reports
    if only is not None and only not in pairs:
        raise UsageError(f"no split '{only}' in data={data.name}; it has: {', '.join(pairs)}")
    wanted = list(pairs) if only is None else [only]
    training = count_split(pairs["train"])
    splits = {
        name: training if name == "train" else count_split(pairs[name], training) for name in wanted
    }
    shared = [each for each in shared_between(pairs) if not {*each.splits}.isdisjoint(wanted)]
    repeated = {name: repeated_within(pairs[name]) for name in wanted}
    described = {name: pairs[name] for name in wanted}
    findings = judge(Evidence(described, training, shared, repeated, reports, data, config.search))
    locate(findings, reports, data)
    return Description(
        data=data,
        seed=config.seed,
        only=only,
        reports={
            name: report
            for name, report in reports.items()
            if only is None or name == (only if only in reports else "train")
        },
        held_out=[name for name in pairs if name not in reports],
        splits=splits,
        shared=shared,
        repeated=repeated,
        findings=findings,
        examples=_draw(described, examples, config.seed),
    )


def _draw(splits: Splits, count: int, seed: int) -> list[Sighting]:
    """`count` pairs by lot, one split after the other in turn; listed by split."""
    lot = random.Random(seed)
    names = list(splits)
    drawn = []
    for index, name in enumerate(names):
        share = len(range(index, count, len(names)))
        pairs: Sequence[SentencePair] = splits[name]
        drawn += [Sighting(name, pair) for pair in lot.sample(pairs, min(share, len(pairs)))]
    return drawn
