"""The explorer in a real browser: what its reader sees is what the model really did."""

from pathlib import Path

import numpy as np
import pytest
import torch

from attnlab.commands.arguments import load
from attnlab.commands.plot_attention import plot_attention
from attnlab.data.tokens import BEGIN, END
from attnlab.evaluate.alignment import gold_pair, measure_heads
from attnlab.evaluate.sentences import inspect_sentences
from attnlab.inspection.maps import attention_maps
from attnlab.studies.explorer.job import write_explorer
from attnlab.support.errors import UsageError
from tests.browser import opened
from tests.runs import attnlab, tiny

LARGER = {  # as many maps as the page's promised size is for
    "bahdanau": (),
    "transformer": ("model.heads=4", "model.encoder_layers=4", "model.decoder_layers=4"),
}
SENTENCES = range(1, 11)
KINDS = ["cross", "encoder", "decoder"]  # in the order in which the page offers them


@pytest.fixture(scope="module", params=["bahdanau", "transformer"])
def trained(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    quick = ("max_updates=3", "validate_every=3", "validate_sentences=2", "runs_root=runs")
    settings = (*LARGER[request.param], *quick)
    done = attnlab(*tiny(request.param, *settings), folder=folder)
    assert done.code == 0, done.errors
    (run,) = (path.parent for path in folder.glob("runs/**/config.yaml"))
    found, _ = load([str(run)], None)
    return found


def write(trained, output, *, texts=(), numbers=SENTENCES, reference=True, pieces=False):
    return write_explorer(
        trained,
        texts=texts,
        split="test",
        numbers=numbers,
        reference=reference,
        pieces=pieces,
        output=output,
    )


@pytest.fixture(scope="module")
def page(trained, tmp_path_factory):
    return write(trained, tmp_path_factory.mktemp("page") / "page.html")


@pytest.fixture(scope="module")
def inspected(trained):
    return list(inspect_sentences(trained, split="test", numbers=SENTENCES, reference=True))


def kinds_of(sentence):
    return list(dict.fromkeys(each.kind for each in sentence.maps))


def choose(seen, *, sentence=0, kind="cross", layer=0, head=0):
    """Set the selectors that are there; all count from 0."""
    places = {"sentence": sentence, "kind": KINDS.index(kind), "layer": layer, "head": head}
    for name, place in places.items():
        if seen.page.is_visible(f"#{name}"):
            seen.page.select_option(f"#{name}", index=place)


def test_a_page_is_small_and_always_the_same(trained, page, tmp_path):
    assert page.stat().st_size < 1_000_000
    again = write(trained, tmp_path / "again.html")
    assert again.read_bytes() == page.read_bytes()


def test_the_page_says_what_it_shows(browser, trained, page):
    config = trained.run.config
    with opened(browser, page) as seen:
        facts = seen.text("#facts")
        for fact in (trained.run.folder.name, config.model.name, config.score.name, "test"):
            assert fact in facts
        assert seen.page.locator("#sentence option").count() == len(SENTENCES)


def test_every_selector_changes_what_is_drawn(browser, inspected, page):
    several = len(inspected[0].maps) > 1
    with opened(browser, page) as seen:
        drawn = [seen.page.locator("#stage").inner_html()]

        def changed():
            drawn.append(seen.page.locator("#stage").inner_html())
            return drawn[-1] != drawn[-2]

        choose(seen)
        drawn.append(seen.page.locator("#stage").inner_html())
        for name, place in (("layer", 1), ("head", 2), ("head", 4), ("kind", 1)):
            assert seen.page.is_visible(f"#{name}") == several
            if several:
                seen.page.select_option(f"#{name}", index=place)
                assert changed(), f"{name} {place}"
        seen.page.select_option("#sentence", index=1)
        assert changed()
        seen.page.click("#next")
        assert changed()
        assert seen.text("#source") == inspected[2].source
        seen.view("matrix")
        assert changed()
        assert seen.page.is_visible("#heads") == several
        if several:
            thumbnail = seen.page.locator("#thumbnails button").nth(2 * 5 + 1)
            thumbnail.click()
            assert changed()
            assert thumbnail.get_attribute("aria-pressed") == "true"
            assert "layer 3 · head 2" in seen.text("#name")


def test_a_hovered_word_shows_the_weights_that_the_model_had(browser, trained, inspected, page):
    place = 4
    sentence = inspected[place]
    maps = attention_maps(
        trained.model, trained.vocabulary, sentence.source_tokens, sentence.target_tokens
    )
    with opened(browser, page) as seen:
        for kind in kinds_of(sentence):
            of_kind = [each for each in maps if each.kind == kind]
            chosen = [of_kind[0], of_kind[-1]]
            for each in chosen:
                choose(seen, sentence=place, kind=kind, layer=each.layer - 1, head=each.head - 1)
                for query in (1, len(each.queries) - 1):
                    seen.page.hover(seen.word("query", query))
                    assert seen.weights("key") == pytest.approx(
                        each.weights[query].tolist(), abs=0.00051
                    )
                for key in (0, 2):
                    seen.page.hover(seen.word("key", key))
                    assert seen.weights("query") == pytest.approx(
                        each.weights[:, key].tolist(), abs=0.00051
                    )
            heads = [each.weights for each in of_kind if each.layer == 1]
            if len(heads) > 1:
                choose(seen, sentence=place, kind=kind, layer=0, head=len(heads))
                assert "mean of heads" in seen.text("#name")
                seen.page.hover(seen.word("query", 1))
                mean = np.mean(heads, axis=0)[1]
                assert seen.weights("key") == pytest.approx(mean.tolist(), abs=0.00052)


def test_a_hovered_cell_shows_its_row_and_its_weight(browser, inspected, page):
    drawn = next(each for each in inspected[1].maps if each.kind == "cross")
    with opened(browser, page) as seen:
        choose(seen, sentence=1)
        seen.view("matrix")
        seen.page.hover("td[data-query='2'][data-key='3']")
        assert seen.text("#looks-title") == f"“{drawn.queries[2]}” looks at"
        shown = float(seen.text("#looks-list .pointed .number"))
        assert shown == pytest.approx(float(drawn.weights[2, 3]), abs=0.00051)
        numbers = seen.texts("td.pointed[data-query='2'] .number")
        cells = [
            float(f"0{text}") if text.startswith(".") else float(text or 0) for text in numbers
        ]
        assert cells == pytest.approx(drawn.weights[2].tolist(), abs=0.00051)


def test_gold_links_are_those_of_the_corpus(browser, inspected, page):
    with opened(browser, page) as seen:
        seen.view("matrix")
        for place in (1, 4):
            choose(seen, sentence=place)
            seen.page.set_checked("#gold", False)
            assert seen.page.locator("td.gold").count() == 0
            seen.page.set_checked("#gold", True)
            cells = seen.page.eval_on_selector_all(
                "td.gold", "cells => cells.map(c => [+c.dataset.query, +c.dataset.key])"
            )
            assert {tuple(cell) for cell in cells} == inspected[place].gold
        seen.view("lines")
        assert seen.page.locator("path.gold").count() == len(inspected[4].gold)
        if "encoder" in kinds_of(inspected[4]):
            choose(seen, sentence=4, kind="encoder")
            assert seen.page.is_disabled("#gold")
            assert "cross-attention" in seen.text("#no-gold")


def test_why_there_is_no_gold(browser, trained, tmp_path):
    own_translation = write(trained, tmp_path / "translation.html", numbers=[3], reference=False)
    with opened(browser, own_translation) as seen:
        assert seen.page.is_disabled("#gold")
        assert "this translation is another" in seen.text("#no-gold")
    own = write(trained, tmp_path / "own.html", texts=["The cat sleeps."], reference=False)
    with opened(browser, own) as seen:
        assert seen.page.is_disabled("#gold")
        assert "no gold alignment" in seen.text("#no-gold")


def test_entropy_and_alignment_error_of_a_head(browser, trained, inspected, page):
    sentence = inspected[4]
    gold = gold_pair(sentence.pair, trained.run.config.data, "test")
    errors = {
        each.convention: 100 * each.counts.error_rate
        for each in measure_heads(trained, [gold])
        if (each.layer, each.head) == (1, 1)
    }
    (over_pieces,) = [
        each.weights.astype(float)
        for each in attention_maps(
            trained.model,
            trained.vocabulary,
            sentence.source_tokens,
            sentence.target_tokens,
            pieces=True,
        )
        if (each.kind, each.layer, each.head) == ("cross", 1, 1)
    ]
    rows = -np.sum(over_pieces * np.log(np.maximum(over_pieces, 1e-30)), axis=1)
    with opened(browser, page) as seen:
        choose(seen, sentence=4)
        measures = seen.text("#measures")
        assert f"entropy {rows.mean():.3f} nats" in measures
        assert f"normalised {(rows / np.log(over_pieces.shape[1])).mean():.3f}" in measures
        assert f"{errors['predicts']:.1f} % at the step that predicts a word" in measures
        assert f"{errors['reads']:.1f} % at the one that reads it" in measures


def test_candidates_are_the_models_own_softmax(browser, trained, inspected, page):
    sentence = inspected[4]
    source = torch.tensor([[*sentence.source_tokens, END]])
    read = [BEGIN, *sentence.target_tokens]
    with torch.no_grad():
        state = trained.model.encode(source, torch.ones_like(source, dtype=torch.bool))
        logits, _ = trained.model.decode(torch.tensor([read]), state)
    probabilities = (
        logits[0].double().exp() / logits[0].double().exp().sum(-1, keepdim=True)
    ).numpy()
    pieces = trained.vocabulary.target.pieces
    with opened(browser, page) as seen:
        choose(seen, sentence=4)
        cross = next(each for each in sentence.maps if each.kind == "cross")
        step = 0
        for query in range(len(cross.queries)):
            seen.page.focus(seen.word("query", query))
            for card in seen.page.locator(".step").all():
                target = [*sentence.target_tokens, END][step]
                names = card.locator("h3 bdi").all_text_contents()
                assert names == pieces([read[step], target])
                likeliest = np.sort(probabilities[step])[::-1][:5]
                shown = [float(text) for text in card.locator(".number").all_text_contents()]
                assert shown[:5] == pytest.approx(likeliest.tolist(), abs=0.00051)
                own = card.locator(".target-piece .number").all_text_contents()
                assert [float(text) for text in own] == pytest.approx(
                    [probabilities[step, target]], abs=0.00051
                )
                step += 1
        assert step == len(read), "every step belongs to one word"


def test_by_keyboard_alone(browser, inspected, page):
    cross = next(each for each in inspected[0].maps if each.kind == "cross")
    with opened(browser, page) as seen:
        press = seen.page.keyboard.press
        visited = []
        for _ in range(25):
            press("Tab")
            focused = seen.page.evaluate("document.activeElement.id || document.activeElement.name")
            visited.append(focused)
            outline = seen.page.evaluate(
                "getComputedStyle(document.activeElement.matches('.switch input') ? "
                "document.activeElement.nextSibling : document.activeElement).outlineStyle"
            )
            assert outline == "solid", f"{focused} shows no focus"
            if seen.page.evaluate("document.activeElement.matches('.word')"):
                break
        assert {"theme", "sentence", "next", "view"} <= set(visited)
        assert seen.text("#looks-title") == f"“{cross.queries[0]}” looks at"
        press("ArrowDown")
        assert seen.text("#looks-title") == f"“{cross.queries[1]}” looks at"
        assert cross.queries[1] in seen.text("#aloud")
        press("ArrowRight")
        assert seen.text("#looks-title") == f"“{cross.keys[0]}” is looked at by"
        press("End")
        assert seen.text("#looks-title") == f"“{cross.keys[-1]}” is looked at by"
        press("ArrowLeft")
        assert seen.text("#looks-title") == f"“{cross.queries[1]}” looks at"
        press("Escape")
        assert seen.text("#looks-title") == "Point at a word"
        press("Shift+Tab")  # to the gold links, and further back to the views
        while seen.page.evaluate("document.activeElement.name") != "view":
            press("Shift+Tab")
        press("ArrowRight")
        assert seen.page.locator("table.matrix").count() == 1


def test_pieces(browser, trained, tmp_path):
    path = write(trained, tmp_path / "pieces.html", numbers=[2], pieces=True)
    (sentence,) = inspect_sentences(trained, split="test", numbers=[2], reference=True, pieces=True)
    drawn = next(each for each in sentence.maps if each.kind == "cross")
    with opened(browser, path) as seen:
        assert seen.texts(".words.of-query .word") == drawn.queries
        seen.page.hover(seen.word("query", 3))
        assert seen.page.locator(".step").count() == 1


def test_where_a_page_goes(trained, tmp_path):
    assert write(trained, None, numbers=[1]) == trained.run.plots / "attention.html"
    assert write(trained, tmp_path, numbers=[1]) == tmp_path / "attention.html"
    assert write(trained, tmp_path / "new", numbers=[1]) == tmp_path / "new" / "attention.html"


def test_the_command(trained, tmp_path, capsys):
    run = [str(trained.run.folder)]
    plot_attention(arguments=run, html=True, sentence=[3, 5], output=tmp_path / "page.html")
    assert capsys.readouterr().out.strip() == str(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count('"name":"test-') == 2
    plot_attention(arguments=run, html=True, reference=True, output=tmp_path)
    page = (tmp_path / "attention.html").read_text(encoding="utf-8")
    assert page.count('"name":"test-') == 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"html": True, "layer": [1]}, "--html shows every kind, layer and head"),
        ({"html": True, "best": True}, "--html shows every kind, layer and head"),
        ({"html": True, "through_training": True}, "--html is a page of its own"),
        ({"html": True, "output": Path("page.png")}, "ends with .html"),
        ({"html": True, "text": ["Hi."], "reference": True}, "--text has no reference"),
    ],
)
def test_what_a_page_cannot_be(trained, options, message):
    with pytest.raises(UsageError, match=message):
        plot_attention(arguments=[str(trained.run.folder)], **options)
