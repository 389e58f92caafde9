"""What could have come next: the likeliest tokens at each step of a target that stands. Knows ids.

The probabilities are the model's own, a softmax over its whole vocabulary, before any search. So a
token that no search chooses (`search.NEVER_SAID`) has its probability here like every other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from attnlab.data.batching import EncodedPair, collate, like_lengths_together
from attnlab.models.interface import EncoderDecoder


@dataclass(frozen=True)
class NextTokens:
    """The candidates at each step of one target: step 0 reads the beginning, the last says the end.

    Shapes: `candidates` (ids) and `probabilities` (steps, count), the likeliest first; `said`, the
    ids of the target and its end, and `said_probabilities` (steps,).
    """

    candidates: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    said: NDArray[np.int64]
    said_probabilities: NDArray[np.float32]


@torch.no_grad()
def next_tokens(
    model: EncoderDecoder[Any],
    pairs: Sequence[EncodedPair],
    *,
    count: int = 5,
    batch_tokens: int = 2048,
) -> list[NextTokens]:
    """The `count` likeliest tokens at each step of each pair's target, by one forced decoding.

    The model reads as in evaluation, and is afterwards in the mode that it was in. A vocabulary
    smaller than `count` gives all of its tokens.
    """
    device = next(model.parameters()).device
    longer = [max(len(pair.source), len(pair.target)) + 1 for pair in pairs]
    found: dict[int, NextTokens] = {}
    was_training = model.training
    model.eval()
    for chosen in like_lengths_together(longer, batch_tokens):
        batch = collate([pairs[index] for index in chosen]).to(device)
        logits, _ = model.decode(batch.target_input, model.encode(batch.source, batch.source_mask))
        probabilities = logits.float().softmax(-1)
        best = probabilities.topk(min(count, probabilities.size(-1)), dim=-1)
        of_said = probabilities.gather(-1, batch.target_output.unsqueeze(-1)).squeeze(-1)
        parts = (best.indices, best.values, batch.target_output, of_said)
        for row, index in enumerate(chosen):
            steps = len(pairs[index].target) + 1
            found[index] = NextTokens(*(part[row, :steps].cpu().numpy() for part in parts))
    model.train(was_training)
    return [found[index] for index in range(len(pairs))]
