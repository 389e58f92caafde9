"""attnlab heatmap: as a process, and what each wrong request is told."""

import numpy as np
import pytest

from tests.runs import attnlab


def test_a_file_becomes_a_figure_beside_the_reader(tmp_path):
    (tmp_path / "weights.csv").write_text(",the,cat\nle,0.9,0.1\nchat,0.2,0.8\n")
    shown = attnlab("heatmap", "weights.csv", "--values", folder=tmp_path)
    assert (shown.code, shown.output) == (0, "weights.png\n"), shown.errors
    assert (tmp_path / "weights.png").read_bytes().startswith(b"\x89PNG")


def test_labels_titles_and_numbers_are_in_the_figure(command, tmp_path):
    (tmp_path / "w.tsv").write_text("0.9\t-0.1\n0.2\t0.8\n")
    code, output, errors = command(
        *(
            "heatmap",
            "w.tsv",
            "--rows",
            "le,chat",
            "--columns",
            "the,cat",
            "--title",
            "who looks where",
        ),
        *("--x-label", "source", "--y-label", "target", "--value-label", "score", "--values"),
        *("--panel-title", "head 1", "-o", "plots/w.svg"),
    )
    assert (code, output) == (0, "plots/w.svg\n"), errors
    svg = (tmp_path / "plots" / "w.svg").read_text()
    for text in ("le", "chat", "the", "cat", "who looks where", "source →", "target ↓", "score",
                 "head 1", "0.90", "−0.10"):  # fmt: skip
        assert f">{text}<" in svg, text


@pytest.mark.parametrize("kind", ["identity", "uniform", "one-hot", "convex", "all"])
def test_every_kind_of_weights_is_drawn(command, tmp_path, kind):
    code, output, errors = command("heatmap", "--weights", kind, "--size", "5", "-f", "svg")
    assert (code, output) == (0, f"weights-{kind}.svg\n"), errors
    svg = (tmp_path / f"weights-{kind}.svg").read_text()
    titles = [each for each in ("identity:", "uniform:", "one-hot:", "convex:") if each in svg]
    assert len(titles) == (4 if kind == "all" else 1)
    assert "queries ↓" in svg


def test_a_seed_says_which_weights_are_drawn(command, tmp_path):
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert command("heatmap", "-w", "convex", "--seed", seed, "-o", f"{name}.png")[0] == 0
    one, same, other = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert one == same
    assert one != other


def test_a_stack_is_drawn_as_panels_and_a_folder_takes_the_figure(command, tmp_path):
    np.save(tmp_path / "heads.npy", np.random.default_rng(0).random((2, 3, 4, 5)))
    (tmp_path / "plots").mkdir()
    code, output, errors = command("heatmap", "heads.npy", "-f", "svg", "-o", "plots")
    assert (code, output) == (0, "plots/heads.svg\n"), errors
    svg = (tmp_path / "plots" / "heads.svg").read_text()
    assert all(f">[{row}, {column}]<" in svg for row in range(2) for column in range(3))


def test_cells_without_a_number_are_explained(command, tmp_path):
    (tmp_path / "gaps.csv").write_text("1,nan\n3,4\n")
    assert command("heatmap", "gaps.csv", "-f", "svg")[0] == 0
    assert "grey: no number" in (tmp_path / "gaps.svg").read_text()


def test_numbers_that_would_not_fit_are_left_out_with_a_word(command, tmp_path):
    np.save(tmp_path / "large.npy", np.eye(13))
    code, _, errors = command("heatmap", "large.npy", "--values")
    assert code == 0
    assert "matrices up to 12 by 12; this one has 13 by 13" in errors


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "name a FILE, or choose --weights"),
        (("m.csv", "-w", "all"), 2, "name a FILE, or choose --weights"),
        (("m.csv", "--size", "3"), 2, "--size goes with --weights"),
        (("m.csv", "--seed", "3"), 2, "--seed goes with --weights"),
        (("-w", "all", "--size", "0"), 2, "--size 0 must be from 1 to 512"),
        (("-w", "all", "--seed", "-1"), 2, "--seed -1 must be at least 0"),
        (("nowhere.csv",), 1, "nowhere.csv: cannot be read"),
        ((".",), 2, ". is a folder; name a file in it"),
        (("spaces.csv",), 1, "is not a number; separate cells by commas, semicolons or tabs"),
        (("bad.csv",), 1, "bad.csv:2: 3 cells, where the lines before have 2"),
        (("void.csv",), 1, "void.csv: holds no number"),
        (("m.xlsx",), 2, "cannot read '.xlsx'"),
        (("m.csv", "-o", "m.jpg"), 1, "cannot write a figure as '.jpg'"),
        (("m.csv", "--rows", "a"), 2, "--rows names 1, and the matrix has 2"),
        (("m.csv", "--columns", "a,b,c"), 2, "--columns names 3, and the matrix has 2"),
        (("m.csv", "--range", "1", "1"), 2, "--range 1 1: the first must be under the second"),
        (
            ("m.csv", "--panel-title", "a", "--panel-title", "b"),
            2,
            "2 × --panel-title for 1 matrix",
        ),
    ],
)
def test_wrong_requests_are_told_what_is_wrong(command, tmp_path, arguments, code, message):
    (tmp_path / "m.csv").write_text("1,2\n3,4\n")
    (tmp_path / "bad.csv").write_text("1,2\n3,4,5\n")
    (tmp_path / "void.csv").write_text("nan,nan\n")
    (tmp_path / "spaces.csv").write_text("1 2\n3 4\n")
    found, output, errors = command("heatmap", *arguments)
    assert (found, output) == (code, "")
    assert message in " ".join(errors.split())
