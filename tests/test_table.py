"""Columns of text, by eye."""

import pytest

from attnlab.table import table


def test_names_stand_left_and_figures_right():
    assert table(["split", "BLEU"], [["a", "9.1"], ["longer", "100.0"], ["none", ""]]) == (
        "split    BLEU\n"
        "a         9.1\n"
        "longer  100.0\n"
        "none"
    )  # fmt: skip


def test_rows_of_another_width_are_refused():
    with pytest.raises(ValueError, match="1 cells"):
        table(["split", "BLEU"], [["a"]])
