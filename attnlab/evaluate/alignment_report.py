"""What measuring a run's attention against gold word alignments found, as a table or as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from attnlab.evaluation.alignment import LinkCounts
from attnlab.support.table import table

CONVENTIONS = ("predicts", "reads")
"""A word's attention is that of the step that says it, or of the step that reads it in."""

_LEGEND = """\
accuracy: the share of linked target words whose most attended source word is linked with them.
AER: alignment error rate, lower is better. predicts: a word looks where the step that says it
looked; reads: where the next step looked, which takes it in. The baselines need no model: every
source word alike, the straight line, and fast_align, an aligner that attention may be held to."""
_MEASURES = ("accuracy", "precision", "recall", "AER")


@dataclass(frozen=True)
class HeadAlignment:
    """How well one head aligns; `layer` and `head` count from 1, no head is the mean of heads."""

    layer: int
    head: int | None
    convention: str
    counts: LinkCounts

    @property
    def name(self) -> str:
        """Layer and head, as figures name them."""
        return f"layer {self.layer} · " + (f"head {self.head}" if self.head else "mean of heads")


@dataclass(frozen=True)
class AlignmentReport:
    """All cross-attention heads of a run, and what they are to be compared with.

    `tokens` says how sentences were cut into words. `heads` has each head and, where a layer has
    several, their mean, by both of `CONVENTIONS` in their order. `baselines` are by name, one of
    them uniform; `remark` says why the external aligner is not among them. `task` is the name of a
    task that cannot be done without looking where the links are; None where there is no saying.
    """

    split: str
    sentences: int
    tokens: str
    heads: list[HeadAlignment]
    baselines: Mapping[str, LinkCounts]
    remark: str | None
    task: str | None

    @property
    def best(self) -> HeadAlignment:
        """The head and convention with the lowest alignment error rate."""
        return min(self.heads, key=lambda each: each.counts.error_rate)

    def as_json(self) -> dict[str, Any]:
        """Everything, in per cent, as in the table."""
        found: dict[str, Any] = {
            "sentences": self.sentences,
            "links": self.best.counts.sure,
            "tokens": self.tokens,
            "heads": [_head_as_json(each) for each in self.heads],
            "best": _head_as_json(self.best),
            "baselines": {name: _scores(counts) for name, counts in self.baselines.items()},
        }
        if self.task is not None:
            found["task"] = self.task
        if self.remark is not None:
            found["remark"] = self.remark
        return found

    def __str__(self) -> str:
        best = self.best
        by_name: dict[str, list[str]] = {}
        for each in self.heads:
            by_name.setdefault(each.name, []).extend(_cells(each.counts))
        head = [cell for name in CONVENTIONS for cell in (name, *[""] * (len(_MEASURES) - 1))]
        rows = [["attention", *_MEASURES * len(CONVENTIONS)]]
        rows += [[name, *cells] for name, cells in by_name.items()]
        baselines = [[name, *_cells(counts)] for name, counts in self.baselines.items()]
        parts = [
            f"alignment in per cent | {self.split} | {self.sentences:,} sentences | "
            f"{best.counts.sure:,} gold links | tokens: {self.tokens}",
            table(["", *head], rows),
            f"best: {best.name}, {best.convention}, AER {100 * best.counts.error_rate:.1f}, "
            f"accuracy {100 * best.counts.accuracy:.1f}",
            *self._against_the_task(),
            table(["baseline", *_MEASURES], baselines),
            _LEGEND,
        ]
        return "\n".join(parts if self.remark is None else [*parts, self.remark])

    def _against_the_task(self) -> Iterator[str]:
        """What accuracy must be, where that is known."""
        if self.task is not None:
            uniform = self.baselines["uniform"].accuracy
            yield (
                f"{self.task}: a head that does all of the work has accuracy 100.0, and one that "
                f"finds all symbols alike {100 * uniform:.1f}"
            )


def _cells(counts: LinkCounts) -> list[str]:
    return [f"{score:.1f}" for score in _scores(counts).values()]


def _scores(counts: LinkCounts) -> dict[str, float]:
    return {
        "accuracy": 100 * counts.accuracy,
        "precision": 100 * counts.precision,
        "recall": 100 * counts.recall,
        "alignment_error_rate": 100 * counts.error_rate,
    }


def _head_as_json(each: HeadAlignment) -> dict[str, Any]:
    place = {"layer": each.layer, "head": each.head, "convention": each.convention}
    return place | _scores(each.counts)
