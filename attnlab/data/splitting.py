"""Splits held out from the training files: which pair belongs to which split."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from attnlab.support.errors import AttnlabError

HELD_OUT = ("random", "last")
"""Ways to hold out: distinct sources at random, or the last pairs."""

DIGEST_BYTES = 16  # enough that no two sentences of a corpus have the same digest


def source_digests(sources: Iterable[str], seed: int) -> bytes:
    """A digest of each source with the seed, `DIGEST_BYTES` long, by which sources are shuffled."""
    return b"".join(
        hashlib.sha256(f"{seed}\n{source}".encode()).digest()[:DIGEST_BYTES] for source in sources
    )


def split_places(
    pairs: int, digests: bytes, missing: Sequence[str], fraction: float, held_out: str = "random"
) -> dict[str, NDArray[np.int64]]:
    """The indices of the pairs in `train` and in each of the `missing` splits.

    `random` gives each split `fraction` of the distinct sources, with all of their versions: a cut
    between pairs would train on most of the sources that it later measures on. Their order is that
    of their `digests`, which depends neither on the order of the file nor on Python's own hashing.
    `last` gives each split `fraction` of all pairs from the end of the file, in order, even if a
    source is then on both sides of a cut, as in Dive into Deep Learning.

    Raises:
        AttnlabError: there are too few sources or pairs to leave any for training.
    """
    if not missing:
        return {"train": np.arange(pairs)}
    if held_out == "last":
        share = max(1, round(fraction * pairs))
        trained = pairs - share * len(missing)
        if trained < 1:
            raise _too_few(f"{pairs} pairs", missing)
        cuts = [trained + number * share for number in range(len(missing))]
        return dict(zip(("train", *missing), np.split(np.arange(pairs), cuts), strict=True))
    # (pairs, halves of a digest), which compare as the digests' bytes do
    halves = np.frombuffer(digests, dtype=">u8").reshape(-1, 2).astype(np.uint64)
    shuffled = np.lexsort((halves[:, 1], halves[:, 0]))  # stable: versions stay in their order
    halves = halves[shuffled]
    is_new = np.any(halves[1:] != halves[:-1], axis=1)
    # the rank of each pair's source among the distinct ones
    rank = np.concatenate(([0], np.cumsum(is_new)))[: len(shuffled)]
    distinct = int(rank[-1]) + 1 if len(rank) else 0
    share = max(1, round(fraction * distinct))
    if distinct <= share * len(missing):
        raise _too_few(f"{distinct} distinct source sentences", missing)
    places, start = {}, 0
    for split in reversed(missing):  # test first: a file for valid does not change it
        places[split] = shuffled[(rank >= start) & (rank < start + share)]
        start += share
    return places | {"train": shuffled[rank >= start]}


def _too_few(what: str, missing: Sequence[str]) -> AttnlabError:
    return AttnlabError(
        f"{what} are too few to hold out {' and '.join(missing)}; give "
        f"data.{missing[0]}=FILE or data.held_out_fraction=0"
    )
