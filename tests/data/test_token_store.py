"""Token stores: what goes in comes out, from memory as from files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.token_store import FlatArray, TokenStore, id_type, writing_array

corpora = st.lists(
    st.tuples(*[st.lists(st.integers(0, 70_000), max_size=7)] * 2), min_size=1, max_size=20
)


@given(corpora, st.integers(1, 6))
def test_files_give_back_what_was_written_a_few_at_a_time(tmp_path_factory, pairs, at_a_time):
    folder = tmp_path_factory.mktemp("store")
    with (
        writing_array(folder, "source", id_type(70_001)) as write_source,
        writing_array(folder, "target", id_type(1 << 17)) as write_target,
    ):
        for start in range(0, len(pairs), at_a_time):
            source, target = zip(*pairs[start : start + at_a_time], strict=True)
            write_source(FlatArray.of(source))
            write_target(FlatArray.of(target))
    loaded = TokenStore.load(folder)
    assert len(loaded) == len(pairs)
    both = zip(loaded.source, loaded.target, strict=True)
    assert [tuple(each) for each in both] == pairs
    assert loaded.target.lengths().tolist() == [len(target) for _, target in pairs]


@given(st.lists(st.lists(st.integers(4, 99), max_size=6), min_size=1, max_size=9), st.data())
def test_rows_are_filled_up_behind_each_sentence(sentences, data):
    places = data.draw(st.lists(st.integers(0, len(sentences) - 1), min_size=1))
    rows, lengths = FlatArray.of(sentences).padded(np.array(places))
    width = max(len(sentences[place]) for place in places) + 1
    assert lengths.tolist() == [len(sentences[place]) for place in places]
    assert rows.tolist() == [
        sentences[place] + [0] * (width - len(sentences[place])) for place in places
    ]


@pytest.mark.parametrize(("size", "expected"), [(65_536, "<u2"), (65_537, "<u4")])
def test_two_bytes_a_token_as_long_as_they_hold_the_highest(size, expected, tmp_path):
    assert id_type(size).str == expected
    with writing_array(tmp_path, "source", id_type(size)) as write:
        write(FlatArray.of([[size - 1, 4]]))
    assert list(FlatArray.load(tmp_path, "source")) == [[size - 1, 4]]
    assert np.load(tmp_path / "source.npy").dtype == np.dtype(expected)
