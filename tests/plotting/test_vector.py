"""Small SVG: what is drawn is what matplotlib draws, in the page's colours, the same every time."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.plotting.matrix import attention_heatmap
from attnlab.plotting.panels import LinesPanel, draw_panels
from attnlab.plotting.saving import svg_bytes
from attnlab.plotting.vector import colours_css, figure_svg, page_svg

NAME = "a <b> & 'c'"


def lines():
    x = np.arange(5)
    panel = LinesPanel(
        title=NAME,
        x_label="x",
        y_label="y",
        lines={"one": (x, x**2), NAME: (x, 3 * x)},
        bands={"one": (x**2 - 1, x**2 + 2)},
        x_names=["1–5", "6–10", "11–15", "16–20", "over 20"],
        dots=True,
    )
    return draw_panels([[panel]], legend="page")


def heatmap():
    weights = np.random.default_rng(1).dirichlet(np.full(5, 0.4), 4)
    shown = attention_heatmap(
        title="bahdanau",
        weights=weights,
        queries=["le", "chat", "dort", "</s>"],
        keys=["the", "cat", "sleeps", ".", "</s>"],
        query_name="translation",
        key_name="source",
        gold=frozenset({(0, 0), (1, 1)}),
    )
    return draw_heatmaps([shown], colour_bar=False)


DRAWINGS = pytest.mark.parametrize("draw", [lines, heatmap])


@DRAWINGS
def test_a_browser_shows_what_matplotlib_wrote(draw, browser):
    """The margin that is cut off aside, no pixel differs by more than smoothing."""
    before, after = svg_bytes(draw()).decode(), figure_svg(draw(), "title")
    whole = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', before)
    width, height = float(whole[1]), float(whole[2])
    shown = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', 'width="1000"', before, count=1)
    shown = re.sub(r"<\?xml.*?\?>|<!DOCTYPE[^>]*>", "", shown, flags=re.DOTALL)
    box = f'viewBox="0 0 {width} {height}"'
    small = re.sub(r'width="\d+" height="\d+" viewBox="[^"]*"', f'width="1000" {box}', after)
    shown = re.sub(r'viewBox="[^"]*"', box, shown, count=1)
    pixels = []
    page = browser.new_page(viewport={"width": 1000, "height": int(1000 * height / width)})
    for svg in (shown, small):
        page.set_content(f"<style>*{{margin:0}}svg{{display:block}}</style>{svg}")
        image = Image.open(io.BytesIO(page.screenshot())).convert("L")
        pixels.append(np.asarray(image, dtype=float))
    page.close()
    difference = np.abs(pixels[0] - pixels[1])
    assert pixels[0].std() > 5, "something is drawn"
    assert (difference > 60).mean() < 2e-3


@DRAWINGS
def test_it_is_small_whole_and_the_same_every_time(draw):
    svg = figure_svg(draw(), NAME)
    assert svg == figure_svg(draw(), NAME)
    assert len(svg) < 0.5 * len(svg_bytes(draw()))
    root = ElementTree.fromstring(svg)
    assert root.get("aria-label") == NAME
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    used = set(re.findall(r"#(n\d+)", svg))
    assert used == set(ids)
    assert "style=" not in svg
    texts = {"".join(each.itertext()) for each in root.iter() if each.tag.endswith("text")}
    assert texts >= ({NAME, "one", "over 20"} if draw is lines else {"sleeps", "dort", "bahdanau"})


@DRAWINGS
def test_every_colour_of_a_page_has_a_light_and_a_dark_value(draw):
    svg = page_svg(draw(), "title", "f1")
    left = set(re.findall(r'(?:fill|stroke)="(#[^"]*)"', svg))
    assert not left, "a colour that stays as it is on a dark page"
    assert set(re.findall(r"#(\w*n\d+)", svg)) == set(re.findall(r'id="(f1n\d+)"', svg))
    light, dark = colours_css(svg).split("@media (prefers-color-scheme:dark)")
    names = set(re.findall(r"var\((--\w+)\)", svg))
    for css in (light, dark):
        assert set(re.findall(r"(--\w+):#[0-9a-f]{6};", css)) == names
