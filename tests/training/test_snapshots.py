"""Snapshots: the last few, whole or absent."""

import os

import pytest
import torch

from attnlab.support.errors import AttnlabError
from attnlab.support.files import remove_leftovers
from attnlab.training.checkpoint import load_weights, save_checkpoint
from attnlab.training.snapshots import drop_snapshots_after, kept_snapshots, save_snapshot
from tests.conftest import small_model
from tests.training.test_checkpoint import full_disk


def keep(checkpoints, updates, number=3):
    """A snapshot of each of `updates`, whose output weights are the update's number."""
    model = small_model("rnn")
    for update in updates:
        torch.nn.init.constant_(model.output.weight, update)
        save_snapshot(checkpoints, update, model, number)


def names_in(checkpoints):
    return sorted(path.name for path in checkpoints.iterdir())


def test_the_last_few_are_kept_in_order_and_each_is_what_it_was(tmp_path):
    save_checkpoint(tmp_path / "best", small_model("rnn"))
    keep(tmp_path, [7, 80, 900, 1000, 123_456_789])
    assert list(kept_snapshots(tmp_path)) == [900, 1000, 123_456_789]
    kept = ["update-00000900", "update-00001000", "update-123456789"]
    assert names_in(tmp_path) == ["best", *kept]
    model = small_model("rnn")
    for update, folder in kept_snapshots(tmp_path).items():
        load_weights(folder, model)
        assert (model.output.weight == update).all()


def test_there_are_none(tmp_path):
    assert kept_snapshots(tmp_path / "checkpoints") == {}
    drop_snapshots_after(tmp_path / "checkpoints", 0)


def test_a_resumed_run_deletes_later_snapshots(tmp_path):
    keep(tmp_path, [10, 20, 30])
    drop_snapshots_after(tmp_path, 20)
    assert names_in(tmp_path) == ["update-00000010", "update-00000020"]
    keep(tmp_path, [30, 40])
    assert list(kept_snapshots(tmp_path)) == [20, 30, 40]


def test_what_a_stopped_machine_left_is_no_snapshot_and_is_deleted(tmp_path):
    keep(tmp_path, [10])
    for name in (".update-00000005.dropped", ".new-0123"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights.safetensors").write_bytes(b"half of them")
    assert list(kept_snapshots(tmp_path)) == [10]
    keep(tmp_path, [20])
    remove_leftovers(tmp_path)  # as resuming does
    assert names_in(tmp_path) == ["update-00000010", "update-00000020"]


def test_a_write_that_fails_drops_none(tmp_path, monkeypatch):
    keep(tmp_path, [10, 20], number=2)
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(AttnlabError, match=r"update-00000030: the checkpoint could not be written"):
        keep(tmp_path, [30], number=2)
    assert list(kept_snapshots(tmp_path)) == [10, 20]
