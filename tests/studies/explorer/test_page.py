"""The explorer's page of made-up content: hostile and long texts, both themes, small screens."""

import re

import numpy as np
import pytest
from playwright.sync_api import Error

from attnlab.studies.explorer.content import (
    Explorer,
    HeadMeasures,
    ShownAttention,
    ShownSentence,
    Step,
)
from attnlab.studies.explorer.page import explorer_page
from tests.browser import assert_all_text_stands_out, opened

HOSTILE = [
    '</script><img src=x onerror="alert(1)"><script>alert(2)</script>',
    "<!--<script>",
    "'\"&amp;&lt;",
    "${alert(3)}",
    "👩‍👩‍👧",
    "مرحبا",
    "\u202eevil",
    "\ud800",
    "\u00a0",
    "$title",
]


def content(queries, keys, *, layers=2, heads=3, kinds=("cross",), gold=None, no_gold="", seed=1):
    numbers = np.random.default_rng(seed)
    attention = []
    for kind in kinds:
        rows = keys if kind == "encoder" else queries
        columns = queries if kind == "decoder" else keys
        raw = numbers.random((layers, heads, len(rows), len(columns))) ** 8
        columns_of_measures = heads + (heads > 1)
        errors = None if gold is None or kind != "cross" else (0.25, 0.5)
        measures = HeadMeasures(entropy=1.0, normalised_entropy=0.5, alignment_errors=errors)
        attention.append(
            ShownAttention(
                kind=kind,
                weights=raw / raw.sum(-1, keepdims=True),
                queries=rows,
                keys=columns,
                measures=[[measures] * columns_of_measures] * layers,
                steps=[] if kind == "encoder" else [(n, n + 1) for n in range(len(rows))],
            )
        )
    return ShownSentence(
        name="made-up",
        source=" ".join(keys),
        target=" ".join(queries),
        attention=attention,
        steps=[
            Step(
                input_piece="<s>",
                target_piece=word,
                probability=0.01,
                candidates=[("<unk>", 0.6), ("b", 0.3)],
            )
            for word in queries
        ],
        gold=gold,
        no_gold=no_gold,
    )


def explorer(*sentences, title="Made up"):
    return Explorer(
        title=title,
        facts=[("run", "made/up"), ("model", "none")],
        target_is="translation",
        never_predicted=["<pad>", "<unk>", "<s>"],
        sentences=list(sentences),
    )


def written(tmp_path, *sentences, **more):
    path = tmp_path / "page.html"
    path.write_text(explorer_page(explorer(*sentences, **more)), encoding="utf-8")
    return path


def test_hostile_texts_are_shown_and_do_nothing(browser, tmp_path):
    reason = "<img src=x onerror=alert(4)>"
    path = written(
        tmp_path, content(HOSTILE, HOSTILE[::-1], no_gold=reason), title="</title><script>alert(5)"
    )
    with opened(browser, path) as seen:
        for number in range(len(HOSTILE)):
            seen.page.click(seen.word("query", number))
        seen.view("matrix")
        assert seen.page.locator("img").count() == 0
        assert seen.page.locator("script").count() == 2
        assert seen.text("#no-gold") == reason
        shown = seen.texts("tbody .word")
        assert shown[1:7] == HOSTILE[1:7]
        assert shown[7:9] == ["�", "␣"]  # a lone surrogate, and a word of nothing but space
        assert seen.page.title() == "</title><script>alert(5)"
        assert seen.page.eval_on_selector(seen.word("query", 5) + " bdi", "e => e.dir") == ""
        direction = "e => getComputedStyle(e).unicodeBidi"
        assert seen.page.eval_on_selector(".word bdi", direction) == "isolate"


def test_a_policy_forbids_all_but_this_very_script_and_style(browser, tmp_path):
    path = written(tmp_path, content(["a", "b"], ["c"]))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', path.read_text())[1]
    assert policy.startswith("default-src &#x27;none&#x27;; script-src &#x27;sha256-")
    assert "unsafe" not in policy
    changed = tmp_path / "changed.html"
    changed.write_text(
        path.read_text().replace("<main>", "<main><script>document.title='x'</script>")
    )
    page = browser.new_page()
    page.goto(changed.as_uri())
    page.wait_for_selector("html[data-ready]")
    assert page.title() == "Made up"
    with pytest.raises(Error, match="Failed to fetch"):
        page.evaluate("fetch('data:text/plain,x')")
    page.close()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("view", ["lines", "matrix"])
def test_all_text_stands_out_from_its_ground(browser, tmp_path, dark, view):
    words = [
        "eleven",
        "little",
        "words",
        "stand",
        "here",
        "so",
        "that",
        "many",
        "weights",
        "are",
        "seen",
    ]
    kinds = ("cross", "encoder")
    with opened(browser, written(tmp_path, content(words, words, kinds=kinds)), dark=dark) as seen:
        seen.view(view)
        texts = 0
        for number in (0, 5, 10):
            seen.page.focus(seen.word("query", number))
            texts += assert_all_text_stands_out(seen.page)
        assert texts > 150


def test_the_theme_follows_the_system_until_it_is_chosen(browser, tmp_path):
    ground = "getComputedStyle(document.body).backgroundColor"
    theme = "name => document.documentElement.dataset.theme === name"
    with opened(browser, written(tmp_path, content(["a"], ["b", "c"])), dark=True) as seen:
        dark = seen.page.evaluate(ground)
        seen.page.emulate_media(color_scheme="light")
        seen.page.wait_for_function(theme, arg="light")
        light = seen.page.evaluate(ground)
        assert light == "rgb(255, 255, 255)" != dark
        nothing = "getComputedStyle(document.querySelector('#stage')).backgroundColor"
        on_paper = seen.page.evaluate(nothing)
        seen.page.click("#theme")
        assert seen.page.evaluate(ground) == dark
        assert seen.page.evaluate(nothing) != on_paper
        seen.page.emulate_media(color_scheme="dark")
        seen.page.click("#theme")
        assert seen.page.evaluate(ground) == light


def test_paper_is_white_even_after_dark(browser, tmp_path):
    with opened(browser, written(tmp_path, content(["a"], ["b", "c"])), dark=True) as seen:
        seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        seen.page.emulate_media(media="print")
        ground = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
        assert not seen.page.is_visible("#controls")
        assert seen.page.is_visible("#stage")
        seen.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert seen.page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("view", ["lines", "matrix"])
@pytest.mark.parametrize("kind", [0, 2])
def test_a_phone_never_scrolls_sideways(browser, tmp_path, view, kind):
    words = [*("antidisestablishmentarianism" * n for n in (1, 3)), *HOSTILE, *["word"] * 48]
    long = content(words, words[:55], heads=8, kinds=("cross", "encoder", "decoder"), gold=[(0, 0)])
    with opened(browser, written(tmp_path, long), width=360, height=740) as seen:
        seen.view(view)
        seen.page.select_option("#kind", index=kind)
        seen.page.focus(seen.word("query", 3))
        sizes = "[document.documentElement.scrollWidth, innerWidth]"
        assert seen.page.evaluate(sizes) == [360, 360]
        if view == "matrix":
            scroller = "e => e.scrollWidth > e.clientWidth"
            assert seen.page.eval_on_selector(".scroller", scroller)
        else:
            middle = seen.page.locator(".strokes").bounding_box()
            assert middle["width"] >= 30, "lines need room between the words"


def test_candidates_mark_special_pieces_and_the_target(browser, tmp_path):
    with opened(browser, written(tmp_path, content(["mot"], ["word", "</s>"]))) as seen:
        seen.page.hover(seen.word("query", 0))
        assert seen.texts(".step li bdi") == ["<unk>", "b", "mot"]
        assert "excluded from search" in seen.text(".step li >> nth=0")
        assert seen.texts(".step .target-piece .number") == ["0.010"]


def test_moving_away_returns_to_what_was_clicked(browser, tmp_path):
    with opened(browser, written(tmp_path, content(["un", "deux"], ["one", "two"]))) as seen:
        seen.page.click(seen.word("key", 1))
        seen.page.hover(seen.word("query", 0))
        assert seen.text("#looks-title") == "“un” looks at"
        seen.page.hover("h1")
        assert seen.text("#looks-title") == "“two” is looked at by"
        assert seen.page.get_attribute(seen.word("key", 1), "aria-pressed") == "true"


def test_weights_are_off_by_less_than_a_hundred_thousandth(browser, tmp_path):
    made = content(["a"] * 7, ["b"] * 5, kinds=("encoder", "cross"))
    with opened(browser, written(tmp_path, made)) as seen:
        read = seen.page.evaluate("""async () => {
            const content = JSON.parse(document.getElementById('content').textContent);
            const packed = Uint8Array.from(atob(content.weights), c => c.charCodeAt(0));
            const stream = new Blob([packed]).stream();
            const opened = stream.pipeThrough(new DecompressionStream('deflate'));
            return [...new Uint8Array(await new Response(opened).arrayBuffer())];
        }""")
    upper, lower = np.array(read, float).reshape(2, -1)
    expected = np.concatenate([each.weights.ravel() for each in made.attention])
    np.testing.assert_allclose((256 * upper + lower) / 65535, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"queries": ["a"]}, "for 1 queries"),
        ({"weights": np.full((1, 1, 2, 3), 1.5)}, "between 0 and 1"),
        ({"weights": np.full((1, 1, 2, 3), np.nan)}, "between 0 and 1"),
        ({"weights": np.zeros((0, 1, 2, 3))}, "no weights"),
        ({"steps": [(0, 1)]}, "1 steps for 2 queries"),
        ({"measures": []}, "measures must be 1 layers of 1 heads"),
    ],
)
def test_content_that_does_not_fit_is_refused(changes, message):
    fitting = {
        "kind": "cross",
        "weights": np.full((1, 1, 2, 3), 1 / 3),
        "queries": ["a", "b"],
        "keys": ["c", "d", "e"],
        "measures": [[HeadMeasures(entropy=0, normalised_entropy=0)]],
    }
    ShownAttention(**fitting)
    with pytest.raises(ValueError, match=message):
        ShownAttention(**fitting | changes)


def test_a_page_needs_a_sentence():
    with pytest.raises(ValueError, match="at least one sentence"):
        explorer()
