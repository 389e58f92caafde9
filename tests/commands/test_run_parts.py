"""A run's parts belong together: what is foreign, altered or gone is refused by name."""

import json
import os
import shutil
import stat
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from attnlab.support.files import SUMS, seal
from attnlab.training.checkpoint import IDENTITY
from tests.refusals import assert_refused
from tests.runs import attnlab, tiny
from tests.warm import Attnlab

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are forked")

PAIRS = [f"the {n} cats sleep\tles {n} chats dorment\n" for n in range(100, 180)]
MINE = ["data=bitext", "data.train=mine/pairs.tsv", "vocabulary.size=60", "data.max_pairs=null"]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with a corpus and a run on it, `mine`, that ended after the default epochs."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine").mkdir()
    (folder / "mine" / "pairs.tsv").write_text("".join(PAIRS))
    settings = [*MINE, "name=mine", "max_updates=null", "default_epochs=2", "keep_checkpoints=1"]
    process = Attnlab(
        *tiny("rnn", *settings, "watch_every=null"),
        folder=folder,
        preparation="import os; os.umask(0o027)",
        output=folder / "log",
    )
    assert process.wait() == 0, process.told()
    return folder


@pytest.fixture
def mine(own, tmp_path, monkeypatch):
    """A copy of that folder, which is the working folder; its run."""
    shutil.copytree(own, tmp_path / "own")
    monkeypatch.chdir(tmp_path / "own")
    (run,) = (tmp_path / "own" / "runs" / "mine").iterdir()
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(config.replace(str(own), str(tmp_path / "own")))
    return run


def told(errors):
    return " ".join(errors.split())


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def halve_weights(folder):
    weights = load_file(folder / "weights.safetensors")
    save_file({n: t / 2 for n, t in weights.items()}, folder / "weights.safetensors")


def drop_from_sums(folder, name):
    lines = (folder / SUMS).read_text().splitlines(keepends=True)
    (folder / SUMS).write_text("".join(line for line in lines if name not in line))


def altered_without_its_checksum(folder):
    halve_weights(folder)
    drop_from_sums(folder, "weights")


def altered_without_any_checksum(folder):
    halve_weights(folder)
    (folder / SUMS).unlink()


def of_another_run(folder):
    values = json.loads((folder / IDENTITY).read_text())
    (folder / IDENTITY).write_text(json.dumps(values | {"run": "0" * 32}))
    seal(folder)


def of_another_vocabulary(folder):
    values = json.loads((folder / IDENTITY).read_text())
    (folder / IDENTITY).write_text(json.dumps(values | {"vocabulary": "0" * 64}))
    seal(folder)


def of_no_run(folder):
    (folder / IDENTITY).unlink()
    seal(folder)


def with_an_identity_that_is_none(folder):
    (folder / IDENTITY).write_text("[" * 100_000)
    seal(folder)


FOREIGN = {
    altered_without_its_checksum: "weights.safetensors: has no checksum in SHA256SUMS",
    altered_without_any_checksum: "SHA256SUMS: is not there",
    halve_weights: "weights.safetensors: is not what was written",
    of_another_run: "this checkpoint belongs to another run",
    of_another_vocabulary: "was trained with another vocabulary",
    of_no_run: "run.json: is not there",
    with_an_identity_that_is_none: "run.json: does not say which run",
}


@pytest.mark.parametrize("damage", FOREIGN)
def test_a_checkpoint_that_is_not_the_runs_own(command, broken, damage):
    damage(broken / "checkpoints" / "best")
    assert_refused(command("eval", "copy"), 1, FOREIGN[damage], "use checkpoint=last")
    damage(broken / "checkpoints" / "last")
    code, _, errors = command("train", "--resume", "copy")
    assert code == 0, errors
    assert FOREIGN[damage] in told(errors)
    assert "going on from the checkpoint before it, of update 4" in told(errors)


def test_the_checkpoint_of_a_run_with_the_same_shapes(command, mine, own):
    result = attnlab(
        *tiny("rnn", *MINE, "name=other", "max_updates=1", "seed=2", "vocabulary.size=59"),
        folder=mine.parents[2],
    )
    assert result.code == 0, result.errors
    other = Path(result.output.strip())
    # the same weights under either id: an id is in no weights file
    assert set(load_file(other / "checkpoints/best/weights.safetensors")) == set(
        load_file(mine / "checkpoints/best/weights.safetensors")
    )
    shutil.rmtree(mine / "checkpoints" / "best")
    shutil.copytree(other / "checkpoints" / "best", mine / "checkpoints" / "best")
    assert_refused(command("eval", "mine"), 1, "best: this checkpoint belongs to another run")
    shutil.copy(other / "vocabulary.model", mine)
    for arguments in (["eval", "mine", "checkpoint=last"], ["train", "--resume", "mine"]):
        assert_refused(
            command(*arguments), 1, "vocabulary.model: not the vocabulary that this run was trained"
        )
    assert_refused(command("average", "mine"), 1, "vocabulary.model: not the vocabulary")


@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
def test_a_mutated_vocabulary_is_not_even_parsed(command, broken, place):
    path = broken / "vocabulary.model"
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 0x55
    path.write_bytes(content)
    assert_refused(
        command("translate", "copy"), 1, "vocabulary.model: not the vocabulary", "put that back"
    )


def test_an_averaged_checkpoint_belongs_to_the_first_run(command, mine):
    code, _, errors = command("average", "mine")
    assert code == 0, errors
    values = json.loads((mine / "checkpoints" / "averaged" / IDENTITY).read_text())
    assert values["run"] == yaml.safe_load((mine / "config.yaml").read_text())["identity"]["run"]
    assert command("eval", "mine", "checkpoint=averaged")[0] == 0
    of_another_run(next((mine / "checkpoints").glob("update-*")))
    assert_refused(command("average", "mine"), 1, "belongs to another run")


def test_what_is_gone_is_said_with_what_to_do(command, broken):
    checkpoints = broken / "checkpoints"
    shutil.rmtree(checkpoints / "best")
    assert_refused(command("eval", "copy"), 1, "there are no weights here; use checkpoint=last or")
    assert command("eval", "copy", "checkpoint=last")[0] == 0
    code, _, errors = command("train", "--resume", "copy")
    assert code == 0, errors
    assert "best: is not there; that of update 8 takes its place" in told(errors)
    assert command("eval", "copy")[0] == 0
    weights = "weights.safetensors"
    assert (checkpoints / "best" / weights).read_bytes() == (
        checkpoints / "last" / weights
    ).read_bytes()
    shutil.rmtree(checkpoints / "last")
    code, _, errors = command("eval", "copy", "checkpoint=last")
    assert code == 0, errors
    assert "previous is read instead" in told(errors)
    shutil.rmtree(checkpoints / "previous")
    before = contents(broken)
    assert_refused(
        command("train", "--resume", "copy"),
        1,
        "neither last nor previous is there, so the run cannot be resumed",
    )
    assert contents(broken) == before, "it does not begin once more"
    (broken / "vocabulary.model").unlink()
    assert_refused(
        command("eval", "copy"), 1, "no vocabulary; looked for", "put back what was deleted"
    )


def test_files_have_the_permissions_that_the_umask_leaves(own):
    files = [path for path in (own / "runs").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"weights.safetensors", "training.pt", "config.yaml"}
    assert {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in files} == {
        path.name: "0o640" for path in files
    }


@pytest.mark.parametrize("limit", ["max_epochs=3", "max_updates=9"])
def test_a_run_that_ended_after_the_default_epochs_trains_on(command, mine, limit):
    config = yaml.safe_load((mine / "config.yaml").read_text())
    assert (config["max_epochs"], config["default_epochs"]) == (None, 2)
    updates = json.loads((mine / "finished.json").read_text())["updates"]
    assert_refused(
        command("train", "--resume"),
        1,
        "every run is finished; the latest is runs/mine/",
        "it has reached max_epochs=2",
    )
    code, _, errors = command("train", "--resume", "mine")
    assert code == 0, errors
    assert "nothing is left to train: it has reached max_epochs=2" in told(errors)
    code, _, errors = command("train", "--resume", limit)
    assert code == 0, errors
    key, value = limit.split("=")
    assert f"resuming with {key}={value} (was null)" in told(errors)
    last = json.loads((mine / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["update"] > updates
    assert yaml.safe_load((mine / "config.yaml").read_text())[key] == int(value)


def test_the_corpus_may_move_and_not_change(command, mine):
    folder = mine.parents[2]
    shutil.move(folder / "mine", folder / "moved")
    assert_refused(command("train", "--resume", "mine"), 1, "mine/pairs.tsv")
    (folder / "mine").mkdir()
    (folder / "mine" / "pairs.tsv").write_text("".join(PAIRS).replace("179 cats", "179 dogs"))
    before = contents(mine)
    assert_refused(
        command("train", "--resume", "mine", "max_epochs=3"),
        1,
        f"mine/pairs.tsv: not the sentences that {mine.relative_to(folder)} was trained on",
        "name where they are with data.root=",
    )
    assert contents(mine) == before
    code, _, errors = command("train", "--resume", "mine", "data.train=moved/pairs.tsv")
    assert code == 0, errors
    assert "resuming with data.train=moved/pairs.tsv (was mine/pairs.tsv)" in told(errors)
    shutil.move(folder / "moved", folder / "root" / "mine")
    more = ["data.root=root", "data.train=mine/pairs.tsv"]
    assert command("train", "--resume", "mine", *more)[0] == 0
    assert yaml.safe_load((mine / "config.yaml").read_text())["data"]["root"] == str(
        folder / "root"
    )


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed=7", "seed=7 cannot be set on a run that was trained with seed=1"),
        ("data.held_out_fraction=0.2", "it decides what is trained on"),
        ("model.hidden_size=31", "the weights depend on it"),
        ("recipe=nonsense", "there is no setting 'recipe'"),
        ("max_epochs=[", "'max_epochs=[': the value cannot be read"),
        ("max_time=${oc.env:HOME}", "no ${…} in the value"),
    ],
)
def test_settings_that_would_spoil_a_run(command, broken, override, message):
    before = contents(broken)
    assert_refused(command("train", "--resume", "copy", override), 2, message)
    assert contents(broken) == before


def test_runs_root_says_where_and_is_not_kept(command, broken, tmp_path):
    shutil.move(tmp_path / "runs", tmp_path / "elsewhere")
    code, _, errors = command("train", "--resume", "copy", "runs_root=elsewhere")
    assert code == 0, errors
    config = yaml.safe_load((tmp_path / "elsewhere/copy/1/config.yaml").read_text())
    assert config["runs_root"] == "runs"


def test_a_run_of_an_attnlab_without_identities_goes_on(command, broken):
    path = broken / "config.yaml"
    values = yaml.safe_load(path.read_text())
    del values["identity"]
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    (broken / "finished.json").unlink()
    for folder in (broken / "checkpoints").iterdir():
        of_no_run(folder)
    assert command("eval")[0] == 0
    code, _, errors = command("train", "--resume", "max_updates=9")
    assert code == 0, errors
    assert "recorded no digest of its corpus" in told(errors)
    assert torch.load(broken / "checkpoints" / "last" / "training.pt")["update"] == 9


def as_before_identities(run):
    """`run` as attnlab wrote format 4 when no part said which run it belonged to."""
    config = yaml.safe_load((run / "config.yaml").read_text())
    del config["identity"], config["bleu_tokeniser"], config["data"]["max_characters"]
    (run / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    (run / "finished.json").unlink()
    for checkpoint in (run / "checkpoints").iterdir():
        (checkpoint / IDENTITY).unlink()
        seal(checkpoint)


def test_a_run_of_before_identities_is_of_use(command, broken):
    as_before_identities(broken)
    code, output, errors = command("eval", "copy", "--exact", "search=greedy", "--json")
    assert (code, errors.count("error")) == (0, 0), errors
    assert json.loads(output)["checkpoint"]["update"] == 8
    more = ["keep_checkpoints=2", "checkpoint_every=1", "max_updates=10"]
    code, _, errors = command("train", "--resume", "copy", *more)
    assert code == 0, errors
    assert "was begun by an attnlab that recorded no digest of its corpus" in told(errors)
    assert "going on from update 8" in told(errors)
    assert yaml.safe_load((broken / "config.yaml").read_text())["max_updates"] == 10
    for arguments in (
        ["average", "copy"],
        ["eval", "copy", "--exact", "search=greedy", "checkpoint=averaged"],
    ):
        code, _, errors = command(*arguments)
        assert code == 0, errors
