"""Files of matrices that are damaged, and any numbers in them."""

import io

import numpy as np
import pytest
from hypothesis import strategies as st

from attnlab.data.matrices import read_matrices
from tests.fuzz.inputs import LENGTHS, done_or_refused, fuzz, mutated

ARRAY = np.linspace(-1, 1, 24)
CSV = b",the,cat,sleeps\nle,0.5,0.25,0.25\nchat,0.1,0.8,0.1\ndort,0,0,1\n"


def saved(save, array):
    content = io.BytesIO()
    save(content, array)
    return content.getvalue()


FILES = {
    ".npy": [saved(np.save, ARRAY.reshape(shape)) for shape in ((4, 6), (2, 3, 4), (2, 2, 2, 3))],
    ".npz": [saved(save, ARRAY.reshape(4, 6)) for save in (np.savez, np.savez_compressed)],
    ".csv": [CSV, CSV.replace(b",", b";"), b"1,2\n3,4\n"],
    ".tsv": [CSV.replace(b",", b"\t")],
}
DAMAGED = [
    mutated(content).map(lambda damaged, suffix=suffix: (suffix, damaged))
    for suffix, contents in FILES.items()
    for content in contents
]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_damaged_file(length, tmp_path):
    @fuzz(length * 400, file=st.one_of(DAMAGED))
    def holds(file):
        suffix, content = file
        path = tmp_path / f"matrix{suffix}"
        path.write_bytes(content)
        with done_or_refused():
            for matrix in read_matrices(path).matrices:
                assert not np.isinf(matrix.values).any()
