"""What a model would have said without a word: it reads the source again, one word left out.

Jain & Wallace 2019, section 4.1 (their leave-one-out measure), for translation: the target stays,
and each of its steps is asked how much likelier it was, and how else the next token was spread,
with the word there. Knows ids.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from attnlab.data.batching import EncodedPair, collate
from attnlab.data.words import Word
from attnlab.models.interface import EncoderDecoder
from attnlab.studies.faithfulness.measures import total_variation


@dataclass(frozen=True)
class Effects:
    """What the words of one source did to the steps of its target, each (steps, words).

    `drops`: by how many nats the log probability of the target's token falls without the word;
    below 0 the word was in the way. `distances`: the total variation distance between the
    next-token distributions with the word and without it. The step that says the end is none.
    """

    index: int
    drops: NDArray[np.float64]
    distances: NDArray[np.float64]


def without(pair: EncodedPair, word: Word) -> EncodedPair:
    """The pair with all pieces of that word of its source left out."""
    return EncodedPair([*pair.source[: word.start], *pair.source[word.stop :]], pair.target)


@torch.no_grad()
def leave_words_out(
    model: EncoderDecoder[Any],
    pairs: Sequence[EncodedPair],
    words: Sequence[Sequence[Word]],
    batch_tokens: int,
) -> Iterator[Effects]:
    """The effects of each of the `words` of each source; they come as the batches suit.

    All readings of a pair are in one batch, like lengths together, as many pairs as stay within
    `batch_tokens` tokens a side; a pair whose readings are more has a batch of its own.
    """
    readings = [
        [pair, *(without(pair, word) for word in of_pair)]
        for pair, of_pair in zip(pairs, words, strict=True)
    ]
    lengths = [max(len(pair.source), len(pair.target)) + 1 for pair in pairs]
    order = sorted(range(len(pairs)), key=lambda index: (lengths[index], len(readings[index])))
    for chosen in _groups(order, lengths, [len(each) for each in readings], batch_tokens):
        batch = collate([each for index in chosen for each in readings[index]])
        batch = batch.to(next(model.parameters()).device)
        logits, _ = model.decode(batch.target_input, model.encode(batch.source, batch.source_mask))
        spread = logits.float().log_softmax(-1)
        wanted = spread.gather(-1, batch.target_output.unsqueeze(-1)).squeeze(-1)
        start = 0
        for index in chosen:
            rows = slice(start, start + len(readings[index]))
            steps = len(pairs[index].target)
            start = rows.stop
            likely = wanted[rows, :steps].double().cpu().numpy()
            spreads = spread[rows, :steps].exp().cpu().numpy()
            yield Effects(
                index,
                drops=(likely[:1] - likely[1:]).T,
                distances=total_variation(spreads[1:], spreads[:1]).T.astype(np.float64),
            )


def _groups(
    order: Sequence[int], lengths: Sequence[int], readings: Sequence[int], batch_tokens: int
) -> Iterator[list[int]]:
    """The pairs in that `order`, as many together as fit with all of their readings."""
    group: list[int] = []
    rows = 0
    for index in order:
        rows += readings[index]
        if group and rows * lengths[index] > batch_tokens:
            yield group
            group, rows = [], readings[index]
        group.append(index)
    if group:
        yield group
