"""The cost of observable attention while nothing observes it, in training and search.

    python scripts/bench/recording.py [--rounds 15]

The built-in corpus's default models train and translate by turns with attention as it is, and with
the same code without observers and interventions. Printed are medians, and the ratio of both in the
same round; 1 is no cost.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

from torch import Tensor
from turns import Prepared, prepare, print_turns, trainer

from attnlab.attention.functional import dropout, product_attention
from attnlab.attention.normalisers.softmax import masked_softmax
from attnlab.attention.pooling import AttentionPooling, Memory
from attnlab.search import SEARCHES
from attnlab.training.execution import keep_freed_memory


def plain_prepare(self: AttentionPooling, key: Tensor, value: Tensor, start: int = 0) -> Memory:  # noqa: ARG001
    """`AttentionPooling.prepare` without observers; for models without rotary positions."""
    return Memory(self.score.project_key(key), value)


def plain_forward(
    self: AttentionPooling,
    query: Tensor,
    memory: Memory,
    mask: Tensor | None = None,
    window: Tensor | None = None,
) -> Tensor:
    """`AttentionPooling.forward` without observers, interventions and windows."""
    assert window is None
    query = self.score.project_query(query)
    if self.score.dot_scale is not None:
        dropout_p = self.dropout if self.training else 0.0
        scale = self.score.dot_scale
        return product_attention(query, memory.key, memory.value, mask, scale, dropout_p)
    scores = self.score.compare(query, memory.key)
    weights = masked_softmax(scores.float() if scores.dtype.itemsize < 4 else scores, mask)
    return dropout(weights, self.dropout, self.training) @ memory.value


@contextmanager
def unobservable() -> Iterator[None]:
    """Let no attention be observed, in the block."""
    with patch.multiple(AttentionPooling, prepare=plain_prepare, forward=plain_forward):
        yield


def searcher(prepared: Prepared) -> Callable[[], None]:
    """A function that translates the batches' sources."""
    search = SEARCHES.build(prepared.config.search)

    def translate() -> None:
        for batch in prepared.batches:
            search(prepared.model, batch.source, batch.source_mask)

    return translate


def main() -> None:
    """Measure each model's training and search, and print a table."""
    parser = argparse.ArgumentParser(description="The cost of attention that could be recorded.")
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    keep_freed_memory()
    print(f"{'':<48} {'observable':>9} {'plain':>9} {'ratio':>6}  (quartiles)")
    for name in ("bahdanau", "transformer"):
        prepared = prepare(f"model={name}")
        for what, build in (("training", trainer), ("search", searcher)):
            print_turns(f"{name}, {what}", build(prepared), unobservable, rounds)


if __name__ == "__main__":
    main()
