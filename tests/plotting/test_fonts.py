"""Fonts for letters of many scripts, and the warning that names a font to install."""

import logging

import numpy as np
import pytest
from matplotlib.font_manager import findfont, findSystemFonts, fontManager, get_font
from PIL import Image

from attnlab.plotting import text as fonts
from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.plotting.matrix import attention_heatmap
from attnlab.plotting.saving import save_figure
from attnlab.plotting.text import families

SENTENCES = {
    "Chinese": "狗在喝水。",
    "Japanese": "犬は水を飲む。",
    "Korean": "개가 물을 마신다.",
    "Thai": "สุนัขดื่มน้ำ",
    "Devanagari": "कुत्ता पानी पीता है।",
    "Arabic": "الكلب يشرب الماء.",
    "Hebrew": "הכלב שותה מים.",
    "Tamil": "நாய் தண்ணீர்",
    "Ethiopic": "ውሻ ውሃ",
}
INSTALLED = " ".join(findSystemFonts())


@pytest.fixture
def _nothing_known():
    """What is remembered of fonts is forgotten, before and afterwards."""
    remembered = (families, fonts._font_with, fonts._new_fonts, fonts._warn)
    for each in remembered:
        each.cache_clear()
    yield
    for each in remembered:
        each.cache_clear()


def lacking(text, found):
    """The characters of a text that none of these families has."""
    faces = [get_font(findfont(name)) for name in found]
    return {each for each in text if not any(face.get_char_index(ord(each)) for face in faces)}


@pytest.mark.parametrize("script", SENTENCES)
def test_a_font_with_the_letters_is_found(script, caplog):
    if "NotoSansThai" not in INSTALLED or "NotoSansCJK" not in INSTALLED:
        pytest.skip("fonts-noto-core and fonts-noto-cjk are not here")
    text = SENTENCES[script]
    with caplog.at_level(logging.WARNING, "attnlab"):
        found = [name for name in families(f"the {text}") if "Last Resort" not in name]
    assert lacking(text, found) == set()
    assert found[0] == "DejaVu Sans"
    assert not caplog.records


@pytest.mark.usefixtures("_nothing_known")
def test_a_font_that_was_installed_after_the_first_figure_is_found(monkeypatch):
    if "NotoSansThai" not in INSTALLED:
        pytest.skip("fonts-noto-core is not here")
    old = [font for font in fontManager.ttflist if "Thai" not in font.fname]
    old = [font for font in old if not fonts._has(font, "ส")]
    monkeypatch.setattr(fontManager, "ttflist", old)
    text = SENTENCES["Thai"]
    assert lacking(text, [name for name in families(text) if "Last Resort" not in name]) == set()


@pytest.mark.usefixtures("_nothing_known")
def test_where_no_font_has_a_script_it_is_named_once_with_what_to_install(monkeypatch, caplog):
    only = [font for font in fontManager.ttflist if "DejaVu" in font.name or "Last" in font.name]
    monkeypatch.setattr(fontManager, "ttflist", only)
    monkeypatch.setattr(fonts, "findSystemFonts", list)
    with caplog.at_level(logging.WARNING, "attnlab"):
        for text in [*SENTENCES.values(), "คน", "x\u200d\ufe0f", "👍🏽"]:
            assert families(text)[0] == "DejaVu Sans"
    messages = [record.getMessage() for record in caplog.records]
    assert sum("no installed font has Thai letters" in line for line in messages) == 1
    packages = {"Thai": "fonts-noto-core", "CJK": "fonts-noto-cjk", "emoji": "fonts-symbola"}
    for what, package in packages.items():
        assert any(what in line and package in line for line in messages), messages
    assert not any(
        "Arabic" in line or "Hebrew" in line for line in messages
    )  # DejaVu Sans has them


@pytest.mark.parametrize("words", [51, 60, 120])
def test_a_long_heading_ends_before_the_right_edge(words, tmp_path):
    labels = [f"word{number}" for number in range(words)]
    text = " ".join(labels)
    panel = attention_heatmap(
        title="", weights=np.eye(words), queries=labels, keys=labels, query_name="", key_name=""
    )
    save_figure(draw_heatmaps([panel], heading=text, note=text), tmp_path / "long.png")
    with Image.open(tmp_path / "long.png") as picture:
        inked = np.flatnonzero((np.asarray(picture.convert("L")) < 250).any(axis=0))
        assert picture.width - inked.max() > 12 * 200 / 72  # of a margin of 14 points
