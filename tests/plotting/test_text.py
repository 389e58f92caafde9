import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from attnlab.plotting.text import (
    LONGEST_LABEL,
    text_style,
    text_width,
    visible_label,
    wrapped,
)

NARROW_SPACE = "\u202f"


@pytest.mark.parametrize(
    ("token", "label"),
    [
        ("l'été", "l'été"),
        ("▁maison", "▁maison"),
        (f"{NARROW_SPACE}!", f"{NARROW_SPACE}!"),
        (NARROW_SPACE, "␣"),
        ("\u200b", "␣"),
        ("  ", "␣␣"),
        ("", "␣"),
        ("a\tb\nc", "a␣b␣c"),
        ("a\x00", "a�"),
        ("\ud800x", "�x"),
    ],
)
def test_every_label_shows_something_on_one_line(token, label):
    assert visible_label(token) == label


def test_a_very_long_label_keeps_its_ends():
    label = visible_label("https://" + "w" * 80 + ".html")
    assert len(label) <= LONGEST_LABEL
    assert label.startswith("https://w")
    assert label.endswith("w.html")
    assert "…" in label


@pytest.mark.parametrize("text", ["Où est l'été ?", "▁$5 and $6", "WWW", "中国 🙂"])
def test_width_is_what_the_renderer_takes(text):
    figure = Figure(dpi=720)  # fine enough that pixels do not matter
    renderer = FigureCanvasAgg(figure).get_renderer()
    drawn = figure.text(0, 0, text, **text_style(text, 8.5)).get_window_extent(renderer)
    assert text_width(text, 8.5) == pytest.approx(drawn.width / 10, abs=0.6)


def test_lines_fit_and_lose_nothing():
    text = "the old cat does not want to leave its basket\nle vieux chat " + "x" * 60
    lines = wrapped(text, 100, 9)
    assert all(text_width(line, 9) <= 100 for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(text.split())
    assert lines.index(next(line for line in lines if line.startswith("le "))) > 1
    assert wrapped("", 100, 9) == []
    assert wrapped("short enough", 100, 9) == ["short enough"]


def test_half_a_character_has_the_width_of_what_stands_for_it():
    assert text_width("a\ud800b", 8) == text_width("a\ufffdb", 8)
