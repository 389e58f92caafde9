"""The worth of attnlab's own CPU kernels, each against plain torch in a training step.

    python scripts/bench/kernels.py [--rounds 15] [--only NAME]

A model of the built-in corpus trains by turns with the kernel and with torch's own operations in
its place, in one process. Printed are medians, and the ratio of both in the same round: 0.9 is a
tenth less time with the kernel.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor
from turns import prepare, print_turns, trainer

from attnlab.attention import functional
from attnlab.models import recurrence
from attnlab.training import losses
from attnlab.training.execution import keep_freed_memory


def plain_dropout(x: Tensor, p: float, training: bool) -> Tensor:
    """Torch's dropout."""
    return F.dropout(x, p, training)


def plain_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    scale: float,
    dropout_p: float,
    bias: Tensor | None = None,
) -> Tensor:
    """Torch's fused attention; for scores without a bias."""
    assert bias is None
    return F.scaled_dot_product_attention(query, key, value, mask, dropout_p=dropout_p, scale=scale)


def plain_cross_entropy(
    features: Tensor, weight: Tensor, tokens: Tensor, label_smoothing: float = 0.0
) -> Tensor:
    """Torch's cross-entropy over all logits."""
    logits = F.linear(features, weight).float()
    return F.cross_entropy(logits, tokens, reduction="sum", label_smoothing=label_smoothing)


@contextmanager
def replaced(kernel: Callable[..., Any], plain: Callable[..., Any]) -> Iterator[None]:
    """Replace a function in all modules that have imported it, in the block."""
    name = kernel.__name__
    users = [
        module
        for path, module in list(sys.modules.items())
        if path.startswith("attnlab.") and vars(module).get(name) is kernel
    ]
    with ExitStack() as stack:
        for module in users:
            stack.enter_context(patch.object(module, name, plain))
        yield


@contextmanager
def torch_gru() -> Iterator[None]:
    """Run GRUs by torch's module, in the block; step by step if inputs are fed."""
    lstm = recurrence.Lstm  # its methods run any recurrence of torch
    with patch.multiple(recurrence.Gru, read=lstm.read, feed_from=lstm.feed_from):
        yield


KERNELS: dict[str, tuple[str, str, Callable[[], Any]]] = {
    "gru": ("model=rnn", "float32", torch_gru),
    "gru with input feeding": ("model=bahdanau", "float32", torch_gru),
    "dropout": (
        "model=transformer",
        "float32",
        partial(replaced, functional.dropout, plain_dropout),
    ),
    "product attention": (
        "model=transformer",
        "bfloat16",
        partial(replaced, functional.product_attention, plain_attention),
    ),
    "cross-entropy": (
        "model=transformer",
        "float32",
        partial(replaced, losses.summed_cross_entropy, plain_cross_entropy),
    ),
}
"""The model and the precision that each kernel is measured with, and its replacement."""


def main() -> None:
    """Measure each kernel, and print a table."""
    parser = argparse.ArgumentParser(description="The worth of attnlab's own CPU kernels.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", choices=KERNELS)
    arguments = parser.parse_args()
    keep_freed_memory()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads; seconds of 12 updates")
    print(f"{'':<48} {'kernel':>9} {'torch':>9} {'ratio':>6}  (quartiles)")
    for name, (model, precision, plain) in KERNELS.items():
        if arguments.only in (None, name):
            work = trainer(prepare(model), precision)
            print_turns(f"{name}: {model}, {precision}", work, plain, arguments.rounds)


if __name__ == "__main__":
    main()
