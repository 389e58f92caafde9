"""How a run's heads attend on a split, in few figures, measured once and stored in the run.

RUN/scores/SPLIT.attention.json has the entropy of every head and, where the split has gold links,
the alignment errors of the cross-attention heads, by the measures of `atlas`.
"""

import json
import logging
from dataclasses import asdict, dataclass, replace
from typing import Any

from attnlab.attention.recording import attends
from attnlab.config import InferenceConfig
from attnlab.evaluate.atlas import MeasuredHead, choose_pairs, measure_atlas
from attnlab.evaluate.stored import store_files
from attnlab.run.folder import Run
from attnlab.run.loaded import Recipe, load_run

logger = logging.getLogger(__name__)

SENTENCES = 200
"""First sentences of a split that are measured; more hardly change the figures."""


@dataclass(frozen=True)
class HeadFigures:
    """A head's mean normalised entropy, 0 to 1, and its alignment error rates by convention.

    `layer` and `head` count from 1. `error_rates` is empty without gold links.
    """

    kind: str
    layer: int
    head: int
    entropy: float | None
    error_rates: dict[str, float]

    @property
    def error_rate(self) -> float | None:
        """The lower alignment error rate of the two conventions."""
        return min(self.error_rates.values(), default=None)


@dataclass(frozen=True)
class AttentionFigures:
    """All heads of a run on the first `sentences` of a split; none if it has no attention.

    `straight_line`: the alignment error rate of the diagonal; None without gold links.
    """

    split: str
    sentences: int
    heads: list[HeadFigures]
    straight_line: float | None

    @property
    def best(self) -> HeadFigures | None:
        """The cross-attention head with the fewest alignment errors; None without gold links."""
        aligned = [each for each in self.heads if each.error_rates]
        return min(aligned, key=lambda each: each.error_rate or 0.0, default=None)

    @property
    def shown(self) -> HeadFigures | None:
        """The cross-attention head to show on a heatmap, whose rows are the words predicted.

        The one that then has the fewest alignment errors, else the one of the lowest entropy.
        """
        cross = [each for each in self.heads if each.kind == "cross"]

        def rank(each: HeadFigures) -> float:
            return each.error_rates.get("predicts", 1.0 + (each.entropy or 0.0))

        return min(cross, key=rank, default=None)


def attention_figures(run: Run, config: InferenceConfig, split: str) -> AttentionFigures:
    """The figures of `run` on `split`: as stored with the same weights, else measured and stored.

    Raises:
        AttnlabError: the run or the split cannot be read.
    """
    checkpoint = json.loads(json.dumps(Recipe.of(run, config).as_json()["checkpoint"]))
    path = run.scores / f"{split}.attention.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["checkpoint"] == checkpoint and values["most_sentences"] == SENTENCES:
            return _read(values["figures"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        pass
    logger.info("measuring the attention of %s on %s", run.name, split)
    figures = _measure(run, config, split)
    found = {
        "checkpoint": checkpoint,
        "most_sentences": SENTENCES,
        "figures": asdict(figures),
    }
    store_files(run, {path: json.dumps(found, indent=1) + "\n"})
    return figures


def _read(values: dict[str, Any]) -> AttentionFigures:
    figures = AttentionFigures(**values)
    return replace(figures, heads=[HeadFigures(**each) for each in values["heads"]])


def _measure(run: Run, config: InferenceConfig, split: str) -> AttentionFigures:
    trained = load_run(run.folder, config)
    if not attends(trained.model):
        return AttentionFigures(split, 0, [], None)
    pairs = choose_pairs(trained, split, SENTENCES)
    atlas = measure_atlas(trained, split, pairs)
    return AttentionFigures(
        split, len(pairs), [_figures_of(each) for each in atlas.heads], atlas.straight_line
    )


def _figures_of(measured: MeasuredHead) -> HeadFigures:
    head = measured.head
    return HeadFigures(
        head.kind,
        head.layer,
        head.head,
        measured.measures.entropy,
        {each.convention: each.counts.error_rate for each in measured.alignments},
    )
