"""attnlab report: its figures against those of other commands, its page in a browser, bad input."""

import json
import logging
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from filelock import FileLock

from attnlab.studies.report.job import ReportOptions, make_report
from attnlab.support.errors import AttnlabError, UsageError
from tests.browser import opened
from tests.runs import attnlab, tiny

CLAIM = """
question: Does attention help <here>?
splits: [test]
group_by: [model]
published:
  source: Bahdanau et al. 2015, table 1
  columns: [model, BLEU]
  rows: [[RNNenc, 13.93], [RNNsearch, 21.50]]
expectations:
  - says: attention is better by chrF
    metric: chrf
    terms:
      - {weight: 1, settings: {model: bahdanau}, split: test}
      - {weight: -2, settings: {model: rnn}, split: test}
  - says: it aligns
    metric: aer
    terms: [{weight: -1, settings: {model: bahdanau}, split: test}]
  - says: a third model is better
    terms: [{weight: 1, settings: {model: transformer}, split: test}]
"""


BRIEFLY = ("max_updates=4", "validate_every=2", "watch_sentences=0")


class Tables(HTMLParser):
    """The cells of each table of a page, by caption."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: dict[str, list[list[str]]] = {}
        self._caption, self._rows, self._text = "", [], None
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self._rows = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th", "caption"):
            self._text = ""

    def handle_data(self, data):
        if self._text is not None:
            self._text += data

    def handle_endtag(self, tag):
        if tag == "caption":
            self._caption = self._text
        elif tag in ("td", "th"):
            self._rows[-1].append(self._text)
        elif tag == "table":
            self.found[self._caption] = self._rows
        if tag in ("td", "th", "caption"):
            self._text = None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two seeds of two models, hardly trained, on the first sentences of the built-in corpus."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "own" / "claims").mkdir(parents=True)
    (folder / "own" / "claims" / "mine.yaml").write_text(CLAIM, encoding="utf-8")
    for model in ("rnn", "bahdanau"):
        for seed in (1, 2):
            done = attnlab(*tiny(model, f"seed={seed}", "name=models", *BRIEFLY), folder=folder)
            assert done.code == 0, done.errors
    return folder


def report(folder, *names, output="page.html", **options):
    """The page at `output`, made in this process."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        make_report(names, [Path(output)], ReportOptions(**options))
    finally:
        os.chdir(before)
    return folder / output


@pytest.fixture(scope="module")
def page(folder):
    options = ["--config-dir", "own", "--claim", "mine", "--metric", "bleu", "--metric", "chrf"]
    found = attnlab("report", "models", *options, folder=folder)
    assert found.code == 0, found.errors
    assert found.output.splitlines()[-2:] == [
        "3 expectations: 1 contradicted, 1 not decided, 1 not measured",
        "runs/models/report.html",
    ]
    return folder / "runs" / "models" / "report.html"


@pytest.fixture(scope="module")
def tables(page):
    return Tables(page).found


def compared(folder):
    arguments = ["models", "--metric", "chrf", "--metric", "bleu", "-f", "json", "search=greedy"]
    return json.loads(attnlab("compare", *arguments, folder=folder).output)


def test_scores_are_those_of_compare(folder, tables):
    for metric, caption in (("bleu", "BLEU of test"), ("chrf", "chrF2 of test")):
        head, *rows = tables[caption]
        assert [row[0] for row in rows] == ["rnn", "bahdanau"]
        for row, expected in zip(rows, compared(folder)["rows"], strict=True):
            figure = next(each for each in expected["figures"] if each["metric"] == metric)
            cell = f"{figure['mean']:.2f} ± {figure['deviation']:.2f}"
            assert row[head.index(caption.split()[0])] == cell


def test_groups_and_alignment_are_those_of_eval_and_heads(folder, tables, caplog):
    run = min((folder / "runs" / "models").glob("*/config.yaml")).parent
    name = f"models/{run.name}"
    by = ["--by", "tag", "--by", "length"]
    scored = json.loads(
        attnlab("eval", name, "--bleu", *by, "--json", "search=greedy", folder=folder).output
    )["splits"]["test"]["by"]
    with caplog.at_level(logging.INFO, "attnlab"):
        alone = Tables(report(folder, name)).found
    assert "evaluating" not in caplog.text, "what eval stored is read"
    for grouping, caption in (("tag", "BLEU by tag, test"), ("length", "BLEU by length, test")):
        large = {key: each for key, each in scored[grouping].items() if each["sentences"] >= 10}
        assert len(large) > 1
        names = [name.removesuffix(" source words") for name in large]
        assert [row[0] for row in alone[caption][1:]] == names
        for row, each in zip(alone[caption][1:], large.values(), strict=True):
            assert row[1:] == [str(each["sentences"]), f"{each['bleu']['score']:.1f}"]
    rates = []
    for number in (1, 2):
        other = attention_run(folder, number)
        heads = json.loads(attnlab("heads", other, "-n", "200", "--json", folder=folder).output)
        (head,) = heads["heads"]
        rates.append(min(head["alignment_error_rate"].values()))
    mean, deviation = sum(rates) / 2, abs(rates[0] - rates[1]) / 2**0.5
    assert tables["Alignment error rate (%)"][2][1] == f"{mean:.1f} ± {deviation:.1f}"
    assert tables["Alignment error rate (%)"][1][1] == "no attention"


def attention_run(folder, seed):
    for path in (folder / "runs" / "models").glob("*/config.yaml"):
        text = path.read_text(encoding="utf-8")
        if "name: bahdanau" in text and f"\nseed: {seed}\n" in text:
            return f"models/{path.parent.name}"
    raise AssertionError


def test_verdicts_are_those_of_hand_arithmetic(folder, page):
    rows = {row["settings"]["model"]: row for row in compared(folder)["rows"]}
    scores = {
        model: next(each for each in row["figures"] if each["metric"] == "chrf")["scores"]
        for model, row in rows.items()
    }
    sums = [a - 2 * r for a, r in zip(scores["bahdanau"], scores["rnn"], strict=True)]
    mean, half = sum(sums) / 2, 12.7062 * abs(sums[0] - sums[1]) / 2  # t(0.975, 1); s/√2
    verdict = (
        "reproduced" if mean - half > 0 else "contradicted" if mean + half < 0 else "not decided"
    )
    text = re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8"))
    text = " ".join(text.split())
    bleu = report(folder, "models", metrics=["bleu"], claim="mine", config_dir=folder / "own")
    numbers = f"{mean:+.2f}, 95 % interval {mean - half:+.2f} to {mean + half:+.2f} over 2 seeds"
    assert f"{verdict} attention is better by chrF {numbers}" in text
    assert numbers in bleu.read_text(encoding="utf-8"), "whichever metrics are shown"
    assert "chrF2 of test" not in Tables(bleu).found
    assert "contradicted it aligns" in text, "an error rate is never below 0"
    assert "not measured a third model is better no run for the term" in text


def test_the_page_in_a_browser(page, browser):
    """No request, no script, no complaint; light, dark and narrow; tables and figures are there."""
    for width, dark in ((1280, False), (1280, True), (360, False)):
        with opened(browser, page, width=width, dark=dark, drawn="main h2") as it:
            measured = it.page.evaluate(
                """() => ({
                    wide: document.documentElement.scrollWidth,
                    smallest: Math.min(...[...document.querySelectorAll("svg text")].map(
                        each => each.getBoundingClientRect().height)),
                    paper: getComputedStyle(document.body).backgroundColor,
                    drawn: getComputedStyle(document.querySelector("svg path")).fill,
                    scripts: document.scripts.length,
                    names: [...document.querySelectorAll("[id]")].map(each => each.id),
                })"""
            )
            assert measured["wide"] <= width, "only tables and figures scroll sideways"
            assert measured["scripts"] == 0
            assert measured["smallest"] > 9
            assert measured["drawn"] == measured["paper"]
            assert (measured["paper"] == "rgb(255, 255, 255)") is not dark
            assert len(set(measured["names"])) == len(measured["names"])
            assert it.text("h1") == "Does attention help <here>?"
            assert it.page.locator("svg[role=img][aria-label]").count() >= 7
            parts = it.texts("h2")
            assert it.texts("nav a") == parts
            assert {"Published", "Scores", "Learning curves", "To repeat it"} <= set(parts)
            heatmaps = it.page.locator("svg[aria-label*='by bahdanau']")
            assert heatmaps.count() == 3
            assert "rnn has no attention, and so no heatmap." in it.text("main")


def test_commands_of_the_page_are_those_that_trained(folder, page):
    blocks = re.findall(r"<code>(.*?)</code>", page.read_text(encoding="utf-8"), re.DOTALL)
    typed = blocks[0].splitlines()
    assert len(typed) == 4
    assert typed[0] == " ".join(["attnlab", *tiny("rnn", "seed=1", "name=models", *BRIEFLY)])
    assert blocks[1].startswith("attnlab report models --metric=bleu --metric=chrf --claim=mine")


def test_markdown_has_its_figures_beside_it_and_the_same_bytes_each_time(folder):
    texts = []
    report(folder, "models", output="docs/again.md", sentences=[7])
    own = folder / "docs" / "again-figures" / "own.svg"
    assert own.with_name("sentence-7-2.svg").is_file()
    own.write_text("<svg/>")
    for name in ("models", "again"):
        report(folder, "models", output=f"docs/{name}.md", sentences=[3, 5])
        figures = sorted((folder / "docs" / f"{name}-figures").iterdir())
        figures = [each for each in figures if each != own]
        texts.append({path.name: path.read_bytes() for path in figures})
    assert texts[0] == texts[1]
    text = (folder / "docs" / "again.md").read_text(encoding="utf-8")
    assert text == (folder / "docs" / "models.md").read_text().replace(
        "models-figures", "again-figures"
    )
    linked = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert sorted(linked) == [f"again-figures/{path.name}" for path in figures]
    assert "test, sentence 3: " in text
    assert max(path.stat().st_size for path in figures) < 40_000


def test_what_cannot_be_read_is_said_and_the_rest_is_done(folder, page, tmp_path, caplog):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    rnn_1, rnn_2, bahdanau_1, bahdanau_2 = sorted((tmp_path / "runs" / "models").glob("20*"))
    (rnn_1 / "config.yaml").write_text("format: 3\n")  # of an older format
    with (bahdanau_1 / "metrics.jsonl").open("a") as file:
        file.write('{"update": 8, "valid/lo')  # being written, or cut off
    (rnn_2 / "finished.json").unlink()
    config = (bahdanau_2 / "config.yaml").read_text()
    assert "root: " in config
    gone = re.sub(r"root: .*", "root: /nowhere", config)
    (bahdanau_2 / "config.yaml").write_text(gone)  # its corpus is gone, and nothing is stored
    for stored in ("scores", "translations"):
        shutil.rmtree(bahdanau_2 / stored)
    (tmp_path / "runs" / "models" / "empty").mkdir()
    shutil.copytree(bahdanau_1, tmp_path / "runs" / "models" / "2000-01-01_00-00-00")
    with FileLock(tmp_path / "runs" / "models" / "2000-01-01_00-00-00" / ".lock"):
        path = report(tmp_path, "models")
    page = path.read_text(encoding="utf-8")
    for said in (caplog.text, page):
        assert f"models/{rnn_1.name} is left out: written in run format 3" in said
        assert f"models/{bahdanau_2.name} is left out: no corpus /nowhere" in said
        assert "models/2000-01-01_00-00-00 is left out: it is still training" in said
    assert f"models/{bahdanau_1.name}: a line of metrics.jsonl cannot be read" in page
    assert f"models/{rnn_2.name} was interrupted after 4 updates" in page
    rows = Tables(path).found["BLEU of test"]
    assert [row[0] for row in rows] == ["model", "rnn", "bahdanau"]


def test_scores_outlive_their_corpus(folder, page, tmp_path):
    """What is stored is shown; what needs the corpus is left out with the reason."""
    shutil.copytree(folder / "runs", tmp_path / "runs")
    for path in (tmp_path / "runs" / "models").glob("*/config.yaml"):
        path.write_text(re.sub(r"root: .*", "root: /nowhere", path.read_text()))
    for path in (tmp_path / "runs" / "models").glob("*/scores/*.attention.json"):
        path.unlink()
    path = report(tmp_path, "models")
    tables = Tables(path).found
    assert len(tables["BLEU of test"]) == 3
    assert "BLEU by length, test" in tables
    assert "BLEU by tag, test" not in tables
    text = path.read_text(encoding="utf-8")
    assert "test is not shown by phenomenon: no corpus /nowhere" in text
    assert re.search(
        r"the attention of models/\S+ on test is not measured: no corpus /nowhere", text
    )


@pytest.mark.parametrize(
    ("names", "options", "error", "message"),
    [
        (["nobody"], {}, AttnlabError, "there is no run 'nobody'"),
        (["own"], {}, AttnlabError, "own: there are no runs"),
        (["models"], {"output": "page.pdf"}, UsageError, r"end the name with \.html or \.md"),
        (["models"], {"splits": ["test_wide"]}, AttnlabError, "(?s)none of the runs.*test_wide"),
        (["models"], {"sentences": [0]}, UsageError, "test has sentences 1 to 50"),
        (["models"], {"metrics": ["blue"]}, UsageError, "--metric=blue is none of: bleu"),
        (["models"], {"claim": "nothing"}, UsageError, "'nothing': there is no such claim"),
        (["models"], {"group_by": ["modle"]}, UsageError, "no run has such a setting"),
        (["models"], {"baseline": "model=gru"}, UsageError, "there are: model=rnn; model=bah"),
    ],
)
def test_what_makes_no_report_is_refused(folder, page, names, options, error, message):
    with pytest.raises(error, match=message):
        report(folder, *names, **options)


def test_a_sweep_with_a_claim_ends_with_its_report(folder):
    sweep = [
        *tiny("rnn", *BRIEFLY, "claim=mine", "name=swept"),
        "-m",
        "seed=1,2",
        "--config-dir",
        "own",
    ]
    done = attnlab(*sweep, folder=folder)
    assert done.code == 0, done.errors
    assert "3 expectations: 3 not measured" in done.errors
    page, text = (folder / "runs" / "swept" / f"report.{kind}" for kind in ("html", "md"))
    assert page.is_file()
    said = text.read_text(encoding="utf-8")
    assert said.startswith("# Does attention help \\<here\\>?")
    assert "    attnlab report swept --config-dir=own" in said
    assert "Machine of the training: " in said
