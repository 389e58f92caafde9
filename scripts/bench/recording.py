"""What it costs that attention can be recorded, while nobody records: training and search times.

    python scripts/bench/recording.py [--rounds 15]

The built-in corpus's default models train and translate by turns with attention as it is, and with
one that cannot be watched or changed: the same code without a word of observers or interventions.
Shown are medians, and the ratio of both in the same round; 1 is no cost.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from attnlab import launch
from attnlab.attention.functional import dropout, product_attention
from attnlab.attention.normalisers.softmax import masked_softmax
from attnlab.attention.pooling import AttentionPooling, Memory
from attnlab.config import ExperimentConfig
from attnlab.data.batching import Batch, TrainingBatches
from attnlab.data.corpus import load_split
from attnlab.data.vocabulary import VocabularyPair, encode_pairs
from attnlab.models import MODELS, EncoderDecoder, VocabularySizes
from attnlab.search import SEARCHES
from attnlab.support.schema import from_node
from attnlab.training.execution import keep_freed_memory
from attnlab.training.objective import Objective
from attnlab.training.optimiser import build_optimiser

_PAIRS, _BATCHES = 2000, 12


def unwatchable_prepare(self: AttentionPooling, key: Tensor, value: Tensor) -> Memory:
    """`AttentionPooling.prepare` for nobody to see."""
    return Memory(self.score.project_key(key), value)


def unwatchable_forward(
    self: AttentionPooling, query: Tensor, memory: Memory, mask: Tensor | None = None
) -> Tensor:
    """`AttentionPooling.forward` for nobody to see."""
    query = self.score.project_query(query)
    if self.score.dot_scale is not None:
        share = self.dropout if self.training else 0.0
        scale = self.score.dot_scale
        return product_attention(query, memory.key, memory.value, mask, scale, share)
    scores = self.score.compare(query, memory.key)
    weights = masked_softmax(scores.float() if scores.dtype.itemsize < 4 else scores, mask)
    return dropout(weights, self.dropout, self.training) @ memory.value


@contextmanager
def unwatchable() -> Any:
    """Within the block, no attention can be recorded."""
    kept = AttentionPooling.prepare, AttentionPooling.forward
    AttentionPooling.prepare, AttentionPooling.forward = unwatchable_prepare, unwatchable_forward
    try:
        yield
    finally:
        AttentionPooling.prepare, AttentionPooling.forward = kept


def trainer(
    config: ExperimentConfig, model: EncoderDecoder[Any], batches: list[Batch]
) -> Callable[[], None]:
    """A function that makes an update with each of the batches."""
    objective, optimiser = (
        Objective(model, config.objective),
        build_optimiser(config.optimiser, model),
    )

    def train() -> None:
        model.train()
        for batch in batches:
            (objective(batch, 0.0) / batch.target_tokens).backward()
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

    return train


def searcher(
    config: ExperimentConfig, model: EncoderDecoder[Any], batches: list[Batch]
) -> Callable[[], None]:
    """A function that translates the batches' sources."""
    search = SEARCHES.build(config.search)

    def translate() -> None:
        model.eval()
        for batch in batches:
            search(model, batch.source, batch.source_mask)

    return translate


def seconds(work: Callable[[], None]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Measure each model's training and search, and print a table."""
    parser = argparse.ArgumentParser(description="The cost of attention that could be recorded.")
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    keep_freed_memory()
    print(f"{'':<24} {'recordable':>11} {'unwatchable':>12} {'ratio':>6}  (quartiles)")
    for name in ("bahdanau", "transformer"):
        config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, [f"model={name}"]))
        pairs = load_split(config.data, config.seed, "train")[:_PAIRS]
        vocabulary = VocabularyPair.train(pairs, config.vocabulary)
        encoded = encode_pairs(vocabulary, ((pair.source, pair.target) for pair in pairs))
        batches = list(TrainingBatches(encoded, config.batch_tokens, 1).epoch(0))[:_BATCHES]
        sizes = VocabularySizes(
            source=len(vocabulary.source), target=len(vocabulary.target), shared=vocabulary.shared
        )
        torch.manual_seed(1)
        model = MODELS.build(config.model, config.attention, sizes)
        for what, build in (("training", trainer), ("search", searcher)):
            measure(f"{name}, {what}", build(config, model, batches), rounds)


def measure(name: str, work: Callable[[], None], rounds: int) -> None:
    """By turns as it is and unwatchable, which of them first by turns as well; a line of both."""
    work()
    found: list[tuple[float, float]] = []
    for number in range(rounds):
        if number % 2:
            as_it_is = seconds(work)
        with unwatchable():
            plain = seconds(work)
        if not number % 2:
            as_it_is = seconds(work)
        found.append((as_it_is, plain))
    ours, plain = (statistics.median(column) for column in zip(*found, strict=True))
    low, middle, high = statistics.quantiles([a / b for a, b in found], n=4)
    print(f"{name:<24} {ours:>10.3f}s {plain:>11.3f}s {middle:>6.3f}  ({low:.3f} to {high:.3f})")


if __name__ == "__main__":
    main()
