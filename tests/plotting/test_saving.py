import re
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from attnlab.plotting import saving
from attnlab.plotting.saving import save_figure, save_pages
from attnlab.support.errors import AttnlabError


def small_figure():
    figure = Figure(figsize=(3.0, 2.0))
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.plot([0, 1], [1, 0], label="l'été")
    axes.legend()
    return figure


def test_png_has_two_hundred_dots_per_inch(tmp_path):
    save_figure(small_figure(), tmp_path / "new" / "folder" / "plot.png")
    assert imread(tmp_path / "new" / "folder" / "plot.png").shape == (400, 600, 4)


def test_a_huge_png_stays_below_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(saving, "MOST_PIXELS", 60_000)
    save_figure(small_figure(), tmp_path / "plot.png")
    height, width, _ = imread(tmp_path / "plot.png").shape
    assert 55_000 < height * width <= 60_000
    assert width / height == pytest.approx(1.5, abs=0.02)


def test_svg_holds_text_and_pdf_holds_truetype(tmp_path):
    for name in ("plot.svg", "plot.PDF"):
        save_figure(small_figure(), tmp_path / name)
    assert ">l'été</text>" in (tmp_path / "plot.svg").read_text(encoding="utf-8")
    pdf = (tmp_path / "plot.PDF").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert b"/FontFile2" in pdf  # an embedded TrueType font; Type 3 fonts have none
    assert b"/Type3" not in pdf


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_same_figure_same_bytes_even_from_threads(tmp_path, suffix):
    paths = [tmp_path / f"{number}.{suffix}" for number in range(4)]
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda path: save_figure(small_figure(), path), paths))
    assert len({path.read_bytes() for path in paths}) == 1
    assert paths[0].stat().st_size > 2000
    assert b"CreationDate" not in paths[0].read_bytes()
    assert b"dc:date" not in paths[0].read_bytes()


def test_other_suffixes_are_refused_by_name(tmp_path):
    with pytest.raises(AttnlabError, match=r"plot\.bmp.*'\.bmp'.*\.png, \.svg, \.pdf"):
        save_figure(small_figure(), tmp_path / "plot.bmp")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AttnlabError, match=r"cannot write .*plot\.png"):
        save_figure(small_figure(), tmp_path / "file" / "plot.png")


def test_a_failure_keeps_the_old_file_and_leaves_no_litter(tmp_path):
    path = tmp_path / "plot.png"
    save_figure(small_figure(), path)
    before = path.read_bytes()
    broken = small_figure()
    broken.axes[0].set_title("$\\nosuchcommand$")  # matplotlib finds out while drawing
    with pytest.raises(ValueError, match="nosuchcommand"):
        save_figure(broken, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_settings_of_the_process_are_put_back(tmp_path):
    before = dict(matplotlib.rcParams)
    save_figure(small_figure(), tmp_path / "plot.svg")
    assert dict(matplotlib.rcParams) == before


def test_a_page_a_figure(tmp_path):
    wide = Figure(figsize=(4.0, 2.0))
    save_pages(iter([small_figure(), wide, small_figure()]), tmp_path / "new" / "pages.pdf")
    pdf = (tmp_path / "new" / "pages.pdf").read_bytes()
    assert re.findall(rb"/Type /Page\b", pdf) == [b"/Type /Page"] * 3
    assert re.findall(rb"/MediaBox \[ ?0 0 (\d+) (\d+) ?\]", pdf) == [
        (b"216", b"144"),
        (b"288", b"144"),
        (b"216", b"144"),
    ]
    assert b"/FontFile2" in pdf
    assert b"CreationDate" not in pdf
    save_pages([small_figure(), wide, small_figure()], tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == pdf


def test_pages_that_fail_leave_the_old_file(tmp_path):
    def figures():
        yield small_figure()
        raise RuntimeError("no second one")

    (tmp_path / "pages.pdf").write_bytes(b"old")
    with pytest.raises(RuntimeError, match="no second one"):
        save_pages(figures(), tmp_path / "pages.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["pages.pdf"]
    assert (tmp_path / "pages.pdf").read_bytes() == b"old"


@pytest.mark.parametrize("suffix", [".pdf", ".svg"])
def test_letters_without_a_glyph_do_not_end_a_figure(tmp_path, suffix):
    """A byte order mark has no glyph in matplotlib's PDF, and XML holds no NUL."""
    figure = Figure(figsize=(2, 1))
    figure.text(0.5, 0.5, "\ufeffwo\x00rd\n\ufeff")
    save_figure(figure, tmp_path / f"a{suffix}")
    if suffix == ".svg":
        texts = ElementTree.parse(tmp_path / "a.svg").iter("{http://www.w3.org/2000/svg}text")
        assert "wo�rd" in "".join(text for each in texts for text in each.itertext())
