"""The best head of a kind of attention, measured on many sentences and not only on those drawn.

With gold alignments it is the cross-attention head with the lowest alignment error rate (Och & Ney
2003), by the attention of the step that predicts a word, as in figures. For self-attention, and
without gold, it is the head with the lowest normalised entropy.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from attnlab.data.corpus import load_split
from attnlab.data.pairs import SentencePair
from attnlab.data.vocabulary import encode_pairs
from attnlab.evaluate.alignment import measure_heads, read_gold
from attnlab.inspection.drawing import Choice
from attnlab.inspection.forced import head_entropies, kind_and_layer, record_batches, visible_keys
from attnlab.run.loaded import LoadedRun

SENTENCES = 200
"""First sentences of a split that are measured; the choice hardly changes with more."""
_ERROR_RATE = "an alignment error rate of {:.1f} %"
_ENTROPY = "an entropy of {:.1f} % of the highest possible"


@dataclass(frozen=True)
class BestHead:
    """A head and its measured `figure`; `layer` and `head` count from 1, `reason` is a caption."""

    kind: str
    layer: int
    head: int
    figure: float
    reason: str

    @property
    def choice(self) -> Choice:
        """This head alone."""
        return Choice(kind=self.kind, layers=(self.layer,), heads=(self.head,))


def find_best_heads(trained: LoadedRun, split: str, kinds: Sequence[str]) -> list[BestHead]:
    """The best head of each of `kinds`, by forced decoding of the first sentences of `split`.

    Raises:
        UsageError: the corpus has no such split.
    """
    config = trained.run.config
    pairs = load_split(config.data, config.seed, split)[:SENTENCES]
    aligned = [pair for pair in pairs if pair.alignment]
    best = []
    for kind in kinds:
        if kind == "cross" and aligned:
            figures, measured, what = _error_rates(trained, split, aligned), aligned, _ERROR_RATE
        else:
            figures, measured, what = _entropies(trained, pairs, kind), pairs, _ENTROPY
        place = min(figures, key=figures.__getitem__)
        rank = f"of {len(figures)} heads" if len(figures) > 1 else "and only head"
        first = "sentence" if len(measured) == 1 else f"{len(measured)} sentences"
        reason = f"best {rank}: {what.format(100 * figures[place])} on the first {first} of {split}"
        best.append(BestHead(kind, *place, figures[place], reason))
    return best


def _error_rates(
    trained: LoadedRun, split: str, pairs: Sequence[SentencePair]
) -> dict[tuple[int, int], float]:
    """Alignment error rates of cross-attention by layer and head."""
    return {
        (each.layer, each.head): each.counts.error_rate
        for each in measure_heads(trained, read_gold(pairs, trained.run.config.data, split))
        if each.head is not None and each.convention == "predicts"
    }


def _entropies(
    trained: LoadedRun, pairs: Sequence[SentencePair], kind: str
) -> dict[tuple[int, int], float]:
    """Normalised entropies by layer and head, means over queries with two keys or more."""
    encoded = encode_pairs(trained.vocabulary, ((pair.source, pair.target) for pair in pairs))
    sums: dict[tuple[int, int], float] = defaultdict(float)
    queries: dict[int, int] = defaultdict(int)
    for _, batch, record in record_batches(trained.model, encoded, kinds=(kind,)):
        for name, recorded in record.items():
            _, layer = kind_and_layer(name)
            weights, visible = recorded.float().cpu().numpy(), visible_keys(kind, batch).numpy()
            choosing = int((visible.sum(axis=-1) > 1).sum())
            queries[layer] += choosing
            for head, entropy in enumerate(head_entropies(weights, visible), start=1):
                sums[layer, head] += choosing * entropy.normalised
    return {place: total / max(1, queries[place[0]]) for place, total in sums.items()}
