"""Luong et al. 2015's model and coverage, from training to figures, as it is typed."""

import json

import pytest
import torch

from tests.docs.small import SHORT, corpora
from tests.refusals import assert_refused
from tests.runs import TINY, attnlab


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("luong")
    shrunk = (
        *(each for each in TINY if not each.startswith("experiment")),
        "max_updates=4",
        "validate_every=4",
        "checkpoint_every=4",
        "validate_sentences=5",
        "batch_tokens=256",
        f"data.root={corpora() / 'builtin'}",
        "vocabulary.size=300",
        "model.embedding_size=32",
        "model.hidden_size=32",
        "model.encoder_size=24",
        "model.window_radius=2",
        "model.coverage=true",
        "objective.coverage=1",
    )
    done = attnlab("train", "experiment=luong", *shrunk, folder=made)
    assert done.code == 0, done.errors
    return made


def test_it_is_luongs(folder):
    [config] = folder.glob("runs/*/*/config.yaml")
    text = config.read_text(encoding="utf-8")
    for line in ("cell: lstm", "input_feeding: false", "window: local_p", "name: general"):
        assert line in text


def test_every_command_reads_the_run(folder):
    for command in (
        ("eval", "--bleu", "--alignment", "--split", "valid", "search=beam", *SHORT),
        ("plot-attention", "--sentence", "2", "-o", "map.png", *SHORT),
        ("explain", "--sentence", "2", "--step", "2", *SHORT),
        ("heads", "--count", "5"),
    ):
        done = attnlab(*command, folder=folder)
        assert done.code == 0, done.errors
    assert (folder / "map.png").read_bytes().startswith(b"\x89PNG")


def test_the_window_is_in_the_json(folder):
    done = attnlab("explain", "--sentence", "2", "--step", "2", "--json", *SHORT, folder=folder)
    found = json.loads(done.output)
    weights, window = (torch.tensor(found[name]) for name in ("weights", "window"))
    normalised = torch.tensor(found["normalised"])
    torch.testing.assert_close(weights, normalised * window)
    assert 0 < weights.sum() < 1
    assert found["coverage"] is True


def test_what_cannot_be_together_is_refused_by_name(command, tmp_path):
    for chosen, message in (
        (["model=rnn", "objective.coverage=1"], "which this model does not have"),
        (["objective.coverage=1", "compile=true"], "choose compile=false"),
        (["model.window=local_q"], "is none of: global, local_m, local_p"),
        (["score=dot", "model.encoder_size=24"], "score=general"),
    ):
        assert_refused(command("train", "experiment=tiny", *chosen), 2, message)
    assert not list(tmp_path.glob("runs/*")), "nothing is left behind"
