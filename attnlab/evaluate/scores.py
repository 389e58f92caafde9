"""Scores of a split and of groups of its sentences, as JSON and as tables."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain, pairwise
from typing import Any

import torch

from attnlab.data.pairs import SentencePair
from attnlab.data.reading.lines import normalise
from attnlab.evaluation.metrics import NAMES, Measured, Reading, measure, percentage
from attnlab.evaluation.significance import score_interval, statistics
from attnlab.support.table import table, three_digits

_AS_WRITTEN = Reading()
_CONTRAST = "% of sentences whose reference is likelier than the wrong version beside it"
_FOCUS = "% of sentences whose translation holds the word asked for"
_NORMALISED = "references normalised: NFC, straight apostrophes, single spaces"

Groups = dict[str, list[int]]
"""Indices of sentences by the name of their group; a sentence may be in several groups."""

_LONGEST = (5, 10, 15, 20, 30, 40, 50, 60)


def by_tag(pairs: Sequence[SentencePair]) -> Groups:
    """Groups of each tag, with numbers in order: `shown-2` before `shown-16`."""
    found: Groups = {}
    for index, pair in enumerate(pairs):
        for tag in pair.tags:
            found.setdefault(tag, []).append(index)
    return {tag: found[tag] for tag in sorted(found, key=_natural_order)}


def by_length(pairs: Sequence[SentencePair]) -> Groups:
    """Groups by the number of source words between spaces."""
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
    """A grouping for each family of tags, such as `agree-verb`, `agree-adjective` ….

    A family is all tags with the same word before their first hyphen, if there are several and
    every sentence has exactly one of them.
    """
    members: dict[str, Groups] = {}
    for tag, indices in by_tag(pairs).items():
        name, hyphen, _ = tag.partition("-")
        if hyphen:
            members.setdefault(name, {})[tag] = indices
    all_pairs = list(range(len(pairs)))
    return {
        name: groups
        for name, groups in members.items()
        if len(groups) > 1 and sorted(chain(*groups.values())) == all_pairs
    }


def _natural_order(tag: str) -> tuple[str, int, str]:
    name, _, last = tag.rpartition("-")
    return (name, int(last), "") if last.isdecimal() else (tag, 0, "")


@dataclass(frozen=True)
class Outcome:
    """The hypothesis of one sentence, its one or more references, and two optional outcomes.

    `contrast`: the reference is likelier than a wrong translation. `focus`: the hypothesis contains
    the word that the sentence tests. None: not tested.
    """

    hypothesis: str
    references: tuple[str, ...]
    contrast: bool | None = None
    focus: bool | None = None


@dataclass(frozen=True)
class Scores:
    """Figures of a set of sentences: metrics by name, and accuracies in per cent.

    `normalised`: those metrics that differ when references are normalised as training texts are.
    """

    sentences: int
    metrics: dict[str, Measured]
    normalised: dict[str, Measured]
    contrast: float | None
    focus: float | None

    @classmethod
    def of(
        cls,
        outcomes: Sequence[Outcome],
        metrics: Sequence[str],
        reading: Reading = _AS_WRITTEN,
        interval: bool = False,
    ) -> "Scores":
        """Measure `outcomes` by `metrics`, names of `measure`, and the `interval` of each."""
        how = vars(reading)
        hypotheses = [outcome.hypothesis for outcome in outcomes]
        references = list(zip(*(outcome.references for outcome in outcomes), strict=True))
        found = {each: measure(each, hypotheses, *references, **how) for each in metrics}
        if interval:
            for metric, measured in found.items():
                counted = statistics(metric, hypotheses, *references, **how)
                found[metric] = replace(measured, interval=score_interval(counted))
        rewritten = [tuple(map(normalise, texts)) for texts in references]
        normalised = {}
        if rewritten != references:
            for metric, measured in found.items():
                other = measure(metric, hypotheses, *rewritten, **how)
                if other.score != measured.score:
                    signature = f"{_NORMALISED} | {other.signature}"
                    normalised[metric] = Measured(other.score, signature)
        return cls(
            sentences=len(outcomes),
            metrics=found,
            normalised=normalised,
            contrast=_accuracy([outcome.contrast for outcome in outcomes]),
            focus=_accuracy([outcome.focus for outcome in outcomes]),
        )

    def figures(self) -> dict[str, Measured]:
        """All figures by their display names."""
        named = {}
        for metric, measured in self.metrics.items():
            named[NAMES[metric]] = measured
            if metric in self.normalised:
                named[f"{NAMES[metric]} normalised"] = self.normalised[metric]
        if self.contrast is not None:
            named["contrast"] = Measured(self.contrast, _CONTRAST)
        if self.focus is not None:
            named["focus"] = Measured(self.focus, _FOCUS)
        return named

    def as_json(self) -> dict[str, Any]:
        """All figures as numbers and strings."""
        found: dict[str, Any] = {"sentences": self.sentences}
        for metric, measured in self.metrics.items():
            found[metric] = {"score": measured.score, "signature": measured.signature}
            if measured.interval is not None:
                found[metric]["interval"] = list(measured.interval)
            if measured.remark is not None:
                found[metric]["remark"] = measured.remark
            if metric in self.normalised:
                found[metric]["normalised_references"] = {"score": self.normalised[metric].score}
        for name, value in (("contrast", self.contrast), ("focus", self.focus)):
            if value is not None:
                found[name] = {"score": value}
        return found


def _accuracy(outcomes: Sequence[bool | None]) -> float | None:
    asked = [outcome for outcome in outcomes if outcome is not None]
    return percentage(asked) if asked else None


@dataclass(frozen=True)
class LeftOut:
    """Numbers of `pairs` of a file that were not scored, by reason.

    `of`: the number of pairs of the split with them; None if the file holds other splits, too.
    """

    pairs: dict[str, int]
    of: int | None

    def __str__(self) -> str:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.pairs.items())
        where = "" if self.of is not None else " of the file that this split was taken from"
        return f"left out{where}: {reasons}"

    def as_json(self) -> dict[str, Any]:
        """Both figures."""
        return {"of": self.of, "pairs": self.pairs}


def count_sentences(sentences: int, left_out: LeftOut | None) -> str:
    """The number of `sentences`, and how many more there were and why."""
    if left_out is None:
        return f"{sentences:,} sentences"
    of = "" if left_out.of is None else f" of {left_out.of:,}"
    return f"{sentences:,}{of} sentences ({left_out})"


@dataclass(frozen=True)
class Timing:
    """The `seconds` that translating `sentences` took on so many CPU `threads` of torch's."""

    seconds: float
    sentences: int
    threads: int

    @classmethod
    def since(cls, started: float, sentences: int) -> "Timing":
        """The time from `started`, by time.monotonic, until now."""
        return cls(time.monotonic() - started, sentences, torch.get_num_threads())

    @property
    def milliseconds(self) -> float:
        """The time of a sentence, which with others in its batch is less than that of one alone."""
        return 1000 * self.seconds / max(1, self.sentences)

    @property
    def counted_threads(self) -> str:
        """The number of threads, for people."""
        return "1 thread" if self.threads == 1 else f"{self.threads} threads"

    def __str__(self) -> str:
        return f"{three_digits(self.milliseconds)} ms a sentence ({self.counted_threads})"

    def as_json(self) -> dict[str, Any]:
        """The time of all sentences and of one."""
        each = self.milliseconds
        return {"seconds": self.seconds, "ms_per_sentence": each, "threads": self.threads}


def references_digest(texts: Sequence[str]) -> str:
    """The SHA-256 of one set of references, a line each."""
    return sha256("".join(f"{text}\n" for text in texts).encode()).hexdigest()


@dataclass(frozen=True)
class SplitScores:
    """Scores of a whole split, and of its groups by grouping and name.

    `digests`: the SHA-256 of each set of references. `lowercase`: whether metrics ignored case.
    `left_out`: pairs of the split's file that were not scored. `timing`: of the translations.
    """

    split: str
    whole: Scores
    by: dict[str, dict[str, Scores]]
    digests: list[str]
    lowercase: bool = False
    left_out: LeftOut | None = None
    timing: Timing | None = None

    @property
    def counted(self) -> str:
        """The number of scored sentences and their time, for people."""
        found = f"{self.split}: {count_sentences(self.whole.sentences, self.left_out)}"
        return found if self.timing is None else f"{found} | {self.timing}"

    @classmethod
    def of(
        cls,
        split: str,
        outcomes: Sequence[Outcome],
        metrics: Sequence[str],
        groupings: Mapping[str, Groups],
        reading: Reading = _AS_WRITTEN,
        left_out: LeftOut | None = None,
        timing: Timing | None = None,
        interval: bool = False,
    ) -> "SplitScores":
        """Measure all `outcomes`, and each group of indices in `groupings`.

        `interval`: whether the scores of all of them have theirs.
        """
        by = {
            grouping: {
                name: Scores.of([outcomes[index] for index in members], metrics, reading)
                for name, members in groups.items()
            }
            for grouping, groups in groupings.items()
        }
        references = zip(*(outcome.references for outcome in outcomes), strict=True)
        digests = [references_digest(texts) for texts in references]
        whole = Scores.of(outcomes, metrics, reading, interval)
        return cls(split, whole, by, digests, reading.lowercase, left_out, timing)

    def as_json(self) -> dict[str, Any]:
        """All figures as numbers and strings."""
        found = self.whole.as_json() | {"references_sha256": self.digests}
        if self.lowercase:
            found["lowercase"] = True
        if self.left_out is not None:
            found["left_out"] = self.left_out.as_json()
        if self.timing is not None:
            found["timing"] = self.timing.as_json()
        if self.by:
            found["by"] = {
                grouping: {name: scores.as_json() for name, scores in groups.items()}
                for grouping, groups in self.by.items()
            }
        return found


def report(splits: Sequence[SplitScores], trained: str, searched: str) -> str:
    """All figures as text: lines for a single split, else a table; then a table for each grouping.

    Each figure's recipe is shown once, with the weights (`trained`) and the search (`searched`).
    """

    def line(name: str, measured: Measured) -> str:
        # Contrasts compare likelihoods, without search.
        how = [trained] if name.startswith("contrast") else [trained, searched]
        return " | ".join([name, *how, measured.signature])

    parts = []
    if len(splits) == 1:
        parts.append(
            "\n".join(
                line(f"{name} {_with_interval(measured)}", measured)
                for name, measured in splits[0].whole.figures().items()
            )
        )
    else:
        parts.append(scores_table("split", {each.split: each.whole for each in splits}))
        recipes = {
            line(name, measured): None
            for each in splits
            for name, measured in each.whole.figures().items()
        }
        parts.append("\n".join(recipes))
    remarks = [
        f"{each.split}: {measured.remark}"
        for each in splits
        for measured in each.whole.figures().values()
        if measured.remark is not None
    ]
    if remarks:
        parts.append("\n".join(remarks))
    for each in splits:
        for grouping, groups in each.by.items():
            parts.append(scores_table(f"{each.split}, by {grouping}", groups))
    return "\n\n".join(parts)


def _with_interval(measured: Measured) -> str:
    if measured.interval is None:
        return f"{measured.score:.1f}"
    return "{:.1f} (95 %: {:.1f} to {:.1f})".format(measured.score, *measured.interval)


def scores_table(first: str, rows: Mapping[str, Scores]) -> str:
    """A table with a row for each of `rows`; `first` heads the first column."""
    figures = {name: scores.figures() for name, scores in rows.items()}
    columns = list(dict.fromkeys(figure for found in figures.values() for figure in found))
    lines = []
    for name, scores in rows.items():
        found = figures[name]
        cells = (_with_interval(found[column]) if column in found else "" for column in columns)
        lines.append([name, f"{scores.sentences:,}", *cells])
    return table([first, "sentences", *columns], lines)
