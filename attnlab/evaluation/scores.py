"""What a model did on a split, and on parts of it: figures as values, as JSON and as tables.

Knows texts and outcomes, no model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attnlab.evaluation.groups import Groups
from attnlab.evaluation.metrics import NAMES, Measured, measure, percentage
from attnlab.table import table

_CONTRAST = "% of sentences whose reference is likelier than the wrong version beside it"
_FOCUS = "% of sentences whose translation holds the word asked for"


@dataclass(frozen=True)
class Outcome:
    """One sentence: texts, and what else was asked of the model there (None: nothing).

    `contrast`: the reference was found likelier than a wrong translation. `focus`: the word that
    the sentence asks for stands in the hypothesis.
    """

    hypothesis: str
    reference: str
    contrast: bool | None = None
    focus: bool | None = None


@dataclass(frozen=True)
class Scores:
    """Figures of a set of sentences: sacreBLEU's and the like by name, accuracies in per cent."""

    sentences: int
    metrics: dict[str, Measured]
    contrast: float | None
    focus: float | None

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], metrics: Sequence[str]) -> "Scores":
        """Measure `outcomes` by `metrics`, names that `measure` knows."""
        hypotheses = [outcome.hypothesis for outcome in outcomes]
        references = [outcome.reference for outcome in outcomes]
        return cls(
            sentences=len(outcomes),
            metrics={metric: measure(metric, hypotheses, references) for metric in metrics},
            contrast=_accuracy([outcome.contrast for outcome in outcomes]),
            focus=_accuracy([outcome.focus for outcome in outcomes]),
        )

    def figures(self) -> dict[str, Measured]:
        """Every figure under the name that people know it by, with its recipe."""
        named = {NAMES[metric]: measured for metric, measured in self.metrics.items()}
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
        for name, value in (("contrast", self.contrast), ("focus", self.focus)):
            if value is not None:
                found[name] = {"score": value}
        return found


def _accuracy(outcomes: Sequence[bool | None]) -> float | None:
    asked = [outcome for outcome in outcomes if outcome is not None]
    return percentage(asked) if asked else None


@dataclass(frozen=True)
class SplitScores:
    """Figures of a split as a whole, and of its groups by grouping and name."""

    split: str
    whole: Scores
    by: dict[str, dict[str, Scores]]

    @classmethod
    def of(
        cls,
        split: str,
        outcomes: Sequence[Outcome],
        metrics: Sequence[str],
        groupings: Mapping[str, Groups],
    ) -> "SplitScores":
        """Measure the whole of `outcomes`, and each group of indices in `groupings`."""
        by = {
            grouping: {
                name: Scores.of([outcomes[index] for index in members], metrics)
                for name, members in groups.items()
            }
            for grouping, groups in groupings.items()
        }
        return cls(split, Scores.of(outcomes, metrics), by)

    def as_json(self) -> dict[str, Any]:
        """Plain numbers and strings."""
        found = self.whole.as_json()
        if self.by:
            found["by"] = {
                grouping: {name: scores.as_json() for name, scores in groups.items()}
                for grouping, groups in self.by.items()
            }
        return found


def report(splits: Sequence[SplitScores], search: str) -> str:
    """All figures as text: lines for a single split, else a table; then a table a grouping.

    Every figure's recipe is there once, `search` among it.
    """
    parts = []
    if len(splits) == 1:
        parts.append(
            "\n".join(
                f"{name} {measured.score:.1f} | {_recipe(name, measured, search)}"
                for name, measured in splits[0].whole.figures().items()
            )
        )
    else:
        parts.append(scores_table("split", {each.split: each.whole for each in splits}))
        recipes = {
            name: _recipe(name, measured, search)
            for each in splits
            for name, measured in each.whole.figures().items()
        }
        parts.append("\n".join(f"{name} | {how}" for name, how in recipes.items()))
    for each in splits:
        for grouping, groups in each.by.items():
            parts.append(scores_table(f"{each.split}, by {grouping}", groups))
    return "\n\n".join(parts)


def _recipe(name: str, measured: Measured, search: str) -> str:
    # What is likelier was asked of the model itself: nothing was searched for.
    return measured.signature if name == "contrast" else f"{search} | {measured.signature}"


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
