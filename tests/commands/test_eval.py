"""`attnlab eval`: what a score stands for, files of one's own, and what becomes of the texts."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from PIL import Image

from attnlab.evaluate.stored import stored_split
from attnlab.launch import compose_inference
from attnlab.run.folder import open_run
from attnlab.run.loaded import Recipe
from attnlab.search import SEARCHES
from tests.refusals import assert_no_raw_failure, assert_refused
from tests.runs import attnlab, tiny
from tests.warm import Attnlab

SUBJECTS = {"The dog": "狗", "The cat": "猫", "My friend": "我的朋友", "The teacher": "老师"}
VERBS = {
    "drinks water.": "在喝水。",
    "eats fish.": "在吃鱼。",
    "sees the moon.": "看见月亮。",
    "likes red tea.": "喜欢红茶。",
}
PAIRS = [(f"{a} {b}", f"{c}{d}") for a, c in SUBJECTS.items() for b, d in VERBS.items()]
SETTINGS = (
    *("data=bitext", "data.root=corpus", "data.columns=[en,zh]", "data.target_language=zh"),
    *("data.train=all.tsv", "data.valid=all.tsv", "data.test=all.tsv", "vocabulary.size=90"),
    *("max_updates=50", "validate_every=50", "checkpoint_every=50", "validate_sentences=null"),
    *("optimiser.learning_rate=0.03", "schedule=constant", "batch_tokens=1000"),
    "objective.label_smoothing=0",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A folder with a corpus of English and Chinese, and with a run that has learnt some of it."""
    folder = tmp_path_factory.mktemp("eval")
    (folder / "corpus").mkdir()
    rows = "".join(f"{source}\t{target}\n" for source, target in PAIRS * 4)
    (folder / "corpus" / "all.tsv").write_text(rows)
    done = attnlab(*tiny("rnn", *SETTINGS), folder=folder)
    assert done.code == 0, done.errors
    return folder


def run_in(folder: Path) -> Path:
    (config,) = folder.glob("runs/*/*/config.yaml")
    return config.parent


@pytest.fixture
def copied(trained, tmp_path) -> Path:
    """The same, to be changed."""
    left_out = shutil.ignore_patterns("translations", "scores")
    shutil.copytree(trained, tmp_path / "copy", ignore=left_out)
    return tmp_path / "copy"


def evaluated(folder: Path, *arguments: str) -> dict:
    found = attnlab("eval", "--json", *arguments, folder=folder)
    assert found.code == 0, found.errors
    assert_no_raw_failure(found.printed)
    return json.loads(found.output)


def sacrebleu(hypothesis: Path, *options: str) -> float:
    command = [sys.executable, "-m", "sacrebleu", "-i", str(hypothesis), "-b", "-w", "9", *options]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def test_an_ensemble_of_a_run_with_itself_scores_as_the_run(trained):
    chosen = ("--bleu", "--split", "valid", "checkpoint=last", "search=greedy")
    alone = evaluated(trained, *chosen)
    both = evaluated(trained, *chosen, f"ensemble=[{run_in(trained)}]")
    assert both["splits"]["valid"]["bleu"] == alone["splits"]["valid"]["bleu"]
    assert "ensemble" not in alone["search"]
    assert both["search"]["ensemble"] == [alone["checkpoint"]["weights"][:8]]
    refused = attnlab("eval", *chosen, "ensemble=[nowhere]", folder=trained)
    assert refused.code == 1
    assert "there is no run 'nowhere'" in refused.errors


def test_chinese_is_measured_by_its_own_tokeniser_in_validation_too(trained):
    run = run_in(trained)
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    (validated,) = [line["valid/bleu"] for line in lines if "valid/bleu" in line]
    chosen = ("--bleu", "--split", "valid", "checkpoint=last", "search=greedy")
    found = evaluated(trained, *chosen)["splits"]["valid"]["bleu"]
    assert "tok:zh" in found["signature"]
    assert found["score"] == pytest.approx(validated)
    texts = run / "translations" / "valid"
    expected = sacrebleu(texts.with_suffix(".hypothesis"), f"{texts}.reference", "-tok", "zh")
    assert validated == pytest.approx(expected)
    assert validated > 20
    other = evaluated(trained, *chosen, "bleu_tokeniser=13a")["splits"]["valid"]["bleu"]
    assert "tok:13a" in other["signature"]
    assert other["score"] < validated
    assert "choose bleu_tokeniser=zh" in other["remark"]


@pytest.mark.parametrize("name", ["beam", "greedy", "sampling"])
def test_every_setting_of_a_search_stands_beside_a_score(trained, name):
    more = ["search.max_length_factor=0.5", "checkpoint=last"]
    said = evaluated(trained, "--bleu", f"search={name}", *more)
    settings = {field.name for field in fields(SEARCHES.config(name))}
    assert settings <= set(said["search"])
    assert said["search"]["max_length_factor"] == 0.5
    assert ("batch_tokens" in said["search"]) == (name == "sampling")
    assert said["checkpoint"]["name"] == "last"
    assert said["checkpoint"]["update"] == 50
    assert len(said["checkpoint"]["weights"]) == 64
    line, _, last = attnlab(
        "eval", "--bleu", f"search={name}", *more, folder=trained
    ).output.splitlines()[-3:]
    for setting in settings - {"name"}:
        assert f" {setting}=" in line
    assert f" search={name} max_length_factor=0.5 " in line
    assert "| checkpoint last (update 50) |" in line
    assert last.startswith(f"run {said['run']} | test: 64 sentences")


def test_ones_own_files_with_two_references_and_blank_lines(trained):
    run = run_in(trained)
    own = evaluated(trained, "--bleu", "--exact")
    before = {path: path.read_bytes() for path in run.glob("*/test.*")}
    assert len(before) == 4
    (trained / "x").mkdir()
    (trained / "x" / "test.en").write_text("The dog drinks water.\n\nThe cat eats fish.\n\n")
    (trained / "x" / "a.zh").write_bytes("狗在喝水。\r\n\r\n猫在吃肉 。 \r\n\r\n".encode())
    (trained / "x" / "b.zh").write_text("狗喝了水。\n\n猫在吃鱼。\n\n")
    files = ("--source", "x/test.en", "--reference", "x/a.zh", "--reference", "x/b.zh")
    said = evaluated(trained, "--bleu", *files)["splits"]["test"]
    (hypothesis,) = run.glob("translations/files/test-*.hypothesis")
    lines = hypothesis.read_text().split("\n")
    assert [bool(line) for line in lines] == [True, False, True, False, False]
    assert "nrefs:2|" in said["bleu"]["signature"]
    references = [str(trained / "x" / name) for name in ("a.zh", "b.zh")]
    expected = sacrebleu(hypothesis, *references, "-tok", "zh")
    assert said["bleu"]["score"] == pytest.approx(expected)
    assert said["sentences"] == 4
    assert {path: path.read_bytes() for path in run.glob("*/test.*")} == before
    kept = json.loads((run / "scores" / "test.json").read_text())
    assert kept["bleu"] == own["splits"]["test"]["bleu"]
    (trained / "x" / "c.zh").write_text("狗在喝水。\n")
    refused = attnlab("eval", *files, "--reference", "x/c.zh", folder=trained)
    assert_refused(refused, 1, "x/test.en has 4 lines but x/c.zh has 1")


def test_scores_are_printed_where_texts_cannot_be_written(copied):
    run = run_in(copied)
    (run / "translations").write_text("no folder")
    found = attnlab("eval", "--bleu", folder=copied)
    assert found.code == 0, found.errors
    assert found.output.startswith("BLEU ")
    assert "translations and scores are not kept" in found.errors
    assert_no_raw_failure(found.printed)


def test_evaluations_at_once_leave_texts_and_scores_of_one(copied):
    searches = ("search=greedy", "search=sampling", "search=sampling search.seed=2", "search=beam")
    at_once = [Attnlab("eval", "--bleu", *each.split(), folder=copied) for each in searches]
    for process in at_once:
        assert process.wait() == 0, process.told()
    run = run_in(copied)
    kept = json.loads((run / "scores" / "test.json").read_text())
    texts = run / "translations" / "test"
    expected = sacrebleu(Path(f"{texts}.hypothesis"), f"{texts}.reference", "-tok", "zh")
    assert kept["bleu"]["score"] == pytest.approx(expected)
    names = sorted(path.name for path in (run / "translations").iterdir())
    assert names == ["test.hypothesis", "test.reference", "test.source"]


def test_a_run_that_was_moved_is_told_where_its_corpus_is(copied):
    (copied / "corpus").rename(copied / "elsewhere")
    run = run_in(copied)
    config = run / "config.yaml"
    written = config.read_text()
    assert "/corpus\n" in written
    config.write_text(written.replace("/corpus\n", "/of/another/machine\n"))
    refused = attnlab("eval", "--bleu", folder=copied)
    assert_refused(refused, 1, "no corpus", "data.root=FOLDER")
    assert "tok:zh" in json.dumps(evaluated(copied, "--bleu", "data.root=elsewhere"))
    evaluated(copied, "--bleu", "data.test=elsewhere/all.tsv", "data.root=.")


def test_how_many_of_how_many_were_scored(copied):
    corpus = copied / "corpus" / "all.tsv"
    kept = corpus.read_text()
    corpus.write_text(f"{kept}The dog\t\n{'The cat ' * 400}\t猫\n \t猫\n")
    greedy = ("--exact", "search=greedy", f"data.root={corpus.parent}")
    found = evaluated(copied, *greedy)["splits"]["test"]
    skipped = {"with a blank side": 2, "over data.max_characters": 1}
    assert found["left_out"] == {"of": 67, "pairs": skipped}
    assert found["sentences"] == 64
    whole, part = ("--split", "valid"), ("--split", "train")
    reasons = ": 2 with a blank side, 1 over data.max_characters"
    last = attnlab("eval", *greedy, *whole, *part, folder=copied).output.splitlines()[-1]
    assert f" | valid: 64 of 67 sentences (left out{reasons}) | " in last
    # data.max_pairs: of the file's first pairs
    assert f"train: 64 sentences (left out of the file that this split was taken from{reasons}" in (
        last
    )
    kept_scores = json.loads((run_in(copied) / "scores" / "test.json").read_text())
    assert kept_scores["left_out"] == found["left_out"]
    corpus.write_text(kept)
    assert "left_out" not in evaluated(copied, *greedy)["splits"]["test"]


def test_case_is_ignored_if_that_is_wanted_and_tokenised_bleu_stands_beside(copied):
    greedy = ("--bleu", "--exact", "search=greedy")
    plain = evaluated(copied, *greedy)["splits"]["test"]
    found = evaluated(copied, *greedy, "--lowercase", "--tokenised")["splits"]["test"]
    assert (plain.get("lowercase"), found["lowercase"]) == (None, True)
    assert "|case:mixed|" in plain["bleu"]["signature"]
    assert "|case:lc|" in found["bleu"]["signature"]
    texts = run_in(copied) / "translations" / "test"
    options = (f"{texts}.reference", "-tok", "zh", "-lc")
    assert found["bleu"]["score"] == pytest.approx(sacrebleu(Path(f"{texts}.hypothesis"), *options))
    assert "|moses:zh|" in found["tokenised"]["signature"]
    # What others take from the run is never of lower-cased text.
    config = compose_inference(["search=greedy"])
    run = open_run(run_in(copied))
    stored = stored_split(run, Recipe.of(run, config), "test", ["bleu"])
    assert "|case:mixed|" in stored.metrics["bleu"].signature
    timing = found["timing"]
    assert timing["ms_per_sentence"] == pytest.approx(1000 * timing["seconds"] / 64)
    printed = attnlab("eval", *greedy, folder=copied).output.splitlines()[-1]
    assert re.search(rf"\| [\d.,]+ ms a sentence \({timing['threads']} thread", printed)


def test_beams_of_several_sizes_are_those_that_are_measured_one_by_one(copied):
    run, short = run_in(copied), ("checkpoint=last", "search.max_length_factor=1")
    found = evaluated(copied, "--sweep-beam", "3,1,3", "--split", "valid", *short)
    assert [each["beam_size"] for each in found["beams"]] == [1, 3]
    for each in found["beams"]:
        alone = evaluated(
            copied,
            "--bleu",
            "--chrf",
            "--split",
            "valid",
            *short,
            f"search.beam_size={each['beam_size']}",
        )["splits"]["valid"]
        assert each["bleu"] == pytest.approx(alone["bleu"]["score"])
        assert each["chrf"] == pytest.approx(alone["chrf"]["score"])
        assert found["signatures"]["bleu"] == alone["bleu"]["signature"]
        low, high = each["bleu_interval"]
        assert low < each["bleu"] < high
        assert each["timing"]["seconds"] > 0
    assert [each["bleu_p_value"] is None for each in found["beams"]] == [True, False]
    assert 0 < found["beams"][1]["bleu_p_value"] <= 1
    assert "beam_size" not in found["search"]
    assert json.loads((run / "scores" / "beams" / "valid.json").read_text()) == found
    with Image.open(run / "plots" / "beam-valid.png") as picture:
        assert min(picture.size) > 300
    printed = attnlab("eval", "--sweep-beam", "2", *short, folder=copied).output.splitlines()
    assert printed[0].split("  ")[0] == "beam"
    assert printed[1].split()[0] == "2"
    assert printed[-1].endswith("plots/beam-test.png")
    for arguments, message in (
        (("--sweep-beam", "1,x"), "write sizes from 1 on, like 1,2,4,8"),
        (("--sweep-beam", "0"), "write sizes from 1 on"),
        (("--sweep-beam", "2", "--bleu"), "takes no option but one --split"),
        (("--sweep-beam", "2", "search=greedy"), "is about search=beam, not search=greedy"),
    ):
        assert_refused(attnlab("eval", *arguments, folder=copied), 2, message)
