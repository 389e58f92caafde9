"""Tables of numbers: what is read, and what is refused by its line."""

import numpy as np
import pytest

from attnlab.data.matrices import column_number, read_delimited
from attnlab.support.errors import AttnlabError

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
