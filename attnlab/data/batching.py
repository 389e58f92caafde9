"""Batches of sentence pairs with similar lengths, within a budget of tokens.

The seed and the number of an epoch determine its batches and their order, so that training can
resume at any batch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnlab.data.token_store import FlatArray, TokenStore
from attnlab.data.tokens import BEGIN, END
from attnlab.support.errors import UsageError


@dataclass(frozen=True)
class EncodedPair:
    """Token ids of both sides, without BEGIN and END."""

    source: list[int]
    target: list[int]


@dataclass
class Batch:
    """Sentences padded on the right; masks are True at tokens.

    Shapes: source and source_mask (batch, source length); target_input, target_output and
    target_mask (batch, target length). The decoder reads `target_input`, which begins with BEGIN,
    and predicts `target_output`, which ends with END.
    """

    source: Tensor
    source_mask: Tensor
    target_input: Tensor
    target_output: Tensor
    target_mask: Tensor

    @property
    def target_tokens(self) -> int:
        """Number of tokens to predict, with END and without PAD."""
        return int(self.target_mask.sum())

    def to(self, device: torch.device) -> "Batch":
        """The same batch on `device`."""
        return Batch(*(tensor.to(device) for tensor in vars(self).values()))

    def share(self, number: int, shares: int) -> "Batch":
        """Every `shares`-th row from row `number` on, without columns of padding only.

        If there is no such row, returns one row of PAD, as long as the first row. All of its target
        is masked, so that its loss and gradient are 0.
        """
        rows, has_rows = slice(number, None, shares), number < len(self.source)
        if not has_rows:
            rows = slice(0, 1)
        columns = int(self.source_mask[rows].sum(1).max())
        target_columns = int(self.target_mask[rows].sum(1).max())
        ids = self.source[rows, :columns], self.target_input[rows, :target_columns]
        source, target_input = ids if has_rows else map(torch.zeros_like, ids)  # of PAD
        return Batch(
            source,
            self.source_mask[rows, :columns],
            target_input,
            self.target_output[rows, :target_columns],
            self.target_mask[rows, :target_columns] & has_rows,
        )


def pad_sources(sources: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Ids with END and PAD, (batch, length), and their mask, True at tokens; for an encoder."""
    tokens, lengths = FlatArray.of(sources).padded(np.arange(len(sources)))
    mask = _add_end(tokens, lengths)
    return torch.from_numpy(tokens), torch.from_numpy(mask)


def _add_end(tokens: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Append END to each row of `tokens`, in place; returns the mask, True at tokens."""
    tokens[np.arange(len(lengths)), lengths] = END
    return np.asarray(np.arange(tokens.shape[1]) <= lengths[:, None])


def collate(pairs: Sequence[EncodedPair]) -> Batch:
    """One batch of `pairs`."""
    return collate_stored(_stored(pairs), np.arange(len(pairs)))


def collate_stored(pairs: TokenStore, indices: NDArray[np.int64]) -> Batch:
    """One batch of the pairs at `indices`."""
    source, lengths = pairs.source.padded(indices)
    source_mask = _add_end(source, lengths)
    target, lengths = pairs.target.padded(indices)
    target_input = np.roll(target, 1, axis=1)  # the last column is all PAD
    target_input[:, 0] = BEGIN
    target_mask = _add_end(target, lengths)
    arrays = (source, source_mask, target_input, target, target_mask)
    return Batch(*map(torch.from_numpy, arrays))


def group_ends(lengths: NDArray[np.int64], batch_tokens: int) -> NDArray[np.int64]:
    """Split `lengths` into consecutive groups of at most `batch_tokens` tokens, with padding.

    Returns the end of each group. A sentence longer than `batch_tokens` is a group of its own.
    """
    ends = [0]
    while ends[-1] < len(lengths):
        start = ends[-1]
        # more rows would not fit even if all were as short as the first
        most = max(1, batch_tokens // max(1, int(lengths[start])))
        longest = np.maximum.accumulate(lengths[start : start + most])
        fits = longest * np.arange(1, len(longest) + 1) <= batch_tokens
        rows = len(fits) if fits.all() else int(np.argmin(fits))
        ends.append(start + max(1, rows))
    return np.array(ends[1:], np.int64)


def group_by_length(lengths: Sequence[int], batch_tokens: int) -> list[list[int]]:
    """Indices sorted by length, in groups of at most `batch_tokens` tokens, with padding."""
    order = np.argsort(lengths, kind="stable")
    ends = group_ends(np.asarray(lengths, np.int64)[order], batch_tokens)
    return [group.tolist() for group in np.split(order, ends)[:-1]]


class _TokenBatches:
    """Pairs sorted by length, in batches of at most `batch_tokens` tokens per side."""

    def __init__(self, pairs: TokenStore, batch_tokens: int) -> None:
        self.pairs = pairs
        self.source_lengths = pairs.source.lengths() + 1
        self.target_lengths = pairs.target.lengths() + 1
        # Pairs are sorted by target, then by source, ascending and descending in turn: where the
        # target length changes, source lengths are similar, and a batch with both has less padding.
        self.zigzag = np.where(self.target_lengths % 2, self.source_lengths, -self.source_lengths)
        # Shuffling only exchanges pairs of equal lengths, so batches of all epochs have the same
        # shapes.
        order = np.lexsort((self.zigzag, self.target_lengths))
        longer = np.maximum(self.source_lengths, self.target_lengths)[order]
        self.ends = group_ends(longer, batch_tokens)

    def order(self, shuffled: NDArray[np.int64]) -> NDArray[np.int64]:
        """Indices sorted by length; `shuffled` orders pairs of equal lengths."""
        return np.lexsort((shuffled, self.zigzag, self.target_lengths))


class _SentenceBatches:
    """Pairs in any order, in batches of `batch_sentences` pairs."""

    def __init__(self, pairs: TokenStore, batch_sentences: int) -> None:
        self.pairs = pairs
        ends = np.arange(batch_sentences, len(pairs) + batch_sentences, batch_sentences)
        self.ends = np.minimum(ends, len(pairs))

    def order(self, shuffled: NDArray[np.int64]) -> NDArray[np.int64]:
        """`shuffled`, unchanged."""
        return shuffled


PairsOfEpoch = Callable[[int], TokenStore]
"""A function from the number of an epoch to its pairs."""


def _stored(pairs: Sequence[EncodedPair] | TokenStore) -> TokenStore:
    if isinstance(pairs, TokenStore):
        return pairs
    return TokenStore(
        FlatArray.of(pair.source for pair in pairs),
        FlatArray.of(pair.target for pair in pairs),
    )


class TrainingBatches:
    """All sentence pairs, epoch after epoch, in batches of at most `batch_tokens` tokens per side.

    Padding counts: `batch_tokens` bounds rows × columns of the source and of the target. With
    `batch_sentences`, each batch has that many random pairs instead, and the last batch of an epoch
    the remainder.
    """

    def __init__(
        self,
        pairs: Sequence[EncodedPair] | TokenStore | PairsOfEpoch,
        batch_tokens: int,
        seed: int,
        batch_sentences: int | None = None,
    ) -> None:
        for name, size in (("batch_tokens", batch_tokens), ("batch_sentences", batch_sentences)):
            if size is not None and size < 1:
                raise UsageError(f"{name}={size} must be at least 1")
        self._batch_tokens, self._batch_sentences, self._seed = batch_tokens, batch_sentences, seed
        self._pairs_of_epoch = pairs if callable(pairs) else None
        self._grouped_epoch: int | None = None
        if not callable(pairs):
            self._grouped = self._group_all(_stored(pairs))

    def batches_in(self, number: int) -> int:
        """The number of batches in an epoch."""
        return len(self._group(number).ends)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, from its batch `start` on."""
        grouped = self._group(number)
        order, batches = self._plan(number, grouped)
        for batch in batches[start:]:
            first = grouped.ends[batch - 1] if batch else 0
            yield collate_stored(grouped.pairs, order[first : grouped.ends[batch]])

    def sample_of_largest(self, tokens: int) -> tuple[Batch, int]:
        """A sample of the rows of the first epoch's largest batch, and the number of all its rows.

        The sample has at most `tokens` tokens per side, but always the longest source and the
        longest target, so that it is padded as the whole batch is.
        """
        grouped = self._group(0)
        order, _ = self._plan(0, grouped)
        starts = np.concatenate([[0], grouped.ends[:-1]])
        rows, longest = grouped.ends - starts, np.zeros(len(starts), np.int64)
        lengths = [side.lengths() for side in (grouped.pairs.source, grouped.pairs.target)]
        for of_side in lengths:
            longest = np.maximum(longest, np.maximum.reduceat(of_side[order] + 1, starts))
        largest = int(np.argmax(rows * longest))
        batch = order[starts[largest] : grouped.ends[largest]]
        count = max(1, min(len(batch), tokens // int(longest[largest])))
        first = [int(np.argmax(of_side[batch])) for of_side in lengths]
        spread = np.linspace(len(batch) - 1, 0, count).astype(np.int64).tolist()
        chosen = list(dict.fromkeys([*first, *spread]))[: max(count, len(set(first)))]
        return collate_stored(grouped.pairs, batch[chosen]), len(batch)

    def _group(self, number: int) -> _TokenBatches | _SentenceBatches:
        if self._pairs_of_epoch is not None and number != self._grouped_epoch:
            self._grouped = self._group_all(self._pairs_of_epoch(number))
            self._grouped_epoch = number
        return self._grouped

    def _group_all(self, pairs: TokenStore) -> _TokenBatches | _SentenceBatches:
        if self._batch_sentences is not None:
            return _SentenceBatches(pairs, self._batch_sentences)
        return _TokenBatches(pairs, self._batch_tokens)

    def _plan(
        self, number: int, grouped: _TokenBatches | _SentenceBatches
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Indices of all pairs, one batch after another, and the order of the batches."""
        generator = np.random.default_rng([self._seed, number])
        order = grouped.order(generator.permutation(len(grouped.pairs)))
        return order, generator.permutation(len(grouped.ends))
