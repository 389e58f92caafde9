"""Holding out a part of one corpus. Knows nothing of files."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from attnlab.data.pairs import SentencePair
from attnlab.support.errors import AttnlabError

HELD_OUT = ("random", "last")
"""What can be held out: distinct sources at random, or the last pairs."""

DIGEST_BYTES = 16  # that two of any corpus's sentences agree in so many is not to be feared


def hold_out(
    pairs: Sequence[SentencePair],
    missing: Sequence[str],
    fraction: float,
    seed: int,
    held_out: str = "random",
) -> dict[str, list[SentencePair]]:
    """`train` and the `missing` splits, each of which gets `fraction` of the distinct sources.

    All versions of one source sentence go to the same split: a plain random cut would train on
    most of the sources that it later measures on. Sources are shuffled by a digest of seed and
    sentence, which hangs neither on the file's order nor on Python's own hashing. With nothing
    missing, `train` is `pairs` as they stand. Where the `last` are `held_out`, there is no chance:
    see `last_places`.

    Raises:
        AttnlabError: when there are too few distinct sources to leave any for training.
    """
    if not missing:
        return {"train": list(pairs)}
    if held_out == "last":
        last = last_places(len(pairs), missing, fraction)
        return {split: [pairs[place] for place in last[split]] for split in ("train", *missing)}
    digests = source_digests((pair.source for pair in pairs), seed)
    places = held_out_places(digests, missing, fraction)
    return {split: [pairs[place] for place in places[split]] for split in ("train", *missing)}


def last_places(
    pairs: int, missing: Sequence[str], fraction: float
) -> dict[str, NDArray[np.int64]]:
    """The places of `train`, and behind it those of each of the `missing` splits, in their order.

    Each has `fraction` of all pairs. Versions of one source may so stand on both sides of a cut,
    as in Dive into Deep Learning, whose cut this is.
    """
    share = max(1, round(fraction * pairs))
    trained = pairs - share * len(missing)
    if trained < 1:
        raise AttnlabError(
            f"{pairs} pairs are too few to hold out {' and '.join(missing)}; give "
            f"data.{missing[0]}=FILE or data.held_out_fraction=0"
        )
    cuts = [trained + number * share for number in range(len(missing))]
    parts = np.split(np.arange(pairs), cuts)
    return dict(zip(("train", *missing), parts, strict=True))


def source_digests(sources: Iterable[str], seed: int) -> bytes:
    """What decides where each source goes: `DIGEST_BYTES` for each."""
    return b"".join(
        hashlib.sha256(f"{seed}\n{source}".encode()).digest()[:DIGEST_BYTES] for source in sources
    )


def held_out_places(
    digests: bytes, missing: Sequence[str], fraction: float
) -> dict[str, NDArray[np.int64]]:
    """The places of the pairs of `train` and of each split of `missing`, as for `hold_out`.

    `digests` are the `source_digests` of all pairs.
    """
    # (pairs, halves of a digest), which compare as the digests' bytes do
    halves = np.frombuffer(digests, dtype=">u8").reshape(-1, 2).astype(np.uint64)
    shuffled = np.lexsort((halves[:, 1], halves[:, 0]))  # stable: versions stay in their order
    halves = halves[shuffled]
    # the place of each pair's source among the distinct ones
    is_new = np.any(halves[1:] != halves[:-1], axis=1)
    rank = np.concatenate(([0], np.cumsum(is_new))) if len(shuffled) else np.zeros(0, np.int64)
    distinct = int(rank[-1]) + 1 if len(rank) else 0
    share = max(1, round(fraction * distinct))
    if distinct <= share * len(missing):
        raise AttnlabError(
            f"{distinct} distinct source sentences are too few to hold out "
            f"{' and '.join(missing)}; give data.{missing[0]}=FILE or data.held_out_fraction=0"
        )
    places, start = {}, 0
    for split in reversed(missing):  # the test split first: a validation file leaves it the same
        places[split] = shuffled[(rank >= start) & (rank < start + share)]
        start += share
    places["train"] = shuffled[rank >= start]
    return places
