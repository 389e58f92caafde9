"""Word dropout: some tokens that a model reads in training are replaced by the unknown one.

It learns to do without any single word, and meets the unknown token, which a vocabulary of pieces
hardly ever gives it. Knows no model.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Int
from torch import Tensor

from attnlab.data.batching import Batch
from attnlab.data.tokens import SPECIAL, UNKNOWN
from attnlab.support.ranges import ShareBelowOne


@dataclass(kw_only=True)
class WordDropoutConfig:
    """Which share of the tokens is replaced: of `source`, and of `target_input`."""

    source: ShareBelowOne
    target_input: ShareBelowOne


def drop_words(batch: Batch, config: WordDropoutConfig) -> Batch:
    """`batch` with some tokens unknown to whoever reads it; what is to be said stays the same.

    Each token is dropped by a coin of its own, as in Sennrich et al. 2016 (Edinburgh's systems for
    WMT 16, pervasive dropout), and not each word of the vocabulary throughout a sentence, as in
    Gal & Ghahramani 2016 (section 4.2). The unknown token takes its place, as in Bowman et al. 2016
    (section 3.1), instead of a vector of zeros. Random numbers are torch's.
    """
    return replace(
        batch,
        source=_dropped(batch.source, config.source),
        target_input=_dropped(batch.target_input, config.target_input),
    )


def _dropped(tokens: Int[Tensor, "batch length"], share: float) -> Int[Tensor, "batch length"]:
    if share == 0:
        return tokens
    is_word = tokens > max(SPECIAL)
    is_dropped = torch.rand(tokens.shape, device=tokens.device) < share
    return tokens.masked_fill(is_word & is_dropped, UNKNOWN)
