"""Do the weights in this figure explain? What a figure of cross-attention can say of itself.

As in `agreement.py`, but of one sentence and of the translation that the figure shows.
"""

import math
from collections.abc import Collection, Mapping, Sequence

from attnlab.data.batching import EncodedPair
from attnlab.evaluate.inspected import Inspected
from attnlab.run.loaded import LoadedRun
from attnlab.studies.faithfulness.agreement import (
    Head,
    SentenceAgreement,
    agreements,
    estimates,
    source_words,
)
from attnlab.studies.faithfulness.measures import Estimate
from attnlab.studies.faithfulness.report import name_head, with_interval


def sentence_faithfulness(
    trained: LoadedRun, inspected: Inspected, batch_tokens: int
) -> dict[Head, float]:
    """By cross-attention head, and mean of a layer's heads, Kendall's τ for this sentence.

    Between the weights and the effects of leaving out each source word, a mean over the steps that
    say something; NaN for all heads where there is but one word, and where no step has an order.
    """
    pair = EncodedPair(inspected.source_tokens, inspected.target_tokens)
    if len(source_words(trained, pair)) < 2:
        cross = {(each.layer, each.head) for each in inspected.maps if each.kind == "cross"}
        return {Head(layer, head): math.nan for layer, head in sorted(cross)}
    (found,) = agreements(trained, [pair], {}, batch_tokens, lambda _: None)
    return {
        looking: agreement.kendall
        for looking, agreement in found.by.items()
        if isinstance(looking, Head)
    }


def faithfulness_line(
    of_sentence: Mapping[Head, float],
    of_split: Sequence[SentenceAgreement],
    split: str,
    shown: Collection[Head],
) -> str:
    """The line under a figure that shows these heads: for this sentence, and for a split.

    Of several heads the one is named that agrees best over the split.
    """
    by = estimates(of_split)
    usual = {head: by[head]["kendall"] for head in shown if head in by}
    best = max(usual or shown, key=lambda head: _rank(usual.get(head)))
    tau = of_sentence[best]
    here = "nothing to compare" if math.isnan(tau) else f"{tau:.2f}"
    whose = f", at best ({name_head(best)})" if len(shown) > 1 else ""
    line = (
        "do these weights explain? Kendall τ between weights and the effect of leaving each word "
        f"out{whose}: {here} (this sentence)"
    )
    if best not in usual:
        return line
    told = usual[best]
    return f"{line}, {with_interval(told)} ({told.sentences:,} {split} sentences)"


def _rank(estimate: Estimate | None) -> float:
    return -math.inf if estimate is None or math.isnan(estimate.mean) else estimate.mean
