"""Columns of text, by eye."""

import pytest

from attnlab.support.table import latex_table, markdown_table, table, three_digits


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


def test_figures_have_three_digits_and_all_before_the_point():
    shown = [three_digits(value) for value in (0.01234, 9.999, 12.34, 99.94, 1234.5)]
    assert shown == ["0.0123", "10", "12.3", "99.9", "1,234"]


def test_markdown_and_latex_by_hand():
    head, rows = ["setting", "BLEU"], [["a|b", "9.1 ± 0.2"], ["50 %_x", "-1"]]
    assert markdown_table(head, rows) == (
        "| setting | BLEU |\n| --- | ---: |\n| a\\|b | 9.1 ± 0.2 |\n| 50 %_x | -1 |"
    )
    assert latex_table(head, rows) == (
        "\\begin{tabular}{lr}\n\\toprule\nsetting & BLEU \\\\\n\\midrule\n"
        "a|b & 9.1 $\\pm$ 0.2 \\\\\n50 \\%\\_x & -1 \\\\\n\\bottomrule\n\\end{tabular}"
    )
