"""Held-out splits against the plain way of making them, one distinct source after another."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.corpus import source_digests, split_places
from attnlab.data.pairs import SentencePair
from attnlab.support.errors import AttnlabError

corpora = st.lists(
    st.builds(SentencePair, st.text("abc", max_size=3), st.text("de")), min_size=30, max_size=90
)


def hold_out(pairs, missing, fraction, seed, held_out="random"):
    digests = source_digests((pair.source for pair in pairs), seed)
    places = split_places(len(pairs), digests, missing, fraction, held_out)
    return {split: [pairs[place] for place in each] for split, each in places.items()}


def plainly(pairs, missing, fraction, seed):
    versions = {}
    for pair in pairs:
        versions.setdefault(pair.source, []).append(pair)
    shuffled = sorted(
        versions, key=lambda source: hashlib.sha256(f"{seed}\n{source}".encode()).digest()
    )
    share = max(1, round(fraction * len(shuffled)))
    if len(shuffled) <= share * len(missing):
        return None
    parts = {}
    for split in reversed(missing):
        parts[split], shuffled = shuffled[:share], shuffled[share:]
    parts["train"] = shuffled
    return {
        split: [pair for source in sources for pair in versions[source]]
        for split, sources in parts.items()
    }


@given(
    corpora,
    st.sampled_from([("valid",), ("test",), ("valid", "test")]),
    st.floats(0.01, 0.49),
    st.integers(0, 9),
)
def test_splits_are_those_made_plainly(pairs, missing, fraction, seed):
    expected = plainly(pairs, missing, fraction, seed)
    if expected is None:
        with pytest.raises(AttnlabError, match="are too few to hold out"):
            hold_out(pairs, missing, fraction, seed)
    else:
        assert hold_out(pairs, missing, fraction, seed) == expected


def test_nothing_missing_leaves_all_as_it_is():
    pairs = [SentencePair("b", "c"), SentencePair("a", "d"), SentencePair("b", "c")]
    assert hold_out(pairs, (), 0.4, 1) == {"train": pairs}


def test_no_pair_is_too_few():
    with pytest.raises(AttnlabError, match="0 distinct source sentences are too few"):
        hold_out([], ("test",), 0.1, 1)


def test_a_digest_is_of_seed_and_sentence():
    # printf '7\nGo!' | sha256sum
    assert source_digests(["Go!"], 7) == hashlib.sha256(b"7\nGo!").digest()[:16]
    assert source_digests(["Go!"], 8) != source_digests(["Go!"], 7)


def test_the_last_pairs_are_held_out_in_their_order():
    pairs = [SentencePair(f"source {n // 3}", str(n)) for n in range(12)]
    parts = hold_out(pairs, ("valid", "test"), 1 / 6, 1, "last")
    assert parts == {"train": pairs[:8], "valid": pairs[8:10], "test": pairs[10:]}
    assert hold_out(pairs, ("valid", "test"), 1 / 6, 2, "last") == parts, "there is no chance"
    assert hold_out(pairs, (), 1 / 6, 1, "last") == {"train": pairs}
    with pytest.raises(AttnlabError, match="2 pairs are too few to hold out valid and test"):
        hold_out(pairs[:2], ("valid", "test"), 1 / 6, 1, "last")
