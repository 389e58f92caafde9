"""The faithfulness of a run's attention on a split: both experiments, as tables and as JSON."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from attnlab.attention.intervention import intervene, uniform
from attnlab.data.pairs import SentencePair
from attnlab.evaluation.metrics import Measured, measure, require_tokeniser
from attnlab.run.loaded import LoadedRun, Recipe
from attnlab.studies.faithfulness.measures import Estimate
from attnlab.studies.faithfulness.removal import (
    GOLD,
    PERMUTED,
    Head,
    Weighting,
    estimates,
    measure_agreement,
    read_pairs,
)
from attnlab.studies.faithfulness.replacement import (
    Change,
    Part,
    Replacement,
    parts_of,
    replace_weights,
)
from attnlab.support.console import counting
from attnlab.support.table import table

_PERMUTATIONS = 5

_REPLACEMENT_NOTE = """\
loss: nats a token, as a difference from the model's own. TVD: total variation distance of the next
token's distribution from the model's own, 0 to 1. uniform: equal weights. permuted: the model's
weights in a random order (the median of {permutations} permutations)."""
_REMOVAL_NOTE = """\
The effect of a source word is the fall of each target piece's log probability when that word is
removed. tau (Kendall) and rho (Spearman): rank correlation of weights with effects, 1 for the same
order, 0 by chance; ± half of a 95% interval over sentences. tau TVD: with the total variation
distance as the effect. top: how often the largest weight is on the word of the largest effect, in
per cent; by chance {chance:.1f}."""


@dataclass(frozen=True, kw_only=True)
class FaithfulnessReport:
    """Both experiments on the first `sentences` of a split.

    `loss` a token is the model's own. `bleu`: of translations with uniform weights by part, and of
    the model's own (None), if they were asked for. `agreement`: of heads, their means and
    baselines, by `MEASURES`, over all sentences but the `single` ones, which have one word;
    `chance`: the expected `top` of random weights there.
    """

    recipe: Recipe
    split: str
    sentences: int
    single: int
    permutations: int
    loss: float
    replaced: Sequence[Replacement]
    bleu: Mapping[Part | None, Measured] | None
    agreement: Mapping[Weighting, Mapping[str, Estimate]]
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
                ({"baseline": of} if isinstance(of, str) else vars(of))
                | {measure: estimate.as_json() for measure, estimate in measured.items()}
                for of, measured in self.agreement.items()
            ],
            "chance": None if math.isnan(self.chance) else self.chance,
        }
        if self.bleu is not None:
            own = self.bleu[None]
            found |= {"bleu": own.score, "signature": own.signature, "remark": own.remark}
        return found

    def _replaced_as_json(self, each: Replacement) -> dict[str, Any]:
        part = each.part
        found: dict[str, Any] = {"kind": part.kind, "layer": part.layer, "head": part.head}
        for name, change in (("uniform", each.uniform), ("permuted", each.permuted)):
            found[name] = {"loss": change.loss, "total_variation": change.distance}
        if self.bleu is not None:
            found["uniform"]["bleu"] = self.bleu[part].score
        return found

    def __str__(self) -> str:
        compared = self.sentences - self.single
        parts = [
            f"weights replaced | {self.split} | {self.sentences:,} sentences | loss {self.loss:.3f}"
            + ("" if self.bleu is None else f" | BLEU {self.bleu[None].score:.1f}"),
            self._replaced_table(),
            _REPLACEMENT_NOTE.format(permutations=self.permutations),
            "",
            f"words removed | {self.split} | {compared:,} sentences"
            + (f" (and {self.single:,} of one word)" if self.single else ""),
        ]
        if self.agreement:
            parts += [self._agreement_table(), _REMOVAL_NOTE.format(chance=100 * self.chance)]
        parts.append("")
        if self.bleu is not None:
            own = self.bleu[None]
            parts.append(f"BLEU | {self.recipe} | {own.signature}")
            parts += [] if own.remark is None else [own.remark]
        parts.append(f"run {self.recipe.run} | {self.recipe.trained}")
        return "\n".join(parts)

    def _replaced_table(self) -> str:
        def cells(change: Change) -> list[str]:
            return [f"{change.loss - self.loss:+.3f}", f"{change.distance:.3f}"]

        head = ["attention", "uniform: loss", "TVD", "permuted: loss", "TVD"]
        rows = [
            [each.part.label, *cells(each.uniform), *cells(each.permuted)] for each in self.replaced
        ]
        if self.bleu is not None:
            head.append("uniform: BLEU")
            for row, each in zip(rows, self.replaced, strict=True):
                row.append(f"{self.bleu[each.part].score:.1f}")
        return table(head, rows)

    def _agreement_table(self) -> str:
        """Layer by layer, the mean after its heads, baselines last."""

        def order(of: Weighting) -> tuple[int, float, float]:
            if isinstance(of, str):
                return 1, (GOLD, PERMUTED).index(of), 0
            return 0, of.layer, of.head or math.inf

        heads = [of for of in self.agreement if isinstance(of, Head)]
        labels = {of: str(of) for of in self.agreement}
        if len(heads) == 1:
            labels[heads[0]] = "cross attention"
        rows = [
            [
                labels[of],
                str(self.agreement[of]["kendall"]),
                f"{self.agreement[of]['kendall_distance'].mean:.2f}",
                f"{self.agreement[of]['spearman'].mean:.2f}",
                f"{100 * self.agreement[of]['top'].mean:.1f}",
            ]
            for of in sorted(self.agreement, key=order)
        ]
        return table(["attention", "tau", "tau TVD", "rho", "top"], rows)


def measure_faithfulness(
    trained: LoadedRun, split: str, *, count: int, batch_tokens: int, bleu: bool = False
) -> FaithfulnessReport:
    """Run both experiments on the first `count` sentences of a split and their references.

    With `bleu`, the sentences are also translated with uniform weights in each part.

    Raises:
        AttnlabError: the model has no attention, or an alignment does not fit its sentence.
        UsageError: there is no such split, or nothing in it.
    """
    pairs, encoded = read_pairs(trained, split, count)
    parts = parts_of(trained.model, encoded[0])
    with counting("replacing weights", len(encoded)) as advance:
        loss, replaced = replace_weights(
            trained.model,
            encoded,
            parts,
            permutations=_PERMUTATIONS,
            batch_tokens=batch_tokens,
            advance=advance,
        )
    found = measure_agreement(trained, split, pairs, encoded, batch_tokens)
    return FaithfulnessReport(
        recipe=trained.recipe,
        split=split,
        sentences=len(pairs),
        single=len(pairs) - len(found),
        permutations=_PERMUTATIONS,
        loss=loss,
        replaced=replaced,
        bleu=_bleu(trained, pairs, parts) if bleu else None,
        agreement=estimates(found),
        chance=float(np.mean([each.chance for each in found])) if found else math.nan,
    )


def _bleu(
    trained: LoadedRun, pairs: Sequence[SentencePair], parts: Sequence[Part]
) -> dict[Part | None, Measured]:
    """BLEU of the model's own translations (None) and with uniform weights in each part."""
    sources, references = [each.source for each in pairs], [each.reference for each in pairs]
    tokeniser = trained.run.config.bleu_tokeniser
    require_tokeniser(tokeniser)
    found: dict[Part | None, Measured] = {}
    with counting("translating with uniform weights", len(pairs) * (len(parts) + 1)) as advance:
        for part in (None, *parts):
            changes = {} if part is None else part.changes(uniform(part.heads))
            with intervene(trained.model, changes):
                translations = trained.translator.translate(sources, advance)
            texts = [each.text for each in translations]
            found[part] = measure("bleu", texts, references, tokeniser=tokeniser)
    return found
