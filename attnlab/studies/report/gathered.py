"""What a report shows of a sweep: its runs with scores, groups of sentences, and attention.

A run that cannot be read is left out, with a sentence on why; the rest is done.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attnlab.config import InferenceConfig
from attnlab.data.corpus import load_split
from attnlab.data.pairs import SentencePair
from attnlab.evaluate.attention import AttentionFigures, attention_figures
from attnlab.evaluate.comparison import Comparison, Row, compare_settings, setting_text
from attnlab.evaluate.scored import ScoredRun, require_comparable, score_run
from attnlab.evaluate.scores import Groups, by_length, by_tag
from attnlab.evaluation.metrics import NAMES
from attnlab.run.folder import open_run
from attnlab.run.loaded import with_choices
from attnlab.run.metrics import damaged_lines
from attnlab.run.summary import State, summarise
from attnlab.studies.report.claim import ERROR_RATE, Claim, Expectation, Finding, Term
from attnlab.support.errors import AttnlabError, described

logger = logging.getLogger(__name__)

FEWEST = 10
"""Sentences of a group whose score is shown: of fewer, it is hardly more than chance."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a report is asked for: splits and metrics, how runs are grouped, and the claim."""

    config: InferenceConfig
    splits: list[str]
    metrics: list[str]
    group_by: list[str] | None = None
    baseline: str | None = None
    claim: Claim | None = None


@dataclass
class Gathered:
    """A sweep's runs, scored and compared; `notes`: sentences on what is left out, and why.

    `lengths` and `tags`: groups of each split's sentences that are large enough.
    """

    wanted: Wanted
    runs: list[ScoredRun]
    comparison: Comparison
    notes: list[str]
    lengths: dict[str, Groups] = field(default_factory=dict)
    tags: dict[str, Groups] = field(default_factory=dict)
    attention: dict[tuple[Path, str], AttentionFigures] = field(default_factory=dict)

    def group_score(self, run: ScoredRun, split: str, metric: str, members: Sequence[int]) -> float:
        """Score of the sentences `members` of `split`, as sacreBLEU has it of them alone."""
        counts = run.statistics(split, metric)
        return counts.score(counts.sentences[list(members)].sum(axis=0))

    def label(self, row: Row) -> str:
        """A row in figures: choices by their name, numbers with their setting."""
        parts = [
            setting_text(value) if isinstance(value, str) else f"{_last(key)}={setting_text(value)}"
            for key, value in row.settings.items()
        ]
        return " · ".join(parts) or row.label

    def attention_of(self, row: Row, split: str) -> list[AttentionFigures]:
        """The heads' figures of a row's runs that have any."""
        found = (self.attention.get((run.summary.folder, split)) for run in row.runs)
        return [each for each in found if each is not None and each.heads]

    def findings(self) -> list[Finding]:
        """Every expectation of the claim, with its sum for each seed."""
        claim = self.wanted.claim
        return [] if claim is None else [self._finding(each) for each in claim.expectations]

    def _finding(self, expectation: Expectation) -> Finding:
        by_seed: dict[Any, list[float]] = {}
        for term in expectation.terms:
            runs = [run for run in self.runs if _has(run, term)]
            if not runs:
                return Finding(expectation, {}, f"no run for the term {term}")
            values: dict[Any, list[float]] = {}
            for run in runs:
                value = self._value(run, term, expectation.metric)
                if isinstance(value, str):
                    return Finding(expectation, {}, f"{value} ({term})")
                values.setdefault(run.seed, []).append(value)
            for seed, found in values.items():
                by_seed.setdefault(seed, []).append(term.weight * sum(found) / len(found))
        whole = {
            seed: sum(parts)
            for seed, parts in by_seed.items()
            if len(parts) == len(expectation.terms)
        }
        return Finding(expectation, whole, "" if whole else "no seed has a run for every term")

    def _value(self, run: ScoredRun, term: Term, metric: str) -> float | str:
        """A run's score, or why there is none."""
        if metric == ERROR_RATE:
            figures = self.attention.get((run.summary.folder, term.split))
            best = None if figures is None else figures.best
            if best is None or best.error_rate is None:
                return "no alignment error is measured"
            return 100 * best.error_rate
        if term.split not in run.splits:
            return f"split {term.split} was not scored"
        if metric not in NAMES:
            found = run.splits[term.split].accuracies[metric].get(term.group or "")
            return f"the split has no {metric} of that kind" if found is None else found
        if term.group is None:
            return run.statistics(term.split, metric).corpus_score
        groups = self.lengths.get(term.split, {}) | self.tags.get(term.split, {})
        if term.group not in groups:
            return f"no group '{term.group}' of {FEWEST} sentences or more"
        return self.group_score(run, term.split, metric, groups[term.group])


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _has(run: ScoredRun, term: Term) -> bool:
    return all(
        setting_text(run.summary.setting(key)) == setting_text(value)
        for key, value in term.settings.items()
    )


def gather(folders: Sequence[Path], wanted: Wanted) -> Gathered:
    """Score and compare the runs in `folders`, and measure their attention.

    Raises:
        AttnlabError: none of them can be scored.
        UsageError: there is no such setting to group by, or no such baseline.
    """
    notes: list[str] = []
    runs: list[ScoredRun] = []
    for folder in folders:
        try:
            run = _scored(folder, wanted)
            if runs:
                require_comparable(runs[0], run)
        except (AttnlabError, OSError) as error:
            notes.append(f"{folder.parent.name}/{folder.name} is left out: {described(error)}")
            logger.warning("%s", notes[-1])
            continue
        runs.append(run)
        notes += _remarks(run)
    if not runs:
        raise AttnlabError("\n".join(["none of the runs can be reported:", *notes]))
    comparison = compare_settings(runs, wanted.metrics, wanted.group_by, wanted.baseline)
    found = Gathered(wanted, runs, comparison, notes)
    for split in wanted.splits:
        _group(found, split)
    claim = wanted.claim
    expected = [] if claim is None else claim.expectations
    of_terms = [t.split for each in expected if each.metric == ERROR_RATE for t in each.terms]
    for split in dict.fromkeys([wanted.splits[0], *of_terms]):
        for run in runs:
            _attend(found, run, split)
    return found


def _scored(folder: Path, wanted: Wanted) -> ScoredRun:
    summary = summarise(folder)
    if summary.state is State.RUNNING:
        raise AttnlabError("it is still training; make the report again when it is done")
    if summary.state is State.FAILED:
        raise AttnlabError(f"its training failed: {summary.error}")
    return score_run(folder, wanted.config, wanted.splits, wanted.metrics)


def _remarks(run: ScoredRun) -> list[str]:
    """Sentences on a run that is used, though something of it is missing."""
    name, found = run.summary.name, []
    if run.summary.state is State.STOPPED:
        found.append(
            f"{name} was interrupted after {run.summary.updates or 0:,} updates and is used as it "
            f"is; train it on: attnlab train --resume {name}"
        )
    if damaged := damaged_lines(run.summary.folder):
        lines = "a line" if damaged == 1 else f"{damaged} lines"
        found.append(f"{name}: {lines} of metrics.jsonl cannot be read and is passed over")
    return found


def _group(found: Gathered, split: str) -> None:
    """Group a split's sentences by length, and by tag if the corpus is there."""
    sources = found.runs[0].splits[split].sources
    lengths = by_length([SentencePair(source, "") for source in sources])
    found.lengths[split] = _large(lengths)
    try:
        run = with_choices(open_run(found.runs[0].summary.folder), found.wanted.config)
        pairs = load_split(run.config.data, run.config.seed, split)
    except (AttnlabError, OSError) as error:
        found.notes.append(f"{split} is not shown by phenomenon: {described(error)}")
        return
    if len(pairs) != len(sources):
        found.notes.append(
            f"{split} is not shown by phenomenon: the corpus has {len(pairs):,} sentences there, "
            f"and {len(sources):,} were scored"
        )
        return
    found.tags[split] = _large(by_tag(pairs))


def _large(groups: Groups) -> Groups:
    return {name: members for name, members in groups.items() if len(members) >= FEWEST}


def _attend(found: Gathered, run: ScoredRun, split: str) -> None:
    try:
        opened = open_run(run.summary.folder)
        figures = attention_figures(opened, found.wanted.config, split)
    except (AttnlabError, OSError) as error:
        found.notes.append(
            f"the attention of {run.summary.name} on {split} is not measured: {described(error)}"
        )
        return
    found.attention[run.summary.folder, split] = figures
