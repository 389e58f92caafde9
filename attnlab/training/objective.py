"""What training minimises: the surprise at each right next token."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from attnlab.models.interface import EncoderDecoder
from attnlab.text.batching import Batch


def total_cross_entropy(
    model: EncoderDecoder[Any], batch: Batch, label_smoothing: float = 0.0
) -> Tensor:
    """The sum over the batch's target tokens of -log p(token | those before it, source), in nats.

    With label smoothing ε (Szegedy et al. 2016, section 7) the right token gets 1 - ε of what is
    wanted and the rest is spread evenly over the vocabulary.
    """
    state = model.encode(batch.source, batch.source_mask)
    features, _ = model.decode_features(batch.target_input, state)
    # Only tokens reach the vocabulary, by far the widest layer; padding has been dropped.
    logits = model.output(features[batch.target_mask])
    return F.cross_entropy(
        logits.float(),
        batch.target_output[batch.target_mask],
        reduction="sum",
        label_smoothing=label_smoothing,
    )
