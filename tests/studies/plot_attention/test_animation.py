"""Animations, read back by Pillow: frames, times, sizes and colours."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from attnlab.plotting.colours import VERMILION
from attnlab.studies.plot_attention import animation
from attnlab.studies.plot_attention.animation import frame_milliseconds, save_animation
from attnlab.support.errors import AttnlabError


def scene(number, width=3.0):
    figure = Figure(figsize=(width, 2.0), facecolor="white")
    axes = figure.add_axes((0.1, 0.2, 0.8, 0.7))
    axes.pcolormesh(np.eye(4)[::-1] * number / 10, vmin=0, vmax=1)
    axes.set_title(f"update {number}", color=VERMILION)
    return figure


def read(path):
    with Image.open(path) as image:
        frames, times, loop = [], [], image.info.get("loop")
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
            times.append(image.info["duration"])
    return frames, times, loop


def test_a_frame_a_figure_the_last_one_held_and_for_ever(tmp_path):
    save_animation([scene(number) for number in range(1, 8)], tmp_path / "new" / "learning.gif")
    frames, times, loop = read(tmp_path / "new" / "learning.gif")
    assert len(frames) == 7
    assert times == [800] * 6 + [2500]
    assert loop == 0
    assert {frame.shape for frame in frames} == {(288, 432, 3)}  # 144 dots per inch
    assert len({frame.tobytes() for frame in frames}) == 7


@pytest.mark.parametrize(
    ("frames", "each"), [(1, None), (2, 800), (10, 800), (20, 400), (50, 160), (1000, 120)]
)
def test_many_frames_go_by_faster(frames, each):
    *first, last = frame_milliseconds(frames)
    assert last == 2500
    assert set(first) == ({each} if each else set())
    assert all(time % 10 == 0 for time in first), "GIF counts in hundredths"


def test_paper_is_white_and_colours_stay(tmp_path):
    save_animation([scene(1), scene(9)], tmp_path / "two.gif")
    (first, last), _, _ = read(tmp_path / "two.gif")
    for frame in (first, last):
        assert (frame[:3, :3] == 255).all()
    shown = scene(9)
    shown.savefig(tmp_path / "still.png", dpi=144)
    with Image.open(tmp_path / "still.png") as image:
        still = np.asarray(image.convert("RGB")).astype(int)
    apart = np.abs(still - last)
    assert np.median(apart) == 0
    assert (apart.max(axis=-1) < 12).mean() > 0.98


def test_figures_of_several_sizes_share_a_corner(tmp_path):
    save_animation([scene(1, width=2.0), scene(2, width=3.0)], tmp_path / "sizes.gif")
    (small, large), _, _ = read(tmp_path / "sizes.gif")
    assert small.shape == large.shape == (288, 432, 3)
    assert (small[:, 290:] == 255).all()
    assert not (large[:, 290:] == 255).all()


def test_large_frames_stay_below_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(animation, "_MOST_PIXELS", 60_000)
    save_animation([scene(1), scene(2)], tmp_path / "large.gif")
    frames, _, _ = read(tmp_path / "large.gif")
    height, width, _ = frames[0].shape
    assert 50_000 < height * width <= 61_000


def test_same_figures_same_bytes(tmp_path):
    for name in "ab":
        save_animation([scene(1), scene(5)], tmp_path / f"{name}.gif")
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one figure"):
        save_animation([], tmp_path / "none.gif")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AttnlabError, match=r"cannot write .*x\.gif"):
        save_animation([scene(1)], tmp_path / "file" / "x.gif")
