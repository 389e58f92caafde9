"""How likely does a model find a given translation? It reads both sides and is asked at each token.

Nothing is searched: the target is given, which is why the whole of it is read at once.
"""

from collections.abc import Sequence
from typing import Any

import torch

from attnlab.data.batching import collate, like_lengths_together
from attnlab.data.vocabulary import VocabularyPair, encode_pairs
from attnlab.models.interface import EncoderDecoder


@torch.no_grad()
def log_likelihoods(
    model: EncoderDecoder[Any],
    vocabulary: VocabularyPair,
    pairs: Sequence[tuple[str, str]],
    batch_tokens: int,
) -> list[float]:
    """Log p(target, its end included | source) in nats for each (source, target), normalised texts.

    The sum over the target's tokens, not their mean: of two translations the greater is likelier.
    """
    encoded = encode_pairs(vocabulary, pairs)
    longest = [max(len(pair.source), len(pair.target)) + 1 for pair in encoded]
    device = next(model.parameters()).device
    found = [0.0] * len(encoded)
    was_training = model.training
    model.eval()
    for chosen in like_lengths_together(longest, batch_tokens):
        batch = collate([encoded[index] for index in chosen]).to(device)
        logits, _ = model.decode(batch.target_input, model.encode(batch.source, batch.source_mask))
        each = logits.float().log_softmax(-1).gather(-1, batch.target_output.unsqueeze(-1))
        sums = each.squeeze(-1).masked_fill(~batch.target_mask, 0.0).sum(-1)
        for index, value in zip(chosen, sums.tolist(), strict=True):
            found[index] = value
    model.train(was_training)
    return found
