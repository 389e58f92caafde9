"""The Python API: what it returns is what the commands write, and importing it costs nothing."""

import json
import signal
import subprocess
import sys
import threading
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

import attnlab
from attnlab.data.tokens import BEGIN, END
from attnlab.plotting.saving import save_figure
from tests.browser import opened
from tests.runs import attnlab as command
from tests.runs import environment, tiny

TEXTS = ["The cat sleeps.", "She does not sing.", "We know <the> dogs & cats."]
NAMES = {
    "transformer": [
        "encoder.layer1.self",
        *(f"decoder.layer{layer}.{which}" for layer in (1, 2) for which in ("self", "cross")),
    ],
    "bahdanau": ["decoder.cross"],
}


def settings(model: str, root, *more: str) -> list[str]:
    [_, *overrides] = tiny(model, f"runs_root={root}", *more)
    return overrides


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A small run of each model, all trained in this process."""
    root = tmp_path_factory.mktemp("api") / "runs"
    more = {"transformer": ["model.encoder_layers=1"]}
    return {
        model: attnlab.train(settings(model, root, *more.get(model, ())))
        for model in (*NAMES, "rnn")
    }


@pytest.fixture
def run(runs):
    return runs["transformer"]


every_attention = pytest.mark.parametrize("model", NAMES)


def test_importing_attnlab_imports_nothing_heavy():
    code = "import attnlab, sys; dir(attnlab); print(attnlab.__version__, *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    version, *modules = done.stdout.split()
    assert version == attnlab.__version__
    assert not {"torch", "numpy", "hydra", "typer", "attnlab.api"} & set(modules)
    assert set(attnlab.__all__) <= set(dir(attnlab))
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        attnlab.lode  # noqa: B018


@every_attention
def test_attention_is_that_of_a_pass_over_the_whole_translation(runs, model):
    run = runs[model]
    translation = run.translate(TEXTS[0])
    vocabulary, network = run.loaded.vocabulary, run.model
    source = torch.tensor([[*vocabulary.source.encode(TEXTS[0]), END]])
    target = torch.tensor([[BEGIN, *translation.target_tokens]])
    seen: dict[str, list[torch.Tensor]] = {}
    modules = {name: each for name, each in network.named_modules() if hasattr(each, "observers")}
    for name, module in modules.items():
        module.observers.append(lambda step, name=name: seen.setdefault(name, []).append(step))
    with torch.no_grad():
        network.decode(target, network.encode(source, torch.ones_like(source, dtype=torch.bool)))
    for module in modules.values():
        module.observers.clear()
    recorded = [torch.cat([step.weights for step in steps], dim=-2) for steps in seen.values()]
    assert list(translation.attention) == NAMES[model]
    for weights, expected in zip(translation.attention.values(), recorded, strict=True):
        assert isinstance(weights, np.ndarray)
        heads = expected[0].reshape(-1, *expected.shape[-2:])
        np.testing.assert_allclose(weights, heads, atol=1e-6)


@every_attention
def test_axes_are_named_by_pieces(runs, model):
    translation = runs[model].translate(TEXTS[0])
    assert "".join(translation.pieces).replace("▁", " ").strip() == translation.text
    assert "".join(translation.source_pieces).replace("▁", " ").strip() == translation.source
    source, read = [*translation.source_pieces, "</s>"], ["<s>", *translation.pieces]
    for name, axes in translation.axes.items():
        assert list(axes) == ["head", "query", "key"]
        assert tuple(map(len, axes.values())) == translation.attention[name].shape
        is_cross, is_encoder = name.endswith("cross"), name.startswith("encoder")
        queries = [*translation.pieces, "</s>"] if is_cross else source if is_encoder else read
        assert axes["query"] == queries
        assert axes["key"] == (source if is_cross or is_encoder else read)


def test_translations_and_their_likelihoods_are_those_of_the_command(run, tmp_path):
    given = "\n".join([*TEXTS, ""]).encode()
    asked = ("translate", str(run.folder), "--format", "json")
    done = command(*asked, folder=tmp_path, given=given)
    told = [json.loads(line) for line in done.output.splitlines()]
    found = run.translate([*TEXTS, " "])
    for ours, theirs in zip(found[:3], told, strict=True):
        [best, *_] = theirs["hypotheses"]
        assert (ours.source, ours.text) == (theirs["source"], best["text"])
        assert ours.log_probability == pytest.approx(best["log_probability"], abs=1e-4)
    assert (found[3].text, found[3].pieces, found[3].log_probability) == ("", [], 0.0)


def test_a_target_that_is_given_is_decoded_as_it_is(run):
    given = run.force(TEXTS[0], "Le chat dort.")
    vocabulary, model = run.loaded.vocabulary, run.model
    source = torch.tensor([[*vocabulary.source.encode(TEXTS[0]), END]])
    tokens = vocabulary.target.encode("Le chat dort.")
    state = model.encode(source, torch.ones_like(source, dtype=torch.bool))
    log_probability = 0.0
    with torch.no_grad():
        for read, said in zip([BEGIN, *tokens], [*tokens, END], strict=True):
            logits, state = model.decode(torch.tensor([[read]]), state)
            log_probability += logits[0, 0].log_softmax(-1)[said].item()
    assert given.text == "Le chat dort."
    assert given.log_probability == pytest.approx(log_probability, abs=1e-3)
    assert given.inspected().maps[-1].queries == ["Le", "chat", "dort.", "</s>"]


def test_scores_are_those_of_the_command(run, tmp_path):
    done = command("eval", str(run.folder), "--json", "search=greedy", folder=tmp_path)
    expected = json.loads(done.output)
    found = attnlab.load(run.folder, ["search=greedy"]).score(metrics=["bleu", "chrf", "exact"])
    ours = found.as_json()
    for each in (ours, expected):
        each["splits"]["test"].pop("timing")
    assert ours == expected
    assert found["bleu"] == expected["splits"]["test"]["bleu"]["score"]
    assert "<pre>BLEU " in found._repr_html_()
    with pytest.raises(attnlab.UsageError, match="ter is not the score of a single split"):
        found["ter"]


def test_figures_and_pages_are_those_of_the_command(run, tmp_path):
    shown = run.sentence(3, reference=True)
    figure = shown.plot()
    save_figure(figure, tmp_path / "ours.svg")
    asked = ("plot-attention", str(run.folder), "--sentence", "3", "--reference")
    command(*asked, "-o", "figure.svg", folder=tmp_path)
    command(*asked, "-o", "page.html", folder=tmp_path)
    assert (tmp_path / "ours.svg").read_bytes() == (tmp_path / "figure.svg").read_bytes()
    page = shown.explorer().save(tmp_path / "new" / "ours.html").read_text(encoding="utf-8")
    theirs = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.replace("the corpus's", "builtin, test") == theirs
    assert isinstance(figure, Figure)
    picture, size = figure._repr_png_()
    width, height = (int.from_bytes(picture[start : start + 4]) for start in (16, 20))
    assert picture.startswith(b"\x89PNG")
    assert (width, height) == pytest.approx((2 * size["width"], 2 * size["height"]), abs=2)


def test_what_is_not_there_is_refused_with_a_message(run, runs, tmp_path):
    with pytest.raises(attnlab.AttnlabError, match="there are no runs under"):
        attnlab.load(overrides=[f"runs_root={tmp_path}"])
    with pytest.raises(attnlab.UsageError, match="serch"):
        attnlab.load(run.folder, ["serch=greedy"])
    with pytest.raises(attnlab.UsageError, match="no_such"):
        attnlab.train("model=no_such")
    with pytest.raises(attnlab.UsageError, match="metric blue is none of: bleu"):
        run.score(metrics=["blue"])
    with pytest.raises(attnlab.UsageError, match="test has sentences 1 to"):
        run.sentence(0)
    with pytest.raises(attnlab.UsageError, match="empty sentence"):
        run.translate(" ").plot()
    with pytest.raises(attnlab.UsageError, match="either translations or forced targets"):
        run.explorer([run.translate("A cat."), run.force("A cat.", "Un chat.")])
    plain = runs["rnn"].translate(TEXTS[2])
    assert "&lt;the&gt; dogs &amp; cats." in plain._repr_html_()
    for asked in (lambda: plain.attention, plain.plot, plain.explorer):
        with pytest.raises(attnlab.AttnlabError, match="model=rnn has no attention to"):
            asked()


def test_training_in_a_thread_tells_a_listener_and_leaves_logging_alone(tmp_path, capfd):
    told: list[str] = []
    found = []

    def train():
        found.append(attnlab.train(settings("rnn", tmp_path), listen=told.append))

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert any(each.startswith("update 8 · valid") for each in told)
    assert told[-1].startswith("trained 8 updates")
    assert capfd.readouterr().out == ""
    assert found[0].folder.is_relative_to(tmp_path)
    assert repr(found[0]).startswith("<run builtin-rnn-tiny/")


def test_an_interrupted_training_is_saved_and_resumed_and_the_process_lives_on(tmp_path):
    def interrupt(message: str) -> None:
        if message.startswith("update 4 · valid"):
            for _ in range(3):  # more of them would end a command at once
                signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="stopped at update 4, and saved"):
        attnlab.train(settings("rnn", tmp_path), listen=interrupt)
    assert signal.getsignal(signal.SIGINT) is before
    [folder] = (path.parent for path in tmp_path.glob("*/*/config.yaml"))
    run = attnlab.train("max_updates=6", resume=folder)
    assert run.folder.samefile(folder)
    assert json.loads((folder / "finished.json").read_text())["updates"] == 6


class _Frames(HTMLParser):
    """The documents within frames."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.documents: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "iframe":
            self.documents.append(dict(attributes)["srcdoc"])


def test_a_notebook_shows_explorers_side_by_side(run, browser, tmp_path):
    results = [run.translate(text) for text in TEXTS[:2]]
    cells = [each._repr_html_() for each in results]
    frames = [_Frames(cell).documents for cell in cells]
    assert frames == [[each.explorer().html] for each in results]
    path = tmp_path / "notebook.html"
    style = "<style>body { color: rgb(1, 2, 3); margin: 7px }</style><p id=own>A cell.</p>"
    path.write_text(f"<!doctype html><meta charset=utf-8>{style}{''.join(cells)}")
    with opened(browser, path, drawn="iframe") as shown:
        for frame, each in zip(shown.page.frames[1:], results, strict=True):
            frame.wait_for_selector("html[data-ready]")
            assert frame.locator("#source").inner_text().strip() == each.source
            assert frame.locator("#target").inner_text().strip() == each.text
        colour = "getComputedStyle(document.querySelector('#own')).color"
        assert shown.page.evaluate(colour) == "rgb(1, 2, 3)"
        assert shown.page.evaluate("getComputedStyle(document.body).margin") == "7px"
