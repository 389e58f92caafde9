"""Files of matrices and tables of numbers: what is read, and what is refused."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest

from attnlab.data.matrices import column_number, read_delimited, read_matrices
from attnlab.support.errors import AttnlabError, UsageError

RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "int64", "uint8", "bool"])
def test_an_array_of_any_numbers_is_read(tmp_path, kind):
    array = (RANDOM.random((3, 5)) * 9).astype(kind)
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "a.npz", weights=array)
    for name in ("a.npy", "a.npz"):
        stack = read_matrices(tmp_path / name)
        assert (len(stack.matrices), stack.grid) == (1, None)
        np.testing.assert_array_equal(stack.matrices[0].values, array.astype(np.float64))


def test_further_axes_are_a_stack_and_a_grid(tmp_path):
    array = RANDOM.random((2, 3, 5, 7))
    np.save(tmp_path / "grid.npy", array)
    np.save(tmp_path / "stack.npy", array[1])
    grid, stack = read_matrices(tmp_path / "grid.npy"), read_matrices(tmp_path / "stack.npy")
    assert grid.grid == (2, 3)
    np.testing.assert_array_equal(grid.matrices[4].values, array[1, 1])
    assert stack.grid is None
    np.testing.assert_array_equal([each.values for each in stack.matrices], array[1])


def test_a_csv_file_is_a_stack_of_one(tmp_path):
    (tmp_path / "m.CSV").write_text("1,2\n3,4\n")
    [matrix] = read_matrices(tmp_path / "m.CSV").matrices
    assert matrix.values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros(3), "has the shape (3,); a matrix has 2 axes"),
        (np.zeros((1, 1, 1, 2, 2)), "a matrix has 2 axes"),
        (np.zeros((0, 3)), "holds no numbers"),
        (np.zeros((2, 4097)), "too many for a figure"),
        (np.zeros((65, 2, 2)), "and so 65 matrices"),
        (np.zeros((0, 2, 2)), "and so 0 matrices"),
        (np.zeros((2, 2), dtype=complex), "holds complex128"),
        (np.array([["a", "b"]]), "no numbers that colours can show"),
        (np.array([[1.0, np.inf]]), "element [0, 1] is inf, no finite number"),
    ],
)
def test_what_is_no_matrix_is_refused(tmp_path, array, message):
    np.save(tmp_path / "bad.npy", array)
    with pytest.raises(AttnlabError) as refused:
        read_matrices(tmp_path / "bad.npy")
    assert message in str(refused.value)


class Trap:
    def __reduce__(self):
        return os.mkdir, ("sprung",)


def test_no_file_is_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("objects.npy", np.array([[Trap()]], dtype=object), allow_pickle=True)
    (tmp_path / "bare.npy").write_bytes(pickle.dumps(Trap()))
    for name in ("objects.npy", "bare.npy"):
        with pytest.raises(AttnlabError, match="holds no array of numbers"):
            read_matrices(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


def test_other_files_are_refused(tmp_path):
    np.savez(tmp_path / "two.npz", one=np.eye(2), other=np.eye(3))
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 and no more")
    np.save(tmp_path / "whole.npy", np.eye(40))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:-100])
    (tmp_path / "empty.npy").write_bytes(b"")
    with pytest.raises(AttnlabError, match=r"holds 2 arrays \(one, other\)"):
        read_matrices(tmp_path / "two.npz")
    for name in ("torn.npz", "cut.npy", "empty.npy"):
        with pytest.raises(AttnlabError, match="holds no array of numbers"):
            read_matrices(tmp_path / name)
    with pytest.raises(AttnlabError, match="cannot be read"):
        read_matrices(tmp_path / "nowhere.npy")
    with pytest.raises(UsageError, match=r"cannot read '\.xlsx'; end the name with one of: \.csv"):
        read_matrices(tmp_path / "book.xlsx")


def member(path, content, *, flags=0):
    """An NPZ of one member, `a.npy`, whose bytes are `content`; `flags` are those of its entry."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", content)
    raw = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(signature) + place] |= flags
    path.write_bytes(raw)


def test_no_header_is_believed(tmp_path):
    """A claim of 10^12 cells, a flipped byte and an encrypted archive take no memory."""
    whole = io.BytesIO()
    np.save(whole, np.eye(4))
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    claim = b"\x93NUMPY\x01\x00v\x00" + header.ljust(117) + b"\n"
    (tmp_path / "claim.npy").write_bytes(claim)
    member(tmp_path / "claim.npz", claim)
    member(tmp_path / "encrypted.npz", whole.getvalue(), flags=1)
    member(tmp_path / "text.npz", b"no array at all")
    member(tmp_path / "flipped.npz", whole.getvalue())
    raw = bytearray((tmp_path / "flipped.npz").read_bytes())
    raw[200] ^= 1
    (tmp_path / "flipped.npz").write_bytes(raw)
    for name in ("claim.npy", "claim.npz", "encrypted.npz", "text.npz", "flipped.npz"):
        with pytest.raises(AttnlabError, match="holds no array of numbers"):
            read_matrices(tmp_path / name)


@pytest.mark.parametrize("value", [1e308, -1e308, 1e101])
def test_numbers_whose_differences_overflow_are_refused(tmp_path, value):
    np.save(tmp_path / "a.npy", np.array([[value, -value]]))
    (tmp_path / "a.csv").write_text(f"1,{value}\n")
    for name in ("a.npy", "a.csv"):
        with pytest.raises(AttnlabError, match="beyond ±1e\\+100"):
            read_matrices(tmp_path / name)


def test_numbers_whose_squares_vanish_are_0(tmp_path):
    (tmp_path / "a.csv").write_text("5e-324,1\n")
    assert read_matrices(tmp_path / "a.csv").matrices[0].values.tolist() == [[0, 1]]


NUMBERS = [[1.0, 2.5, -3.0], [4e-3, 5.0, 6.0]]


@pytest.mark.parametrize(
    ("name", "text", "rows", "columns"),
    [
        ("m.csv", "1,2.5,-3\n4e-3,5,6\n", None, None),
        ("m.csv", "\ufeff1,2.5,-3\r\n\r\n4e-3,5,6", None, None),
        ("m.csv", "# of 2026\n1,2.5,-3\n4e-3,5,6\n", None, None),
        ("m.tsv", "1\t2.5\t-3\n4e-3\t5\t6\n", None, None),
        ("m.csv", "1;2,5;-3\n0,004;5;6\n", None, None),
        ("m.csv", "a,b,c\n1,2.5,-3\n4e-3,5,6\n", None, ["a", "b", "c"]),
        ("m.csv", "le,1,2.5,-3\nchat,4e-3,5,6\n", ["le", "chat"], None),
        ("m.csv", ',the,"black, cat",is\nle,1,2.5,-3\nchat,4e-3,5,6\n', ["le", "chat"],
         ["the", "black, cat", "is"]),
        ("m.csv", "word,a,b,c\nle,1,2.5,-3\nchat,4e-3,5,6\n", ["le", "chat"], ["a", "b", "c"]),
        ("m.csv", "a,b,c\nle,1,2.5,-3\nchat,4e-3,5,6\n", ["le", "chat"], ["a", "b", "c"]),
        ("m.csv", ",0,1,2\n7,1,2.5,-3\n8,4e-3,5,6\n", ["7", "8"], ["0", "1", "2"]),
    ],
    ids=["plain", "windows", "comment", "tabs", "decimal comma", "header", "rows", "both",
         "named corner", "header without corner", "as pandas writes it"],
)  # fmt: skip
def test_numbers_and_labels_are_found(tmp_path, name, text, rows, columns):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    found = read_delimited(path)
    np.testing.assert_array_equal(found.values, NUMBERS)
    assert (found.rows, found.columns) == (rows, columns)


def test_cells_without_a_number_are_nan(tmp_path):
    path = tmp_path / "gaps.csv"
    path.write_text("1,nan,3\n4,,NA\n")
    np.testing.assert_array_equal(
        read_delimited(path).values, [[1, np.nan, 3], [4, np.nan, np.nan]]
    )


def test_one_column_with_its_name(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("weight\n0.5\n0.25\n")
    found = read_delimited(path)
    assert (found.values.tolist(), found.rows, found.columns) == ([[0.5], [0.25]], None, ["weight"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n# nothing\n", "is empty"),
        ("a,b\n", "names of columns, and no line of numbers"),
        ("1,2\n3,4,5\n", ":2: 3 cells, where the lines before have 2"),
        ("a,b\n1,2\n\n3\n", ":4: 1 cell, where the lines before have 2"),
        ("1,2\n3,four\n", ":2, column 2: 'four' is not a number"),
        ("1,2\n3,1_000\n", ":2, column 2: '1_000' is not a number"),
        ("1,2\nx,4\n", ":2, column 1: 'x' is not a number"),
        ("1,2\n-inf,4\n", ":2, column 1: -inf is no finite number"),
        ("1,1e999\n3,4\n", ":1, column 2: 1e999 is no finite number"),
        ("1\n" * 4098, "more than 4,096 rows"),
        (",".join(["1"] * 4097), "1 rows and 4,097 columns are too many"),
    ],
)
def test_what_is_no_matrix_is_refused_by_its_line(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(AttnlabError) as refused:
        read_delimited(path)
    assert message in str(refused.value)
    assert str(path) in str(refused.value)


def test_what_is_no_text_and_what_is_not_there_are_refused(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_bytes(b"caf\xe9,1\n")
    with pytest.raises(AttnlabError, match="is no UTF-8 text"):
        read_delimited(path)
    with pytest.raises(AttnlabError, match="No such file"):
        read_delimited(tmp_path / "nowhere.csv")


def test_columns_are_found_by_name_and_by_number():
    assert column_number(["x", "2"], 2, "2") == 1
    assert column_number(["x", "y"], 2, "1") == 0
    assert column_number(None, 3, "3") == 2
    assert [column_number(["x", "y"], 2, wanted) for wanted in ("0", "3", "z", "")] == [None] * 4
