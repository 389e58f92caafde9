"""Which tokens a search may choose next."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attnlab.data.tokens import BEGIN, END, PAD, UNKNOWN

NEVER_CHOSEN = [PAD, UNKNOWN, BEGIN]
"""Tokens that stand for no word, which no search chooses."""


class Constraints:
    """Excludes tokens by a logit of -inf.

    `min_length`: the end is excluded before so many tokens. `no_repeat_ngram`: tokens that complete
    a sequence of so many tokens that the hypothesis has already; None: none. `prefixes`: tokens
    that the hypotheses of each sentence begin with, whatever else is excluded.
    """

    def __init__(
        self,
        min_length: int = 0,
        no_repeat_ngram: int | None = None,
        prefixes: Sequence[Sequence[int]] | None = None,
    ) -> None:
        self._min_length, self._order = min_length, no_repeat_ngram
        self.prefixes = prefixes
        self._longest_prefix = max(map(len, prefixes), default=0) if prefixes is not None else 0

    @property
    def reads_tokens(self) -> bool:
        """Whether `exclude` needs the hypotheses' tokens."""
        return self._order is not None

    def exclude(
        self,
        logits: Float[Tensor, "rows vocabulary"],
        tokens: Int[Tensor, "rows length"] | None,
        sentences: Int[Tensor, " sentences"],
        length: int,
    ) -> None:
        """Exclude next tokens of hypotheses of `length` tokens, in place.

        `tokens`: theirs, without the begin; None unless `reads_tokens`. `sentences`: the rows'
        sentences in the batch, each with as many hypotheses.
        """
        forced = self._forced(sentences, length, logits)
        logits[:, : len(NEVER_CHOSEN)] = -torch.inf  # the first ids
        if length < self._min_length:
            logits[:, END] = -torch.inf
        if self._order is not None and tokens is not None and length >= self._order:
            _exclude_repetitions(logits, tokens, self._order)
        if forced is not None:
            rows, chosen, values = forced
            logits[rows] = -torch.inf
            logits[rows, chosen] = values

    def _forced(
        self, sentences: Tensor, length: int, logits: Tensor
    ) -> tuple[Tensor, Tensor, Tensor] | None:
        """Rows within their prefix, its next tokens, and their logits; None without such a row."""
        if self.prefixes is None or length >= self._longest_prefix:
            return None
        beams = len(logits) // len(sentences)
        forced = [
            (row, self.prefixes[sentence][length])
            for start, sentence in enumerate(sentences.tolist())
            if length < len(self.prefixes[sentence])
            for row in range(start * beams, (start + 1) * beams)
        ]
        if not forced:
            return None
        rows, chosen = torch.tensor(forced, device=logits.device).unbind(1)
        return rows, chosen, logits[rows, chosen]


def _exclude_repetitions(logits: Tensor, tokens: Tensor, order: int) -> None:
    """Exclude the tokens that followed an earlier occurrence of the last `order` - 1 tokens."""
    following = tokens[:, order - 1 :]
    repeats = torch.ones_like(following, dtype=torch.bool)
    if order > 1:
        # (rows, length) -> (rows, occurrences, order - 1), each with a token that followed it
        contexts = tokens.unfold(1, order - 1, 1)
        repeats = (contexts[:, :-1] == contexts[:, -1:]).all(-1)
    limits = torch.full_like(following, torch.inf, dtype=logits.dtype)
    logits.copy_(
        torch.full_like(logits, torch.inf)
        .scatter_reduce(1, following, limits.masked_fill(repeats, -torch.inf), "amin")
        .minimum(logits)
    )
