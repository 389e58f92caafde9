"""What a model did on a split, and on parts of it: figures as values, as JSON and as tables.

Knows texts and outcomes, no model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from attnlab.data.reading.lines import normalise
from attnlab.evaluation.groups import Groups
from attnlab.evaluation.metrics import NAMES, Measured, measure, percentage
from attnlab.support.table import table

_CONTRAST = "% of sentences whose reference is likelier than the wrong version beside it"
_FOCUS = "% of sentences whose translation holds the word asked for"
_NORMALISED = "references normalised: NFC, straight apostrophes, single spaces"


@dataclass(frozen=True)
class Outcome:
    """One sentence: texts, and what else was asked of the model there (None: nothing).

    `references`: one or several, as their files have them. `contrast`: the reference was found
    likelier than a wrong translation. `focus`: the word that the sentence asks for stands in the
    hypothesis.
    """

    hypothesis: str
    references: tuple[str, ...]
    contrast: bool | None = None
    focus: bool | None = None


@dataclass(frozen=True)
class Scores:
    """Figures of a set of sentences: sacreBLEU's and the like by name, accuracies in per cent.

    `normalised`: the metrics that are others where references are written as the model writes.
    """

    sentences: int
    metrics: dict[str, Measured]
    normalised: dict[str, Measured]
    contrast: float | None
    focus: float | None

    @classmethod
    def of(
        cls, outcomes: Sequence[Outcome], metrics: Sequence[str], tokeniser: str = "13a"
    ) -> "Scores":
        """Measure `outcomes` by `metrics`, names that `measure` knows; `tokeniser` is BLEU's."""
        hypotheses = [outcome.hypothesis for outcome in outcomes]
        references = list(zip(*(outcome.references for outcome in outcomes), strict=True))
        found = {
            each: measure(each, hypotheses, *references, tokeniser=tokeniser) for each in metrics
        }
        straight = [tuple(map(normalise, texts)) for texts in references]
        normalised = {}
        if straight != references:
            for metric, measured in found.items():
                other = measure(metric, hypotheses, *straight, tokeniser=tokeniser)
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
        """Every figure under the name that people know it by, with its recipe."""
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
        """Plain numbers and strings."""
        found: dict[str, Any] = {"sentences": self.sentences}
        for metric, measured in self.metrics.items():
            found[metric] = {"score": measured.score, "signature": measured.signature}
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
    """The pairs of a file that were not scored, by reason, such as data.max_characters.

    `of`: how many pairs the split would have with them; None where they stood in a file that holds
    other splits, too, so that there is no telling.
    """

    pairs: dict[str, int]
    of: int | None

    def __str__(self) -> str:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.pairs.items())
        where = "" if self.of is not None else " of the file that this split was taken from"
        return f"left out{where}: {reasons}"


@dataclass(frozen=True)
class SplitScores:
    """Figures of a split as a whole, and of its groups by grouping and name.

    `digests`: the SHA-256 of each set of references, a line each. `left_out`: what of the split's
    file the figures do not count, if that is anything.
    """

    split: str
    whole: Scores
    by: dict[str, dict[str, Scores]]
    digests: list[str]
    left_out: LeftOut | None = None

    @property
    def counted(self) -> str:
        """How many sentences were scored, of how many, in words."""
        found = f"{self.split}: {self.whole.sentences:,} sentences"
        if self.left_out is None:
            return found
        if self.left_out.of is not None:
            found = f"{self.split}: {self.whole.sentences:,} of {self.left_out.of:,} sentences"
        return f"{found} ({self.left_out})"

    @classmethod
    def of(
        cls,
        split: str,
        outcomes: Sequence[Outcome],
        metrics: Sequence[str],
        groupings: Mapping[str, Groups],
        tokeniser: str = "13a",
        left_out: LeftOut | None = None,
    ) -> "SplitScores":
        """Measure the whole of `outcomes`, and each group of indices in `groupings`."""
        by = {
            grouping: {
                name: Scores.of([outcomes[index] for index in members], metrics, tokeniser)
                for name, members in groups.items()
            }
            for grouping, groups in groupings.items()
        }
        digests = [
            sha256("".join(f"{text}\n" for text in texts).encode()).hexdigest()
            for texts in zip(*(outcome.references for outcome in outcomes), strict=True)
        ]
        return cls(split, Scores.of(outcomes, metrics, tokeniser), by, digests, left_out)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers and strings."""
        found = self.whole.as_json() | {"references_sha256": self.digests}
        if self.left_out is not None:
            found["left_out"] = {"of": self.left_out.of, "pairs": self.left_out.pairs}
        if self.by:
            found["by"] = {
                grouping: {name: scores.as_json() for name, scores in groups.items()}
                for grouping, groups in self.by.items()
            }
        return found


def report(splits: Sequence[SplitScores], trained: str, searched: str) -> str:
    """All figures as text: lines for a single split, else a table; then a table a grouping.

    Every figure's recipe is there once: `trained` says of which weights, `searched` by which
    search.
    """

    def line(name: str, measured: Measured) -> str:
        # What is likelier was asked of the model itself: nothing was searched for.
        how = [trained] if name.startswith("contrast") else [trained, searched]
        return " | ".join([name, *how, measured.signature])

    parts = []
    if len(splits) == 1:
        parts.append(
            "\n".join(
                line(f"{name} {measured.score:.1f}", measured)
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


def scores_table(first: str, rows: Mapping[str, Scores]) -> str:
    """One row of figures for each of `rows`, under the heading `first`."""
    figures = {name: scores.figures() for name, scores in rows.items()}
    columns = list(dict.fromkeys(figure for found in figures.values() for figure in found))
    lines = []
    for name, scores in rows.items():
        found = figures[name]
        cells = (f"{found[column].score:.1f}" if column in found else "" for column in columns)
        lines.append([name, f"{scores.sentences:,}", *cells])
    return table([first, "sentences", *columns], lines)
