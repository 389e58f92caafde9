"""attnlab kernel-regression: as a process, every figure written, the lesson learnt."""

import json
import math

import pytest
import yaml
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.refusals import assert_refused
from tests.runs import attnlab

FIGURES = ["kernels", "fits", "weights", "errors", "loss", "trained_fits", "trained_weights"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The default run: its folder, and what it printed as JSON."""
    folder = tmp_path_factory.mktemp("kernel")
    done = attnlab("kernel-regression", "--json", folder=folder)
    assert done.code == 0, done.errors
    found = json.loads(done.output)
    [path] = (folder / "runs" / "kernel-regression").iterdir()
    return path, found


def test_every_figure_and_file_is_there_and_nothing_else(run):
    path, found = run
    assert found["folder"] == str(path)
    expected = {f"{name}.png" for name in FIGURES} | {"metrics.json"}
    assert {name.rpartition("/")[2] for name in found["files"]} == expected
    for name in FIGURES:
        assert (path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    others = {each.name for each in path.iterdir()} - expected
    assert {name.partition(".tfevents")[0] for name in others} == {
        "events.out",
        "metrics.jsonl",
        "kernel_regression.yaml",
    }
    assert json.loads((path / "metrics.json").read_text()) == found
    config = yaml.safe_load((path / "kernel_regression.yaml").read_text())
    assert (config["data"]["name"], config["widths"]) == ("d2l_zh", [0.1, 0.2, 0.5, 1.0])


def test_every_kernel_has_its_errors_at_every_width(run):
    _, found = run
    tried = [(fit["kernel"], fit["width"]) for fit in found["fits"]]
    kernels = ["gaussian", "boxcar", "epanechnikov", "triangular"]
    assert tried == [(k, w) for k in kernels for w in (0.1, 0.2, 0.5, 1.0)] + [("constant", None)]
    for fit in found["fits"]:
        assert fit["own_error"] < fit["leave_one_out_error"]
        assert fit["truth_error"] < 0.8
    assert found["best"] == {"kernel": "epanechnikov", "width": 0.5}
    assert [fit["unanswered"] > 0 for fit in found["fits"]].count(True) == 6


def test_direct_training_memorises_and_leave_one_out_finds_the_curve(run):
    _, found = run
    apart, direct = found["trained"]
    assert (apart["queries"], direct["queries"]) == ("leave_one_out", "direct")
    # Leave-one-out training ends where the sweep's bowl is deepest.
    gaussian = [fit for fit in found["fits"] if fit["kernel"] == "gaussian"]
    least = min(fit["leave_one_out_error"] for fit in gaussian)
    assert apart["loss_after"] == pytest.approx(apart["leave_one_out_error"])
    assert apart["leave_one_out_error"] < least
    # Direct training: the loss goes on falling, the width goes to nothing, the answers get worse.
    assert direct["loss_after"] == pytest.approx(direct["own_error"])
    assert direct["loss_after"] < apart["loss_after"] / 2
    assert direct["widths_after"][0] < apart["widths_after"][0] / 4
    assert direct["leave_one_out_error"] > apart["leave_one_out_error"]
    assert direct["truth_error"] > 3 * apart["truth_error"]


def test_tensorboard_and_metrics_have_every_epoch_and_figure(run):
    path, found = run
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    direct = [line for line in lines if "direct/loss" in line]
    assert [line["update"] for line in direct] == list(range(301))
    assert direct[-1]["direct/width"] == found["trained"][1]["widths_after"][0]
    events = EventAccumulator(str(path), size_guidance={"images": 0}).Reload()
    assert set(events.Tags()["images"]) == set(FIGURES)
    for name in FIGURES:
        (shown,) = events.Images(name)
        assert shown.encoded_image_string == (path / f"{name}.png").read_bytes()
        with Image.open(path / f"{name}.png") as picture:
            assert (shown.width, shown.height) == picture.size
    assert len(events.Scalars("leave_one_out/loss")) == 301


def test_the_table_is_for_people(command, tmp_path):
    few = ["kernels=[gaussian,constant]", "widths=[0.5]", "training.epochs=2", "data=d2l_en"]
    code, output, errors = command("kernel-regression", *few)
    assert code == 0, errors
    lines = output.splitlines()
    assert lines[0] == "40 points of d2l_en: 2 sin x + x, and noise of variance 1"
    assert any(line.split()[:2] == ["gaussian", "0.5"] for line in lines)
    assert any(line.split()[:2] == ["constant", "any"] for line in lines)
    assert lines[-1].endswith("metrics.json")


def test_a_file_of_several_inputs_gets_a_width_for_each(command, tmp_path):
    rows = [f"{x},{y},{3 * x + 0 * y}" for x in range(6) for y in range(5)]
    (tmp_path / "p.csv").write_text("\n".join(["a,b,c", *rows]))
    code, output, errors = command(
        *("kernel-regression", "data=csv", "data.file=p.csv", "training.by_dimension=true"),
        *("training.queries=[leave_one_out]", "kernels=[gaussian,boxcar]", "widths=[0.5,1,2]"),
        *("--json",),
    )
    assert code == 0, errors
    found = json.loads(output)
    assert (found["inputs"], found["formula"]) == (["a", "b"], None)
    matters, does_not = found["trained"][0]["widths_after"]
    assert does_not > 3 * matters  # c says nothing of b, so that all b may count
    assert len(found["files"]) == len(FIGURES) + 1
    assert [fit["unanswered"] for fit in found["fits"][3:]] == [30, 0, 0]


def test_figures_for_print(command, tmp_path):
    few = ["kernels=[gaussian]", "widths=[0.3]", "training.queries=[]", "--json"]
    code, output, errors = command("kernel-regression", "-f", "svg", *few)
    assert code == 0, errors
    names = {name.rpartition("/")[2] for name in json.loads(output)["files"]}
    assert names == {"kernels.svg", "fits.svg", "weights.svg", "errors.svg", "metrics.json"}
    [fits] = tmp_path.rglob("fits.svg")
    assert "gaussian · σ = 0.3" in fits.read_text(encoding="utf-8")


def test_its_help_shows_lists_in_their_brackets(command):
    code, output, _ = command("kernel-regression", "--help")
    assert code == 0
    assert "kernels=[gaussian,boxcar]" in output


def test_a_sweep_makes_a_run_of_each(command, tmp_path):
    small = ["kernels=[gaussian]", "widths=[0.5]", "training.queries=[]", "--json"]
    code, output, errors = command("kernel-regression", "-m", "seed=1,2", *small)
    assert code == 0, errors
    lines = [line for line in output.splitlines() if line.startswith("{")]
    errors = [json.loads(line)["fits"][0]["leave_one_out_error"] for line in lines]
    assert len(set(errors)) == 2
    assert len(list((tmp_path / "runs" / "kernel-regression").iterdir())) == 2
    names = {name.rpartition("/")[2] for name in json.loads(lines[0])["files"]}
    assert names == {"kernels.png", "fits.png", "weights.png", "errors.png", "metrics.json"}
    # No translator's run: whoever asks for the latest one is told that there is none.
    for arguments in (["eval"], ["train", "--resume"]):
        assert_refused(command(*arguments), 1, "there are no runs")


def test_its_config_is_shown(command, tmp_path):
    code, output, errors = command("kernel-regression", "--cfg", "job", "data=csv")
    assert code == 0, errors
    values = yaml.safe_load(output)
    assert (values["data"]["name"], values["optimiser"]["name"]) == ("csv", "adam")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["data=mine"], 2, "Could not find 'data/mine'"),
        (["data=csv"], 2, "data.file has no value; give it as data.file=…"),
        (["data.file=p.csv"], 2, "there is no setting 'data.file' here; it belongs to data=csv"),
        (["widht=[1]"], 2, "there is no setting 'widht'; did you mean widths?"),
        (["widths=[0]"], 2, "widths=0.0 must be above 0"),
        (["widths=[]"], 2, "widths=[] must name 1 to 12"),
        (["kernels=gaussian"], 2, "in brackets, such as 'kernels=[a,b]'"),
        (["kernels=[box]"], 2, "unknown kernel 'box'; choose among: gaussian, boxcar"),
        (["training.queries=[all]"], 2, "training.queries=all is neither leave_one_out nor direct"),
        (["training.width=-1"], 2, "training.width=-1.0 must be above 0"),
        (["data_en"], 2, "'data_en' is no override"),
        (["-m", "--cfg", "job"], 2, "--multirun and --cfg exclude one another"),
        (["data=csv", "data.file=no.csv"], 1, "no.csv: cannot be read"),
        (["optimiser.learning_rate=1e300"], 2, "must be above 0 and at most 1e+30"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(command, tmp_path, arguments, code, message):
    found, output, errors = command("kernel-regression", *arguments)
    assert (found, output) == (code, "")
    assert message in " ".join(errors.split())
    assert not list(tmp_path.glob("runs/*/*"))


def test_a_width_that_diverges_is_said_with_the_remedy(command, tmp_path):
    """The book's rate suits outputs near 1: the gradient of their mean square is of 1e40 here."""
    rows = "".join(f"{x / 4},{math.sin(x / 4) * 1e20}\n" for x in range(20))
    (tmp_path / "large.csv").write_text(rows)
    done = command("kernel-regression", "data=csv", "data.file=large.csv", "optimiser=sgd")
    assert_refused(done, 1, "the loss is no finite number", "lower optimiser.learning_rate=25")
    assert not list(tmp_path.glob("runs/*/*"))
