"""Runs on disk: found by any name that means them, written whole, read without trust."""

import os

import pytest

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.errors import AttnlabError, UsageError
from attnlab.run import FORMAT, create_run, find_run, open_run
from attnlab.schema import from_node


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


def test_overrides_upon_a_run(root):
    assert open_run(root / "a" / "1", ["max_epochs=40"]).config.max_epochs == 40
    with pytest.raises(UsageError, match="no setting 'max_epoch'; did you mean max_epochs"):
        open_run(root / "a" / "1", ["max_epoch=40"])


def test_a_run_keeps_its_model(root):
    with pytest.raises(UsageError, match="'model=rnn': a run keeps its model; train a new one"):
        open_run(root / "a" / "1", ["model=rnn"])


def test_runs_are_found_by_every_name(root, monkeypatch):
    assert find_run(None, str(root)) == root / "b" / "2"
    assert find_run("a", str(root)) == root / "a" / "1"
    assert find_run("b/1", str(root)) == root / "b" / "1"
    assert find_run(str(root / "b" / "1"), "elsewhere") == root / "b" / "1"
    assert find_run(str(root / "b"), "elsewhere") == root / "b" / "2"
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
