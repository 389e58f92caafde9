"""--format and --output of figures: what they agree and what they disagree on."""

import pytest

from tests.refusals import assert_refused


@pytest.mark.parametrize("format", ["PNG", "Svg", "pdf"])
def test_a_format_is_taken_in_any_case(command, tmp_path, format):
    code, output, errors = command("heatmap", "--weights", "convex", "--format", format)
    assert (code, output) == (0, f"weights-convex.{format.lower()}\n"), errors
    assert (tmp_path / f"weights-convex.{format.lower()}").is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        ("heatmap", "--weights", "convex"),
        ("plot-attention",),
        ("positions",),
        ("scores",),
        ("complexity",),
    ],
)
def test_a_format_and_a_file_of_another_are_refused(command, tmp_path, arguments):
    done = command(*arguments, "--format", "png", "-o", "a.svg")
    assert_refused(done, 2, "--output a.svg and --format png name two formats")
    assert list(tmp_path.iterdir()) == []


def test_a_page_is_known_by_its_name(command):
    done = command("plot-attention", "-o", "a.html", "--best")
    assert_refused(done, 2, "--html shows every kind")
    done = command("plot-attention", "-o", "a.htm", "--title", "x")
    assert_refused(done, 2, "--html has headings of its own")
