"""What bad input gets: one message that names the thing and the remedy, the right exit code."""

import os
import pickle
import re
from pathlib import Path

import pytest

from attnlab.run.layout import FORMAT
from attnlab.support.files import seal
from tests.refusals import assert_refused
from tests.runs import attnlab, tiny


class Trap:
    """Makes a folder, if anything makes it from its pickle."""

    def __reduce__(self):
        return os.mkdir, ("sprung",)


TRAP = pickle.dumps(Trap(), protocol=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--modle", "rnn"], "No such option: --modle"),
        (["train", "model=lstm"], "Could not find 'model/lstm'"),
        (["train", "modl=rnn"], "there is no setting 'modl'; did you mean model?"),
        (["train", "model"], "'model' is no override; write overrides like model=rnn"),
        (["train", "seed=x"], "seed: Value 'x'"),
        (["train", "-m", "--resume"], "exclude one another"),
        (["train", "--resolve"], "belong to --cfg"),
        (["train", "default_epochs=null"], "training would never end"),
        (["train", "watch_every=0"], "watch_every=0 must be at least 1, or null"),
        (["train", "seed=18446744073709551616"], "must be from 0 to 9223372036854775807"),
        (["train", "search=sampling", "search.temperature=inf"], "must be a finite number above 0"),
        (["eval", "search=greedy", "search.max_length_factor=inf"], "must be a finite number from"),
        (["eval", "search.beam_size=18446744073709551616"], "must be from 1 to 10000"),
        (["complexity", "--size", "18446744073709551616"], "Invalid value for '--size'"),
        (
            ["scores", "--seed", "18446744073709551616"],
            "Invalid value for '--seed'",
        ),
        (["positions", "--heads", "18446744073709551616"], "Invalid value for '--heads'"),
        (["plot-attention", "--count", "18446744073709551616"], "Invalid value for '--count'"),
        (["plot-attention", "--frames", "18446744073709551616"], "Invalid value for '--frames'"),
        (["heads", "--count", "18446744073709551616"], "Invalid value for '--count'"),
        (["average", "--last", "18446744073709551616"], "Invalid value for '--last'"),
        (["average", "--best", "18446744073709551616"], "Invalid value for '--best'"),
        (["data", "describe", "--examples", "9" * 30], "Invalid value for '--examples'"),
        (["data", "generate", "x", "--pairs", "5", "--seed", "9" * 30], "value for '--seed'"),
        (["complexity", "--budget", "nan"], "Invalid value for '--budget'"),
        (["complexity", "--memory", "1e300"], "Invalid value for '--memory'"),
        (["train", "name=caf\udce9"], "name=caf\\udce9' has bytes that are no"),
        (["train", "name=a\x1b[31m/b"], "\\x1b[31m"),
        (["train", "on_non_finite=ignore"], "on_non_finite=ignore is neither stop nor skip"),
        (["train", "experiment=tiny", "device=warp"], "device=warp is not available here"),
        (["train", "experiment=tiny", "device=meta"], "device=meta is not available here"),
        (["lr-find", "--to", "1e300"], "the second above it and at most 1e+30"),
        (["lr-find", "rnn"], "'rnn' is no override; write overrides like model=rnn"),
        (["lr-find", "--from", "0.1", "--to", "0.01"], "--from 0.1 --to 0.01: the first must be"),
        (["lr-find", "--smoothing", "1"], "--smoothing 1 must be from 0 to under 1"),
        (["lr-find", "optimiser.learning_rat=1"], "there is no setting 'optimiser.learning_rat'"),
        (["eval", "--source", "a.en"], "--source and --reference belong together"),
        (["eval", "one", "two"], "name one run"),
        (["eval", "checkpoint=newest"], "checkpoint=newest is none of: best, last, averaged"),
        (["eval", "search=depth"], "Could not find 'search/depth'"),
        (["plot-attention", "--kind", "sideways"], "'sideways' is not one of"),
        (["plot-attention", "-t", "Hi.", "-s", "1"], "exclude one another"),
        (["plot-attention", "-n", "3", "-s", "1"], "exclude one another"),
        (["plot-attention", "-t", "Hi.", "--split", "valid"], "leave out --split and --count"),
        (["plot-attention", "--best", "--layer", "1"], "leave out --layer or --best"),
        (["plot-attention", "--best", "--average", "heads"], "leave out --average or --best"),
        (["plot-attention", "--average", "words"], "'words' is not one of"),
        (["plot-attention", "--through-training", "-t", "Hi."], "leave out --text"),
        (["plot-attention", "--through-training", "--split", "test"], "leave out --split"),
        (["plot-attention", "-f", "gif"], "add --through-training"),
        (["plot-attention", "-o", "x.gif"], "add --through-training"),
        (["plot-attention", "--frames", "3"], "add --through-training"),
    ],
)
def test_usage_errors_exit_with_2(command, arguments, message):
    assert_refused(command(*arguments), 2, message)
    assert not list(Path("runs").glob("*")), "a run that never began leaves nothing"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eval"], "there are no runs under"),
        (["eval", "nowhere"], "there is no run 'nowhere' under"),
        (["translate"], "train one with: attnlab train"),
        (["train", "--resume"], "there are no runs under"),
        (["train", "data=multi30k"], "data.root= must point to the folder that holds"),
        (["train", "data=bitext", "data.train=no.tsv"], "no.tsv"),
    ],
)
def test_absent_things_exit_with_1(command, arguments, message):
    assert_refused(command(*arguments), 1, message)
    assert not list(Path("runs").glob("*")), "a run that never began leaves nothing"


def test_an_empty_corpus(command, tmp_path):
    (tmp_path / "empty.tsv").write_text("")
    refused = command("train", "data=bitext", "data.train=empty.tsv")
    assert_refused(refused, 1, "empty.tsv: no sentence pairs")


def test_a_wrong_line_is_named(command, tmp_path):
    (tmp_path / "pairs.tsv").write_text("Go.\tVa !\nRun.\n")
    refused = command("train", "data=bitext", "data.train=pairs.tsv")
    message = "pairs.tsv:2: expected 2 or more tab-separated fields, found 1"
    assert_refused(refused, 1, message)


def test_a_vocabulary_that_does_not_hold_the_characters(command):
    refused = command("train", "experiment=tiny", "vocabulary.size=20")
    assert_refused(refused, 1, "set vocabulary.size=")


def test_a_vocabulary_larger_than_the_corpus_can_give_is_said(tmp_path):
    result = attnlab(*tiny("rnn", "vocabulary.size=50000"), folder=tmp_path)
    assert result.code == 0, result.errors
    assert "not the 50000 of vocabulary.size" in result.errors


def test_a_run_of_another_version(command, broken):
    path = broken / "config.yaml"
    path.write_text(path.read_text().replace(f"format: {FORMAT}", "format: 99"))
    assert_refused(command("eval"), 1, "in run format 99", "train the run anew")


@pytest.mark.parametrize(
    ("damage", "cut", "removed"),
    [
        (
            "checkpoints/best/weights.safetensors",
            ["best/weights.safetensors: is not what was written", "use checkpoint=last"],
            ["best/weights.safetensors: is not there", "use checkpoint=last"],
        ),
        ("vocabulary.model", ["vocabulary.model: ", "train the run"], ["vocabulary.model"]),
        ("config.yaml", ["config.yaml: "], ["there are no runs under"]),
    ],
)
@pytest.mark.parametrize("how", ["cut", "removed"])
@pytest.mark.parametrize("arguments", [["eval"], ["translate"]])
def test_damaged_runs(command, broken, damage, cut, removed, how, arguments):
    path = broken / damage
    others = {p: p.read_bytes() for p in broken.rglob("*") if p.is_file() and p != path}
    if how == "cut":
        path.write_bytes(path.read_bytes()[:20])
    else:
        path.unlink()
    assert_refused(command(*arguments), 1, "error: ", *(cut if how == "cut" else removed))
    assert {p: p.read_bytes() for p in others} == others, "nothing that was there is lost"


@pytest.mark.parametrize("how", ["cut", "removed", "crafted"])
def test_a_broken_training_state_is_left_for_the_one_before(command, broken, how):
    path = broken / "checkpoints" / "last" / "training.pt"
    whole = (broken / "checkpoints" / "last" / "weights.safetensors").read_bytes()
    content = path.read_bytes()
    path.unlink()
    if how != "removed":
        path.write_bytes(content[:2000] if how == "cut" else TRAP)
    code, _, errors = command("train", "--resume", "copy")
    assert code == 0, errors
    assert "going on from the checkpoint before it, of update 4" in " ".join(errors.split())
    checkpoints = broken / "checkpoints"
    assert (checkpoints / "last" / "weights.safetensors").read_bytes() == whole
    assert {p.name for p in checkpoints.iterdir()} == {"best", "last", "previous", "broken"}
    assert not Path("sprung").exists()


def test_no_training_state_is_whole(command, broken):
    for name in ("last", "previous"):
        (broken / "checkpoints" / name / "training.pt").write_bytes(TRAP)
    before = {p: p.read_bytes() for p in broken.rglob("*") if p.is_file()}
    refused = command("train", "--resume", "copy")
    assert_refused(refused, 1, "The run cannot be resumed; train it anew")
    assert {p: p.read_bytes() for p in broken.rglob("*") if p.is_file()} == before
    assert not Path("sprung").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vocabulary.model", TRAP),
        ("config.yaml", b"seed: !!python/object/apply:os.mkdir [sprung]\n"),
        ("config.yaml", b"!!python/object/new:os.mkdir [sprung]\n"),
        ("checkpoints/best/weights.safetensors", TRAP),
    ],
)
@pytest.mark.parametrize("arguments", [["eval"], ["train", "--resume", "copy"]])
def test_crafted_files_are_refused_and_their_code_is_not_run(
    command, broken, arguments, name, content
):
    if "best" in name:
        if "train" in arguments:
            arguments = ["translate"]
        (broken / name).write_bytes(content)
        seal(broken / "checkpoints" / "best")
    (broken / name).write_bytes(content)
    assert_refused(command(*arguments), 1, f"{name}: ")
    assert not Path("sprung").exists()


def test_absent_splits_sentences_and_formats(command, broken):
    absent = command("eval", "--split", "dev")
    assert_refused(absent, 2, "--split dev: data=builtin has: train, valid, test")
    refused = command("plot-attention", "-o", "figure.bmp")
    assert_refused(refused, 1, "model=rnn has no attention to plot")


def test_a_folder_that_cannot_be_written_to(command, tmp_path):
    (tmp_path / "runs").write_text("a file where the folder is to be")
    refused = command("train", "experiment=tiny")
    assert_refused(refused, 1, re.compile(r"error: \S*runs\S*: .*Not a directory"))
