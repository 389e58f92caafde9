"""The line under a cross-attention figure that says how well its weights explain the output."""

import math
from collections.abc import Collection, Mapping, Sequence

from attnlab.data.batching import EncodedPair
from attnlab.evaluate.sentences import Inspected
from attnlab.inspection.drawing import Choice
from attnlab.run.loaded import LoadedRun
from attnlab.studies.faithfulness.measures import Estimate
from attnlab.studies.faithfulness.removal import (
    Head,
    SentenceAgreement,
    agreements,
    estimates,
    measure_agreement,
    read_pairs,
    source_words,
)
from attnlab.support.errors import UsageError

_SENTENCES = 100  # of the split, to compare with; a few seconds
_BATCH_TOKENS = 2048


class FaithfulnessCaption:
    """Captions for figures of `choices`; measures the first sentences of `split` when made.

    Raises:
        UsageError: the choices hold no cross-attention, or a mean over layers or over some heads.
    """

    def __init__(self, trained: LoadedRun, choices: Sequence[Choice], split: str) -> None:
        self._choice = _require_cross_attention(choices)
        self._trained, self._split = trained, split
        pairs, encoded = read_pairs(trained, split, _SENTENCES)
        self._of_split = measure_agreement(trained, split, pairs, encoded, _BATCH_TOKENS)

    def __call__(self, sentence: Inspected) -> str:
        """The caption for the figure of that sentence."""
        found = sentence_faithfulness(self._trained, sentence, _BATCH_TOKENS)
        shown = _shown_heads(self._choice, sentence)
        return faithfulness_line(found, self._of_split, self._split, shown)


def _require_cross_attention(choices: Sequence[Choice]) -> Choice:
    cross = [choice for choice in choices if choice.kind == "cross"]
    if not cross:
        raise UsageError("--faithfulness is of words of the source; choose --kind cross")
    (choice,) = cross
    if "layers" in choice.average:
        raise UsageError(
            "--faithfulness is of a head, or of the mean of a layer's heads; leave out "
            "--average layers"
        )
    if choice.average and choice.heads:
        raise UsageError(
            "--faithfulness is of a head, or of the mean of all of a layer's heads; leave out "
            "--head or --average heads"
        )
    return choice


def _shown_heads(choice: Choice, sentence: Inspected) -> list[Head]:
    heads = [(each.layer, each.head) for each in sentence.maps if each.kind == "cross"]
    several = len({head for _, head in heads}) > 1
    chosen = [
        Head(layer, None if choice.average and several else head)
        for layer, head in heads
        if layer in (choice.layers or [layer]) and head in (choice.heads or [head])
    ]
    return list(dict.fromkeys(chosen))


def sentence_faithfulness(
    trained: LoadedRun, inspected: Inspected, batch_tokens: int
) -> dict[Head, float]:
    """Kendall's τ in this sentence by cross-attention head, and by the mean of a layer's heads.

    Between weights and the effects of removing each source word, the mean over the target's pieces;
    NaN where the source has one word only, and where no step has an order.
    """
    pair = EncodedPair(inspected.source_tokens, inspected.target_tokens)
    if len(source_words(trained, pair)) < 2:
        cross = {(each.layer, each.head) for each in inspected.maps if each.kind == "cross"}
        return {Head(layer, head): math.nan for layer, head in sorted(cross)}
    (found,) = agreements(trained, [pair], {}, batch_tokens, lambda _: None)
    return {of: each.kendall for of, each in found.by.items() if isinstance(of, Head)}


def faithfulness_line(
    of_sentence: Mapping[Head, float],
    of_split: Sequence[SentenceAgreement],
    split: str,
    shown: Collection[Head],
) -> str:
    """Kendall's τ in a sentence and over a split, of the best of the heads that are `shown`."""
    by = estimates(of_split)
    over_split = {head: by[head]["kendall"] for head in shown if head in by}
    best = max(over_split or shown, key=lambda head: _rank(over_split.get(head)))
    tau = of_sentence[best]
    here = "nothing to compare" if math.isnan(tau) else f"{tau:.2f}"
    which = f", at best ({best})" if len(shown) > 1 else ""
    line = (
        "do these weights explain? Kendall τ between weights and the effect of leaving each word "
        f"out{which}: {here} (this sentence)"
    )
    if best not in over_split:
        return line
    estimate = over_split[best]
    return f"{line}, {estimate} ({estimate.sentences:,} {split} sentences)"


def _rank(estimate: Estimate | None) -> float:
    return -math.inf if estimate is None or math.isnan(estimate.mean) else estimate.mean
