"""Holding out a part of one corpus. Knows nothing of files."""

import hashlib
from collections.abc import Sequence

from attnlab.errors import AttnlabError
from attnlab.text.reading import SentencePair


def hold_out(
    pairs: Sequence[SentencePair], missing: Sequence[str], fraction: float, seed: int
) -> dict[str, list[SentencePair]]:
    """`train` and the `missing` splits, each of which gets `fraction` of the distinct sources.

    All versions of one source sentence go to the same split: a plain random cut would train on
    most of the sources that it later measures on. Sources are shuffled by a digest of seed and
    sentence, which hangs neither on the file's order nor on Python's own hashing. With nothing
    missing, `train` is `pairs` as they stand.

    Raises:
        AttnlabError: when there are too few distinct sources to leave any for training.
    """
    if not missing:
        return {"train": list(pairs)}
    versions: dict[str, list[SentencePair]] = {}
    for pair in pairs:
        versions.setdefault(pair.source, []).append(pair)
    shuffled = sorted(versions, key=lambda source: _digest(seed, source))
    share = max(1, round(fraction * len(shuffled)))
    if len(shuffled) <= share * len(missing):
        raise AttnlabError(
            f"{len(shuffled)} distinct source sentences are too few to hold out "
            f"{' and '.join(missing)}; give data.{missing[0]}=FILE or data.held_out_fraction=0"
        )
    sources, start = {}, 0
    for split in reversed(missing):  # the test split first: a validation file leaves it the same
        sources[split] = shuffled[start : start + share]
        start += share
    sources["train"] = shuffled[start:]
    return {
        split: [pair for source in sources[split] for pair in versions[source]]
        for split in ("train", *missing)
    }


def _digest(seed: int, source: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{source}".encode()).digest()
