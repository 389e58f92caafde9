"""What came of testing a run's attention, as tables or as JSON."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attnlab.evaluation.metrics import Measured
from attnlab.run.recipe import Recipe
from attnlab.studies.faithfulness.agreement import GOLD, PERMUTED, Head, Looking
from attnlab.studies.faithfulness.measures import Estimate
from attnlab.studies.faithfulness.replacing import Change, Part, Replaced
from attnlab.support.table import table

_REPLACED = """\
loss: nats a token, and how much is added; TVD: how far the next word's distribution moves from the
real one, 0 to 1. uniform: every word alike. permuted: its own weights on other words (the median
of {permutations} permutations)."""
_AGREEMENT = """\
Each source word is left out once; how much less likely each target piece then is, is the word's
effect. tau (Kendall) and rho (Spearman): do words with more weight have more effect? 1 if in the
same order, 0 by chance; ± half of a 95% interval over sentences. tau TVD: with how far the
distribution moves as the effect. top: how often the word looked at most is the one that matters
most, in per cent; by chance {chance:.1f}."""


@dataclass(frozen=True, kw_only=True)
class FaithfulnessReport:
    """Both experiments on the first `sentences` of a split.

    `loss` a token is the model's own; `replaced` says what became of it, part by part, and `bleu`,
    if it was asked for, that of translations with uniform weights (None: with the real ones).
    `agreement` has heads, their means and baselines, by `MEASURES`, over all sentences but the
    `single` ones, which have one word; `chance` is the share of tops that luck hits there.
    """

    recipe: Recipe
    split: str
    sentences: int
    single: int
    permutations: int
    loss: float
    replaced: Sequence[Replaced]
    bleu: Mapping[Part | None, Measured] | None
    agreement: Mapping[Looking, Mapping[str, Estimate]]
    chance: float

    def as_json(self) -> dict[str, Any]:
        """Everything; correlations from -1 to 1, `top` and `chance` as shares, null if unknown."""
        found: dict[str, Any] = {
            **self.recipe.as_json(searched=self.bleu is not None),
            "split": self.split,
            "sentences": self.sentences,
            "of_one_word": self.single,
            "permutations": self.permutations,
            "loss": self.loss,
            "replaced": [self._replaced_as_json(each) for each in self.replaced],
            "agreement": [
                _place(looking)
                | {measure: estimate.as_json() for measure, estimate in measured.items()}
                for looking, measured in self.agreement.items()
            ],
            "chance": None if math.isnan(self.chance) else self.chance,
        }
        if self.bleu is not None:
            found["bleu"] = self.bleu[None].score
            found["signature"] = self.bleu[None].signature
            found["remark"] = self.bleu[None].remark
        return found

    def _replaced_as_json(self, each: Replaced) -> dict[str, Any]:
        part = each.part
        found: dict[str, Any] = {"kind": part.kind, "layer": part.layer, "head": part.head}
        for name, change in (("uniform", each.uniform), ("permuted", each.permuted)):
            found[name] = {"loss": change.loss, "total_variation": change.distance}
        if self.bleu is not None:
            found["uniform"]["bleu"] = self.bleu[part].score
        return found

    def __str__(self) -> str:
        parts = [
            f"other weights | {self.split} | {self.sentences:,} sentences | loss {self.loss:.3f}"
            + ("" if self.bleu is None else f" | BLEU {self.bleu[None].score:.1f}"),
            self._replaced_table(),
            _REPLACED.format(permutations=self.permutations),
            "",
            self._agreement_heading(),
        ]
        if self.agreement:
            parts += [self._agreement_table(), _AGREEMENT.format(chance=100 * self.chance)]
        parts.append("")
        if self.bleu is not None:
            whole = self.bleu[None]
            parts.append(f"BLEU | {self.recipe} | {whole.signature}")
            parts += [] if whole.remark is None else [whole.remark]
        parts.append(f"run {self.recipe.run} | {self.recipe.trained}")
        return "\n".join(parts)

    def _replaced_table(self) -> str:
        head = ["attention", "uniform: loss", "TVD", "permuted: loss", "TVD"]
        if self.bleu is not None:
            head.append("uniform: BLEU")
        rows = []
        for each in self.replaced:
            row = [each.part.label, *self._cells(each.uniform), *self._cells(each.permuted)]
            rows.append(row if self.bleu is None else [*row, f"{self.bleu[each.part].score:.1f}"])
        return table(head, rows)

    def _cells(self, change: Change) -> list[str]:
        return [f"{change.loss - self.loss:+.3f}", f"{change.distance:.3f}"]

    def _agreement_heading(self) -> str:
        compared = self.sentences - self.single
        heading = f"leaving words out | {self.split} | {compared:,} sentences"
        return f"{heading} (and {self.single:,} of one word)" if self.single else heading

    def _agreement_table(self) -> str:
        several = sum(isinstance(looking, Head) for looking in self.agreement) > 1
        rows = [
            [
                looking
                if isinstance(looking, str)
                else name_head(looking)
                if several
                else "cross attention",
                with_interval(measured["kendall"]),
                f"{measured['kendall_distance'].mean:.2f}",
                f"{measured['spearman'].mean:.2f}",
                f"{100 * measured['top'].mean:.1f}",
            ]
            for looking, measured in sorted(self.agreement.items(), key=_in_order)
        ]
        return table(["attention", "tau", "tau TVD", "rho", "top"], rows)


def name_head(head: Head) -> str:
    """As tables and notes name it."""
    return f"layer {head.layer} · " + (f"head {head.head}" if head.head else "mean of heads")


def with_interval(estimate: Estimate) -> str:
    """`0.58 ± 0.02`: half of the interval, the greater half where it is skew."""
    half = max(estimate.high - estimate.mean, estimate.mean - estimate.low)
    return f"{estimate.mean:.2f}" if math.isnan(half) else f"{estimate.mean:.2f} ± {half:.2f}"


def _name(looking: Looking, several: bool) -> str:
    if isinstance(looking, str):
        return looking
    return name_head(looking) if several else "cross attention"


def _place(looking: Looking) -> dict[str, Any]:
    if isinstance(looking, str):
        return {"baseline": looking}
    return {"layer": looking.layer, "head": looking.head}


def _in_order(item: tuple[Looking, Any]) -> tuple[int, float, float]:
    """Layer by layer, the mean behind its heads, baselines last."""
    looking = item[0]
    if isinstance(looking, str):
        return 1, (GOLD, PERMUTED).index(looking), 0
    return 0, looking.layer, looking.head or math.inf
