"""The lesson in a real browser: what is typed, chosen and changed gives what torch gives."""

import json
import re
from pathlib import Path

import pytest
import torch

from attnlab.attention.intervention import intervene, silence
from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.models import VocabularySizes
from attnlab.run.loaded import build_translator
from attnlab.search import SEARCHES
from attnlab.studies.web import page as lesson
from attnlab.studies.web.model import packed
from attnlab.studies.web.page import LANGUAGES, ShownModel, lesson_page
from attnlab.support.folders import shipped_folder
from tests.browser import assert_all_text_stands_out, opened
from tests.conftest import shipped_values, small_model, vocabulary_config
from tests.runs import attnlab, tiny

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")

TEXT, OTHER = "The old cat sees the dog.", "Where is my book?"
LAYERS = {
    "transformer": {"encoder_layers": 1, "decoder_layers": 2, "heads": 2},
    "rnn": {"layers": 1},
}


NAMELESS = """() => {
  const named = (control) => control.ariaLabel || control.textContent.trim() ||
    [...(control.labels ?? [])].some((label) => label.textContent.trim());
  const controls = document.querySelectorAll("button, input, select, [role]:not([role=status])");
  return [...controls].filter((control) => control.checkVisibility() && !named(control))
    .map((control) => control.outerHTML);
}"""


class Made:
    """A small model of chance weights, its vocabulary, and what torch translates with them."""

    def __init__(self, name, vocabulary):
        torch.manual_seed(1)
        size = len(vocabulary.source)
        sizes = VocabularySizes(source=size, target=size, shared=True)
        self.model = small_model(name, "scaled_dot", sizes, **LAYERS[name]).float()
        with torch.no_grad():
            for weight in self.model.parameters():
                weight.mul_(1.5)  # so that sentences have different translations
        self.vocabulary = vocabulary
        values = {"max_length_factor": 1.0, "max_length_extra": 5}
        self.config = SEARCHES.config("beam")(**shipped_values("search", "beam") | values)
        search = {"search": "beam", "maxLengthFactor": 1.0, "maxLengthExtra": 5}
        web = packed(self.model, vocabulary, {"maxCharacters": 1000, "search": search})
        facts = [("model", name)]
        self.shown = ShownModel(name=name, facts=facts, graphs=web.json, weights=web.weights)

    def translate(self, text):
        return build_translator(self.model, self.vocabulary, self.config, 4096, 1000).translate(
            [text]
        )[0]

    def pieces(self, ids):
        return self.vocabulary.target.pieces(ids)


@pytest.fixture(scope="module")
def vocabulary():
    lines = (shipped_folder("data") / "train.tsv").read_text(encoding="utf-8").splitlines()[:300]
    sentences = [text for line in lines for text in line.split("\t")[:2]]
    one = Vocabulary.train(sentences, vocabulary_config(size=150))
    return VocabularyPair(one, one)


@pytest.fixture(scope="module")
def transformer(vocabulary):
    return Made("transformer", vocabulary)


@pytest.fixture(scope="module")
def rnn(vocabulary):
    return Made("rnn", vocabulary)


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
    expected = transformer.translate("Is it  your dog?")
    read = transformer.pieces([*expected.source_tokens, 3])
    assert seen.texts(".chips bdi") == read
    assert line(page, "original") == expected.text
    written = transformer.pieces([*expected.target_tokens, 3])
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
    two = line(page, "original")
    assert two == transformer.vocabulary.target.decode(expected.target_tokens[:2])
    page.click("[data-action=back]")
    assert line(page, "original") == transformer.vocabulary.target.decode(
        expected.target_tokens[:1]
    )


def test_a_silent_layer_changes_the_translation_beside_the_original(seen, transformer):
    page, names = seen.page, ["decoder.layer1.cross", "decoder.layer2.cross"]
    original = transformer.translate(TEXT).text
    heads = page.locator(".heads button")
    for layer in range(2):
        heads.nth(2 * layer).click()
        page.locator(".touch .control:nth-child(2)").get_by_text("silent").click()
    with intervene(transformer.model, {name: silence([1, 2]) for name in names}):
        expected = transformer.translate(TEXT).text
    assert expected != original
    changed(page, expected)
    assert line(page, "original") == original
    assert page.locator(".line.changed .differs").count() > 0
    assert page.locator(".heads .silent").count() == 4
    page.locator(".changes button").first.click()
    silent = "() => document.querySelectorAll('.heads .silent').length"
    page.wait_for_function(f"{silent} === 3")
    page.click(".line.original button")  # look at the original again: nothing is silent there
    assert page.locator(".heads .silent").count() == 0
    page.click(".undo")
    page.wait_for_selector(".line.changed", state="hidden")


def test_another_next_word_is_chosen_and_the_sentence_goes_on(seen, transformer):
    page, tokens = seen.page, transformer.translate(TEXT).target_tokens
    page.click("[data-action=first]")
    for _ in range(3):
        page.click("[data-action=forward]")
    choice = page.locator(".candidates button[aria-pressed=false]").first
    token = int(choice.get_attribute("data-token"))
    choice.click()
    source = torch.tensor([[*transformer.translate(TEXT).source_tokens, 3]])
    search = SEARCHES.build(transformer.config)
    prefix = [*tokens[:1], token]
    (found,) = search(transformer.model, source, torch.ones_like(source, dtype=bool), [prefix])
    changed(page, transformer.vocabulary.target.decode(found[0].tokens))
    assert seen.text(".where") == f"piece 2 of {len(found[0].tokens) + 1}"
    assert seen.texts(".nodes .on-way bdi")[:2] == transformer.pieces(prefix)


def test_temperature_and_search_are_chosen(seen, transformer):
    page = seen.page
    before = seen.texts(".candidates .number")
    page.locator(".choice input[type=range]").fill("1")
    page.wait_for_function("() => document.querySelector('.choice output').textContent === '4.00'")
    assert seen.texts(".candidates .number") != before
    page.click(".undo")
    page.select_option(".choice select", "greedy")
    greedy = SEARCHES.config("greedy")(
        **{
            **shipped_values("search", "greedy"),
            "max_length_factor": 1.0,
            "max_length_extra": 5,
        }
    )
    expected = build_translator(transformer.model, transformer.vocabulary, greedy, 4096, 1000)
    changed(page, expected.translate([TEXT])[0].text)
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
        assert found == [made.translate(TEXT).text for made in (transformer, rnn)]


def test_the_commands_write_it(browser, tmp_path, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    done = attnlab(*tiny("rnn", "runs_root=runs", "name=one"), folder=tmp_path)
    assert done.code == 0, done.errors
    played = attnlab("play", "one", "-o", "lesson.html", folder=tmp_path)
    assert played.code == 0, played.errors
    assert re.fullmatch(r"lesson\.html \(\d+\.\d MB\)\n", played.output)
    assert "open that page in any browser" in played.errors
    refused = attnlab("export", "one", "--to", "web", "-o", "lesson.txt", folder=tmp_path)
    assert refused.code == 2
    assert "call it so" in refused.errors
    with opened(browser, tmp_path / "lesson.html") as seen:
        settled(seen.page)
        text = seen.page.input_value("#sentence")
        (pair,) = {text} & {
            line.partition("\t")[0]
            for line in (shipped_folder("data") / "test.tsv").read_text("utf-8").splitlines()
        }
        translated = attnlab("translate", "one", given=pair.encode(), folder=tmp_path)
        assert line(seen.page, "original") == translated.output.strip()
