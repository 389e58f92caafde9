"""Runs on disk: found by any name that means them, written whole, read without trust."""

import os
import re
from dataclasses import MISSING, fields, replace

import pytest
import yaml

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.run.folder import (
    FINISHED,
    FORMAT,
    create_run,
    find_run,
    mark_finished,
    open_run,
    require_unfinished,
    write_config,
)
from attnlab.support.errors import AttnlabError
from attnlab.support.schema import from_node
from attnlab.training.checkpoint import RunIdentity


@pytest.fixture
def config():
    return from_node(
        ExperimentConfig, launch.compose(launch.TRAIN, ["model=transformer", "seed=5"])
    )


@pytest.fixture
def root(tmp_path, config):
    """Three runs of two names; `b/2` is the latest."""
    for age, name in enumerate(["a/1", "b/1", "b/2"]):
        create_run(tmp_path / name, config, ["seed=5"])
        (tmp_path / name / "checkpoints").mkdir()
        os.utime(tmp_path / name / "config.yaml", (1000 + age, 1000 + age))
    return tmp_path


def test_a_config_comes_back_as_it_was(root, config):
    assert open_run(root / "a" / "1").config == config


def test_a_run_keeps_its_identity(root):
    runs = [open_run(root / name) for name in ("a/1", "b/1", "b/2")]
    assert len({run.identity.run for run in runs}) == 3
    known = replace(runs[0], identity=RunIdentity("me", "corpus digest", "vocabulary digest"))
    write_config(known)
    assert open_run(known.folder) == known
    path = known.folder / "config.yaml"
    text = path.read_text()
    without = re.sub(r"identity:\n(  .*\n)+", "", text)
    path.write_text(without)
    assert open_run(known.folder).identity is None, "as in runs of an older attnlab"
    for odd in ("identity: 3\n", "identity: [me]\n", "identity: {}\n", "identity:\n  who: me\n"):
        path.write_text(odd + without)
        with pytest.raises(AttnlabError, match=r"config\.yaml: .*put that back, or train the run"):
            open_run(known.folder)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("seed: 5", "seed: ${oc.env:HOME}"),
        ("name: builtin-transformer", "name: a${oc.env:HOME,b}"),
        ("- bleu", "- ${oc.decode:bleu}"),
        ("  root: null", "  root: ${.name}"),
    ],
)
def test_a_config_is_data(root, written, instead):
    path = root / "a" / "1" / "config.yaml"
    text = path.read_text()
    assert written in text
    path.write_text(text.replace(written, instead, 1))
    with pytest.raises(AttnlabError, match=r"config\.yaml: [\w.]+ holds \$\{…\}"):
        open_run(path.parent)


def test_every_key_of_a_config_is_missed_by_name(root):
    path = root / "a" / "1" / "config.yaml"
    values = yaml.safe_load(path.read_text())
    optional = {
        field.name
        for field in fields(ExperimentConfig)
        if (field.default, field.default_factory) != (MISSING, MISSING)
    }
    for key in set(values) - {"attnlab", "identity"} - optional:  # those are of later versions
        path.write_text(yaml.safe_dump({name: v for name, v in values.items() if name != key}))
        with pytest.raises(AttnlabError, match=rf"config\.yaml: .*\b{key}\b"):
            open_run(path.parent)


def test_the_latest_unfinished_run_is_resumed(root):
    mark_finished(root / "b" / "2", 400, "it has reached max_epochs=5")
    assert find_run(None, str(root)) == root / "b" / "2"
    assert find_run(None, str(root), unfinished=True) == root / "b" / "1"
    assert find_run("b", str(root), unfinished=True) == root / "b" / "1"
    assert find_run("b/2", str(root), unfinished=True) == root / "b" / "2"
    require_unfinished(root / "b" / "1")
    for name in ("a/1", "b/1"):
        mark_finished(root / name, 400, "it has reached max_epochs=5")
    assert find_run(None, str(root), unfinished=True) == root / "b" / "2"
    with pytest.raises(AttnlabError, match=r"b/2 \(it has .*max_epochs=5\).*--resume .*b/2 max_e"):
        require_unfinished(root / "b" / "2")
    (root / "b" / "2" / FINISHED).write_text("no JSON")
    with pytest.raises(AttnlabError, match="every run is finished"):
        require_unfinished(root / "b" / "2")


def test_runs_are_found_by_every_name(root, monkeypatch):
    assert find_run(None, str(root)) == root / "b" / "2"
    assert find_run("a", str(root)) == root / "a" / "1"
    assert find_run("b/1", str(root)) == root / "b" / "1"
    assert find_run(str(root / "b" / "1"), "elsewhere") == root / "b" / "1"
    assert find_run(str(root / "b"), "elsewhere") == root / "b" / "2"
    monkeypatch.chdir(root)
    assert find_run("b", "elsewhere") == root / "b" / "2"
    monkeypatch.chdir(root / "b")
    assert find_run("1", "elsewhere").resolve() == root / "b" / "1"


def test_a_run_without_a_checkpoint_is_not_the_latest(root, config):
    create_run(root / "b" / "3", config, [])
    assert find_run(None, str(root)) == root / "b" / "2"
    assert find_run("b/3", str(root)) == root / "b" / "3"
    assert find_run("b", str(root), trained=False) == root / "b" / "3"
    create_run(root / "c" / "1", config, [])
    with pytest.raises(AttnlabError, match="has no checkpoint yet"):
        find_run("c", str(root))


def test_a_job_of_a_sweep_stands_for_no_other_run(root, config):
    for age, name in enumerate(["2026-01-31_12-00-00", "2026-01-31_13-00-00_seed-1"]):
        for folder in (root / "b" / name, root / "c" / f"{name}_x"):
            create_run(folder, config, [])
            (folder / "checkpoints").mkdir()
            os.utime(folder / "config.yaml", (2000 + age, 2000 + age))
    assert find_run("b", str(root)).name == "2026-01-31_12-00-00"
    assert find_run("c", str(root)).name == "2026-01-31_13-00-00_seed-1_x"


def test_absent_runs(root, tmp_path):
    with pytest.raises(AttnlabError, match=r"no run 'c' under .*; there are: b/2, b/1, a/1"):
        find_run("c", str(root))
    with pytest.raises(AttnlabError, match=r"no runs under .*train one with: attnlab train"):
        find_run(None, str(tmp_path / "nowhere"))


def test_a_folder_is_never_written_over(root, config):
    before = (root / "a" / "1" / "config.yaml").read_bytes()
    with pytest.raises(AttnlabError, match="there is a run here already"):
        create_run(root / "a" / "1", config, [])
    assert (root / "a" / "1" / "config.yaml").read_bytes() == before


@pytest.mark.parametrize("content", ["", "- a\n- list\n", "a: [unclosed\n", f"format: {FORMAT}\n"])
def test_a_config_that_is_none(root, content):
    (root / "a" / "1" / "config.yaml").write_text(content)
    with pytest.raises(AttnlabError, match=r"config\.yaml"):
        open_run(root / "a" / "1")


def test_a_run_of_an_older_format(root):
    path = root / "a" / "1" / "config.yaml"
    path.write_text(path.read_text().replace(f"format: {FORMAT}", "format: 1"))
    with pytest.raises(AttnlabError, match=r"in run format 1, while .*train the run anew"):
        open_run(root / "a" / "1")
