"""The lesson in a real browser: what is typed, chosen and changed gives what torch gives."""

import json
import re
from pathlib import Path

import pytest
import torch

from attnlab.attention.intervention import intervene, silence
from attnlab.data.tokens import END
from attnlab.studies.web import page as lesson
from attnlab.studies.web.job import fitting_precision
from attnlab.studies.web.page import LANGUAGES, lesson_page
from attnlab.support.folders import shipped_folder
from tests.browser import assert_all_text_stands_out, opened
from tests.runs import attnlab, tiny
from tests.studies.web.made import Made, chance_model, exported

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")

TEXT, OTHER = "The old cat sees the dog.", "Where is my book?"
NAMELESS = """() => {
  const named = (control) => control.ariaLabel || control.textContent.trim() ||
    [...(control.labels ?? [])].some((label) => label.textContent.trim());
  const controls = document.querySelectorAll("button, input, select, [role]:not([role=status])");
  return [...controls].filter((control) => control.checkVisibility() && !named(control))
    .map((control) => control.outerHTML);
}"""


@pytest.fixture(scope="module")
def rnn(vocabulary):
    torch.manual_seed(1)
    model = chance_model(vocabulary, "rnn", "dot", scale=1.5)
    return Made("rnn", vocabulary, model, exported(model, vocabulary))


@pytest.fixture(scope="module")
def path(transformer, tmp_path_factory):
    path = tmp_path_factory.mktemp("lesson") / "lesson.html"
    path.write_text(lesson_page([transformer.shown], [TEXT, OTHER]), encoding="utf-8")
    return path


@pytest.fixture
def seen(browser, path):
    with opened(browser, path) as it:
        settled(it.page)
        yield it


def settled(page):
    page.wait_for_selector("html:not([data-working])")


def line(page, which):
    """A translation as it is read: what is not written yet is not there."""
    shown = page.locator(f".line.{which} .text")
    return shown.evaluate(
        "e => [...e.childNodes].filter((each) => !each.classList?.contains('waiting'))"
        ".map((each) => each.textContent).join('').trim()"
    )


def changed(page, text):
    """Wait until the changed translation is `text`."""
    page.wait_for_function(
        "text => document.querySelector('.line.changed .text').textContent.trim() === text",
        arg=text,
    )


def test_a_sentence_is_cut_and_translated_step_by_step(seen, transformer):
    page = seen.page
    page.fill("#sentence", "Is it  your dog?")
    page.keyboard.press("Enter")
    settled(page)
    sides, tokens = transformer.vocabulary, transformer.search("Is it  your dog?")[0].tokens
    read = sides.source.pieces([*sides.source.encode("Is it your dog?"), END])
    assert seen.texts(".chips bdi") == read
    assert line(page, "original") == sides.target.decode(tokens)
    written = sides.target.pieces([*tokens, END])
    assert seen.texts(".matrix tbody th") == written
    page.click("[data-action=first]")
    assert line(page, "original") == ""
    assert page.locator("td[data-query]:not(.waiting)").count() == 0
    for _ in range(2):
        page.click("[data-action=forward]")
    page.click("label:has-text('cross-attention')")
    assert page.locator("td[data-query]:not(.waiting)").count() == len(read)
    assert seen.text(".candidates [aria-pressed=true] bdi") == written[0]
    page.click("[data-action=forward]")
    assert line(page, "original") == sides.target.decode(tokens[:2])
    page.click("[data-action=back]")
    assert line(page, "original") == sides.target.decode(tokens[:1])


def test_a_translation_plays_by_itself_until_it_is_paused(seen):
    page = seen.page
    page.emulate_media(reduced_motion="no-preference")
    page.press("#sentence", "Enter")
    page.wait_for_function("() => Number(document.querySelector('.player input').value) === 3")
    page.click("[aria-label=Pause]")
    at = int(page.input_value(".player input"))
    assert len(seen.texts(".text span:not(.waiting)")) == at - 1
    page.locator(".player input").fill("2")
    assert seen.text(".where").startswith("piece 1 of")
    page.click("[data-action=last]")
    page.click("[aria-label=Play]")  # from the beginning
    page.wait_for_function("() => Number(document.querySelector('.player input').value) < 3")
    page.click("[aria-label=Pause]")


def test_a_beam_search_is_watched_as_it_goes(seen, transformer):
    page, nodes = seen.page, seen.page.locator(".nodes button")
    page.click("[data-action=first]")
    assert nodes.count() == 0
    for step in (0, 1, 2):
        page.click("[data-action=forward]")
        assert nodes.count() == (5 * step + 3 if step else 0)  # five are kept, three missed
    assert seen.text(".state") == "Step 2: 5 kept, 0 ended so far"
    assert page.locator(".nodes .missed").count() == 2 * 3
    # A beginning that is kept is one that goes on, or one that nothing came of.
    first, second = (page.locator(f".nodes button[style*='left: {at}px']") for at in (46, 178))
    going = first.locator(":scope:not(.past)").evaluate_all("all => all.map((each) => each.title)")
    reached = second.locator(":scope:not(.missed)").evaluate_all("all => all.map((e) => e.title)")
    assert all(any(text.startswith(begun) for text in reached) for begun in going)
    assert 0 < len(going) < 5
    page.click("[data-action=last]")
    found = transformer.search(TEXT, n_best=5)
    assert seen.texts(".n-best bdi") == [
        transformer.vocabulary.target.decode(each.tokens) for each in found
    ]
    assert seen.texts(".n-best .number") == [f"{each.score:.2f}" for each in found]


def test_a_beginning_that_the_beam_missed_is_gone_on_with(seen, transformer):
    page = seen.page
    page.locator(".player input").fill("3")
    missed = page.locator(".nodes button.missed").first
    piece, name = missed.locator("bdi").text_content(), missed.get_attribute("aria-label")
    assert re.search(r": \S+ %; \S+ follows with \S+ %$", name)
    page.locator(".nodes button.missed").first.click()
    page.wait_for_selector(".line.changed")
    prefix = seen.texts(".nodes .on-way bdi")[:2]
    assert prefix[1] == piece
    target = transformer.vocabulary.target
    ids = {target.pieces([token])[0]: token for token in range(len(target))}
    (found, *_) = transformer.search(TEXT, [ids[each] for each in prefix])
    changed(page, target.decode(found.tokens))


def test_a_silent_layer_changes_the_translation_beside_the_original(seen, transformer):
    page, names = seen.page, ["decoder.layer1.cross", "decoder.layer2.cross"]
    original = transformer.translate(TEXT)
    heads = page.locator(".heads button")
    for layer in range(2):
        heads.nth(3 * layer).click()
        page.locator(".touch .control:nth-child(2)").get_by_text("silent").click()
    with intervene(transformer.model, {name: silence([1, 2, 3]) for name in names}):
        expected = transformer.translate(TEXT)
    assert expected != original
    changed(page, expected)
    assert line(page, "original") == original
    assert page.locator(".line.changed .differs").count() > 0
    assert page.locator(".heads .silent").count() == 6
    page.locator(".changes button").first.click()
    silent = "() => document.querySelectorAll('.heads .silent').length"
    page.wait_for_function(f"{silent} === 5")
    page.click(".line.original button")  # look at the original again: nothing is silent there
    assert page.locator(".heads .silent").count() == 0
    page.click(".undo")
    page.wait_for_selector(".line.changed", state="hidden")


def test_another_next_word_is_chosen_and_the_sentence_goes_on(seen, transformer):
    page, tokens = seen.page, transformer.search(TEXT)[0].tokens
    page.click("[data-action=first]")
    for _ in range(3):
        page.click("[data-action=forward]")
    choice = page.locator(".candidates button[aria-pressed=false]").first
    token = int(choice.get_attribute("data-token"))
    choice.click()
    prefix = [*tokens[:1], token]
    (found, *_) = transformer.search(TEXT, prefix)
    changed(page, transformer.vocabulary.target.decode(found.tokens))
    assert seen.text(".where") == f"piece 2 of {len(found.tokens) + 1}"
    assert seen.texts(".nodes .on-way bdi")[:2] == transformer.vocabulary.target.pieces(prefix)


def test_temperature_and_search_are_chosen(seen, transformer):
    page = seen.page
    before = seen.texts(".candidates .number")
    page.locator(".choice input[type=range]").fill("1")
    page.wait_for_function("() => document.querySelector('.choice output').textContent === '4.00'")
    assert seen.texts(".candidates .number") != before
    page.click(".undo")
    page.select_option(".choice select", "greedy")
    changed(page, transformer.translate(TEXT, name="greedy"))
    assert page.locator(".line.changed").is_visible()


def test_a_weight_is_dragged_and_its_row_shares_the_rest(seen):
    page = seen.page
    cell = page.locator("td[data-query='1'][data-key='2']")
    cell.evaluate("cell => cell.scrollIntoView({ block: 'center' })")  # clear of the translation
    box = cell.bounding_box()
    x, y = box["x"] + 9, box["y"] + 9
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 200, steps=4)
    page.mouse.up()
    label = "document.querySelector(\"td[data-query='1'][data-key='2']\").ariaLabel"
    page.wait_for_function(f"() => {label}.endsWith('1.00')")
    assert page.locator("td.touched").count() == 1
    others = page.locator("td[data-query='1']:not([data-key='2'])")
    labels = others.evaluate_all("cells => cells.map((cell) => cell.ariaLabel)")
    assert {text.rpartition(" ")[2] for text in labels} == {"0.00"}
    assert page.locator(".changes li").count() == 1
    page.locator(".cell button").click()  # as trained
    page.wait_for_selector(".attention .changed", state="hidden")
    assert page.locator("td.touched").count() == 0


def test_all_of_it_by_keyboard(seen):
    page, press = seen.page, seen.page.keyboard.press
    page.focus("#sentence")
    page.keyboard.type(" Yes.")
    press("Enter")
    settled(page)

    def tab_to(selector):
        for _ in range(80):
            press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"Tab never comes to {selector}")

    tab_to(".heads button")
    tab_to("td[data-query]")
    at = page.evaluate("() => document.activeElement.dataset.key")
    press("ArrowRight")
    assert page.evaluate("() => document.activeElement.dataset.key") == str(int(at) + 1)
    press("+")
    page.wait_for_selector("td.touched")
    tab_to(".candidates button[aria-pressed=false]")
    press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.changes li').length === 2")
    tab_to("[data-action=back]")
    height = page.evaluate("scrollY")
    before = page.input_value(".player input")
    press("Enter")
    press("ArrowLeft")
    assert int(page.input_value(".player input")) == int(before) - 2
    assert page.evaluate("scrollY") == height  # the buttons are always in sight
    assert seen.text("#aloud") != ""


def test_every_control_has_a_name_in_both_languages(seen):
    page = seen.page
    assert page.evaluate(NAMELESS) == []
    english = page.inner_text("body")
    page.click("#languages [value=zh]")
    assert page.get_attribute("html", "lang") == "zh-Hans"
    assert page.evaluate(NAMELESS) == []
    chinese = page.inner_text("body")
    assert len(re.findall("[\u4e00-\u9fff]", chinese)) > 300
    page.click("#languages [value=en]")
    assert page.inner_text("body") == english


def test_both_languages_have_the_same_texts():
    folder = Path(lesson.__file__).parent / "languages"
    english, chinese = (
        json.loads((folder / f"{code}.json").read_text(encoding="utf-8")) for code in LANGUAGES
    )
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        places = [sorted(re.findall(r"\{\w+\}", each)) for each in (text, chinese[key])]
        assert places[0] == places[1], key
        assert re.search("[\u4e00-\u9fff]", chinese[key]) or "{" in text, key


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(browser, path, dark):
    with opened(browser, path, width=360, height=740, dark=dark) as seen:
        settled(seen.page)
        seen.page.fill("#sentence", "The cat sees the dog and " * 3)
        seen.page.press("#sentence", "Enter")
        settled(seen.page)
        seen.page.locator(".touch").get_by_text("uniform").first.click()
        seen.page.wait_for_selector(".line.changed")
        sizes = "[document.documentElement.scrollWidth, innerWidth]"
        assert seen.page.evaluate(sizes) == [360, 360]
        assert assert_all_text_stands_out(seen.page) > 100


def test_two_models_side_by_side_and_one_without_attention(browser, transformer, rnn, tmp_path):
    path = tmp_path / "two.html"
    page = lesson_page([transformer.shown, rnn.shown], [TEXT])
    path.write_text(page, encoding="utf-8")
    with opened(browser, path) as seen:
        settled(seen.page)
        columns = seen.page.locator(".bench")
        assert columns.count() == 2
        boxes = [columns.nth(at).bounding_box() for at in range(2)]
        assert boxes[0]["y"] == boxes[1]["y"]
        assert columns.nth(1).locator(".attention").count() == 0
        assert columns.nth(1).locator(".vectors canvas").count() > 0
        shown = seen.page.locator(".line.original .text")
        found = [shown.nth(at).text_content().strip() for at in range(2)]
        assert found == [made.translate(TEXT) for made in (transformer, rnn)]


@pytest.mark.slow
def test_the_commands_write_it(browser, tmp_path, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    done = attnlab(*tiny("rnn", "runs_root=runs", "name=one"), folder=tmp_path)
    assert done.code == 0, done.errors
    played = attnlab("play", "one", "-o", "lesson.html", folder=tmp_path)
    assert played.code == 0, played.errors
    assert re.fullmatch(r"lesson\.html \(\d+\.\d MB\)\n", played.output)
    assert "open that page in any browser" in played.errors
    half = ("--precision", "float16", "-o", "half.html")
    exported = attnlab("export", "one", "--to", "web", *half, folder=tmp_path)
    assert exported.code == 0, exported.errors
    with opened(browser, tmp_path / "half.html") as seen:
        assert "weights in float16" in seen.text(".facts")
    with opened(browser, tmp_path / "lesson.html") as seen:
        settled(seen.page)
        text = seen.page.input_value("#sentence")
        (pair,) = {text} & {
            line.partition("\t")[0]
            for line in (shipped_folder("data") / "test.tsv").read_text("utf-8").splitlines()
        }
        translated = attnlab("translate", "one", given=pair.encode(), folder=tmp_path)
        assert line(seen.page, "original") == translated.output.strip()


@pytest.mark.parametrize(
    ("parameters", "megabytes"),  # of pages in float32, which docs/web.md lists
    [(1_901_056, 10.2), (4_288_000, 23.0), (2 * 4_288_000, 46.0), (8_896_000, 47.7)],
)
def test_a_page_that_would_be_large_is_in_half_precision_and_that_is_said(
    parameters, megabytes, caplog
):
    large = megabytes > 35
    assert fitting_precision(parameters) == ("float16" if large else "float32")
    said = [f"would have {megabytes:.0f} MB" in message for message in caplog.messages]
    assert said == [True] * large
