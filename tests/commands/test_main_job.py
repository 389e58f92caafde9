"""The main job with real processes: train, eval, plot-attention, translate, for each family."""

import json
from pathlib import Path

import pytest
import yaml
from PIL import Image
from sacrebleu.metrics.bleu import BLEU
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.refusals import assert_refused
from tests.runs import attnlab, tiny

FAMILIES = ["rnn", "bahdanau", "transformer"]


# What does not depend on the family is done with the quickest.
of_any_family = pytest.mark.parametrize("trained", ["rnn"], indirect=True)


@pytest.fixture(scope="module", params=FAMILIES)
def trained(request, tmp_path_factory):
    """A folder with one trained run, and what training said."""
    folder = tmp_path_factory.mktemp(request.param)
    result = attnlab(*tiny(request.param), folder=folder)
    assert result.code == 0, result.errors
    return folder, request.param, result


def test_train_leaves_the_promised_files_and_says_what_to_type_next(trained):
    folder, model, result = trained
    run = folder / result.output.strip()
    assert run.parent == folder / "runs" / f"builtin-{model}-tiny"
    for name in (
        "config.yaml",
        "overrides.yaml",
        "vocabulary.model",
        "metrics.jsonl",
        "checkpoints/best/weights.safetensors",
        "checkpoints/last/weights.safetensors",
        "checkpoints/last/training.pt",
    ):
        assert (run / name).is_file(), name
    assert f"model={model}" in yaml.safe_load((run / "overrides.yaml").read_text())
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["model"]["name"] == model
    assert config["precision"] in ("float32", "bfloat16"), "resolved, not auto"
    assert f"attnlab eval {result.output.strip()} --bleu" in result.errors


def test_metrics_and_tensorboard_tell_the_same(trained):
    folder, model, result = trained
    run = folder / result.output.strip()
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    events = EventAccumulator(str(run))
    events.Reload()
    for name in ("train/loss", "train/learning_rate", "valid/loss", "valid/bleu"):
        told = [
            (line["update"], pytest.approx(line[name], rel=1e-5)) for line in lines if name in line
        ]
        assert [(e.step, e.value) for e in events.Scalars(name)] == told
    assert len(events.Scalars("valid/bleu")) == 2
    assert any("sentence_1" in tag for tag in events.Tags()["tensors"])
    assert bool(events.Tags()["images"]) == (model != "rnn")
    folders = ["checkpoints"] if model == "rnn" else ["attention", "checkpoints"]
    assert sorted(p.name for p in run.iterdir() if p.is_dir()) == folders


def test_eval_prints_one_json_object_that_its_files_confirm(trained):
    folder, _, result = trained
    run = folder / result.output.strip()
    found = attnlab(
        "eval", "--bleu", "--chrf", "--ter", "--json", "--split", "valid", folder=folder
    )
    assert found.code == 0, found.errors
    said = json.loads(found.output)
    assert said["run"] == result.output.strip()
    assert list(said["splits"]) == ["valid"]
    valid = said["splits"]["valid"]
    texts = {
        kind: (run / "translations" / f"valid.{kind}").read_text().split("\n")[:-1]
        for kind in ("source", "hypothesis", "reference")
    }
    assert {len(lines) for lines in texts.values()} == {50}
    again = BLEU().corpus_score(texts["hypothesis"], [texts["reference"]]).score
    assert valid["bleu"]["score"] == pytest.approx(again)
    assert "tok:13a" in valid["bleu"]["signature"]
    assert set(valid) == {"sentences", "references_sha256", "bleu", "chrf", "ter", "timing"}
    kept = json.loads((run / "scores" / "valid.json").read_text())
    assert kept == {key: said[key] for key in said if key != "splits"} | {"split": "valid"} | valid
    assert said["checkpoint"]["name"] == "best"
    assert valid["sentences"] == 50


@of_any_family
def test_eval_of_ones_own_file_and_search(trained):
    folder, _, _ = trained
    (folder / "my.en").write_text("The cat sleeps.\n\nWe ate.\n")
    (folder / "my.fr").write_text("Le chat dort.\n\nNous avons mangé.\n")
    arguments = ("--source", "my.en", "--reference", "my.fr", "search=beam", "search.beam_size=2")
    found = attnlab("eval", *arguments, folder=folder)
    assert found.code == 0, found.errors
    assert found.output.startswith("BLEU ")
    assert " search=beam max_length_factor=1.5 max_length_extra=10 min_length=0 " in found.output
    assert " beam_size=2 " in found.output


@of_any_family
def test_eval_of_splits_and_groups(trained):
    folder, _, _ = trained
    arguments = ("--split", "test_agree", "--split", "fewshot", "--by", "length", "search=greedy")
    found = attnlab("eval", *arguments, folder=folder)
    assert found.code == 0, found.errors
    tables = [part.splitlines() for part in found.output.strip().split("\n\n")]
    assert tables[0][0].split("  ")[0] == "split"
    assert [line.split()[0] for line in tables[0][1:]] == ["test_agree", "fewshot"]
    assert [line.split(" | ")[0] for line in tables[1]] == [
        *("BLEU", "chrF2", "exact match", "contrast", "focus")
    ]
    groups = [table for table in tables if ", by " in table[0]]  # with remarks before, and the run
    titles = [table[0].split("  ")[0] for table in groups]
    assert titles == [
        *("test_agree, by agree", "test_agree, by length"),
        *("fewshot, by shown", "fewshot, by length"),
    ]
    shown = [line.split()[0] for line in groups[2][1:]]
    assert shown == [f"shown-{number}" for number in (1, 2, 4, 8, 16, 32)]


def test_eval_of_alignment(trained):
    folder, model, _ = trained
    found = attnlab("eval", "--alignment", "--json", folder=folder)
    if model == "rnn":
        assert_refused(found, 1, "model=rnn has no attention to measure")
        return
    assert found.code == 0, found.errors
    said = json.loads(found.output)
    assert set(said) == {"run", "attnlab", "checkpoint", "alignment"}, "nothing was translated"
    test = said["alignment"]["test"]
    heads = {(each["layer"], each["head"], each["convention"]) for each in test["heads"]}
    assert len(heads) == (2 if model == "bahdanau" else 2 * 2 * 5)
    rates = [each["alignment_error_rate"] for each in test["heads"]]
    assert test["best"]["alignment_error_rate"] == min(rates)
    assert test["baselines"]["uniform"]["alignment_error_rate"] > 75


@of_any_family
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--split", "tset"), "--split tset: data=builtin has: train, valid, test, test_long"),
        (("--by", "word"), "--by word is none of: tag, length"),
        (
            ("--split", "all", "--source", "a", "--reference", "b"),
            "--source goes with neither --split",
        ),
    ],
)
def test_eval_refuses(trained, arguments, message):
    folder, _, _ = trained
    found = attnlab("eval", *arguments, folder=folder)
    assert_refused(found, 2, message)


def test_translate_gives_a_line_for_a_line(trained):
    folder, _, _ = trained
    given = "The cat sleeps.\r\n\nIt’s late.\n".encode()
    found = attnlab("translate", "search=greedy", folder=folder, given=given)
    assert found.code == 0, found.errors
    lines = found.output.split("\n")
    assert len(lines) == 4
    assert lines[1] == ""
    assert attnlab("translate", folder=folder, given=b"").output == ""


def test_plot_attention(trained):
    folder, model, result = trained
    found = attnlab("plot-attention", "--count", "2", folder=folder)
    if model == "rnn":
        assert_refused(found, 1, "model=rnn has no attention to plot; train model=bahdanau")
        return
    assert found.code == 0, found.errors
    paths = [folder / line for line in found.output.splitlines()]
    assert [path.name for path in paths] == ["test-1-cross.png", "test-2-cross.png"]
    for path in paths:
        assert path.parent == folder / result.output.strip() / "plots"
        with Image.open(path) as image:
            assert min(image.size) > 200
    one_head = attnlab("plot-attention", "-n", "1", "--layer", "1", "--head", "1", folder=folder)
    assert one_head.output.strip().endswith("plots/test-1-cross-layer1-head1.png")
    kind = "encoder" if model == "transformer" else "cross"
    options = ("--text", "The cat sleeps.", "--kind", kind, "--layer", "1", "--head", "1")
    for suffix, start in (("svg", b"<?xml"), ("pdf", b"%PDF")):
        found = attnlab(
            "plot-attention", *options, "--pieces", "-o", f"one.{suffix}", folder=folder
        )
        assert found.code == 0, found.errors
        assert Path(folder / f"one.{suffix}").read_bytes().startswith(start)
