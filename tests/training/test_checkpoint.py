"""Checkpoints: exact, whole or absent, and never code."""

import copy
import errno
import os
import pickle
import threading
import time
import zipfile
from pathlib import Path

import pytest
import torch

from attnlab.models import MODELS, VocabularySizes
from attnlab.support.errors import AttnlabError
from attnlab.support.files import SUMS, DamagedError, seal
from attnlab.training.checkpoint import (
    TRAINING,
    WEIGHTS,
    load_training,
    load_weights,
    save_checkpoint,
)
from tests.conftest import small_model


@pytest.mark.parametrize("tie", ["none", "target", "all"])
@pytest.mark.parametrize("name", list(MODELS))
def test_weights_come_back_tied_or_not(name, tie, tmp_path):
    sizes = VocabularySizes(source=23, target=23, shared=True)
    model = small_model(name, vocabulary=sizes, tie_embeddings=tie)
    other = small_model(name, vocabulary=sizes, tie_embeddings=tie)
    save_checkpoint(tmp_path / "best", model)
    load_weights(tmp_path / "best", other)
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best"]


def test_the_same_weights_are_the_same_file(tmp_path):
    sizes = VocabularySizes(source=23, target=23, shared=True)
    model = small_model("transformer", vocabulary=sizes, tie_embeddings="all")
    found = set()
    for name in map(str, range(12)):
        save_checkpoint(tmp_path / name, model)
        found.add((tmp_path / name / WEIGHTS).read_bytes())
    assert len(found) == 1


@pytest.mark.parametrize("sealed", [True, False], ids=["with its checksum", "without"])
@pytest.mark.parametrize("name", [WEIGHTS, TRAINING])
def test_a_crafted_pickle_is_refused_and_not_run(name, sealed, tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    model = small_model("rnn")
    save_checkpoint(tmp_path / "last", model, {"update": 1})
    (tmp_path / "last" / name).write_bytes(pickle.dumps(Trap(), protocol=2))
    if sealed:
        seal(tmp_path / "last")
    else:
        (tmp_path / "last" / SUMS).unlink()
    with pytest.raises(DamagedError, match=rf"{name}: this is no whole"):
        load_training(tmp_path / "last", model)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("length", [0, 4, 100, 1000])
@pytest.mark.parametrize("name", [WEIGHTS, TRAINING])
def test_a_cut_checkpoint_is_refused_by_name(name, length, tmp_path):
    model = small_model("rnn")
    save_checkpoint(tmp_path / "last", model, {"numbers": torch.arange(1000)})
    path = tmp_path / "last" / name
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DamagedError, match=f"{name}: is not what was written"):
        load_training(tmp_path / "last", model)
    (tmp_path / "last" / SUMS).unlink()  # as a run of an older attnlab has none
    with pytest.raises(DamagedError, match=f"{name}: this is no whole"):
        load_training(tmp_path / "last", model)


def test_a_training_state_is_never_larger_than_its_file(tmp_path):
    model = small_model("rnn")
    save_checkpoint(tmp_path / "last", model, {"numbers": torch.zeros(1_000_000)})
    path = tmp_path / "last" / TRAINING
    with zipfile.ZipFile(path) as opened:
        entries = {entry.filename: opened.read(entry) for entry in opened.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        for name, content in entries.items():
            bomb.writestr(name, content)
    assert path.stat().st_size < 100_000
    seal(tmp_path / "last")
    with pytest.raises(DamagedError, match=r"no whole training state \(.* in it is compressed"):
        load_training(tmp_path / "last", model)
    with zipfile.ZipFile(path, "w") as overlapping:
        for name, content in entries.items():
            overlapping.writestr(name, content)
        (largest,) = (each for each in overlapping.filelist if each.file_size > 1_000_000)
        for number in range(3):
            again = copy.copy(largest)
            again.filename = again.orig_filename = f"{largest.filename}{number}"
            overlapping.filelist.append(again)
            overlapping.NameToInfo[again.filename] = again
    seal(tmp_path / "last")
    with pytest.raises(DamagedError, match=r"bytes are said to be in a file of"):
        load_training(tmp_path / "last", model)


def test_one_flipped_bit_is_found_and_the_message_has_the_remedy(tmp_path):
    model = small_model("rnn")
    save_checkpoint(tmp_path / "best", model)
    path = tmp_path / "best" / WEIGHTS
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=r"its checksum is another\); use checkpoint=last, put"):
        load_weights(tmp_path / "best", model)


def test_a_checkpoint_read_while_it_is_replaced_is_the_one_or_the_other(tmp_path):
    models = [small_model("rnn"), small_model("rnn")]
    torch.nn.init.constant_(models[0].output.weight, 0.0)
    torch.nn.init.constant_(models[1].output.weight, 1.0)
    save_checkpoint(tmp_path / "last", models[0], {"which": 0})
    ended = threading.Event()

    def keep_saving():
        turn = 0
        while not ended.is_set():
            turn += 1
            previous = tmp_path / "previous" if turn % 4 < 2 else None
            save_checkpoint(
                tmp_path / "last", models[turn % 2], {"which": turn % 2}, previous=previous
            )

    writer = threading.Thread(target=keep_saving)
    writer.start()
    reader, seen = small_model("rnn"), set()
    try:
        deadline = time.monotonic() + 20
        while len(seen) < 2 or time.monotonic() < deadline - 19:
            assert time.monotonic() < deadline
            state = load_training(tmp_path / "last", reader)
            assert (reader.output.weight == state["which"]).all()
            seen.add(state["which"])
    finally:
        ended.set()
        writer.join()


def test_another_models_weights_are_refused(tmp_path):
    save_checkpoint(tmp_path / "best", small_model("rnn"))
    with pytest.raises(AttnlabError, match="no checkpoint of this model"):
        load_weights(tmp_path / "best", small_model("transformer"))


def test_absent(tmp_path):
    with pytest.raises(AttnlabError, match=r"weights.safetensors: there are no weights here"):
        load_weights(tmp_path / "best", small_model("rnn"))


def test_a_machine_that_stopped_between_two_renames_left_the_old_one(tmp_path):
    model, other = small_model("rnn"), small_model("rnn")
    save_checkpoint(tmp_path / "best", model)
    (tmp_path / "best").rename(tmp_path / ".best.old")
    load_weights(tmp_path / "best", other)
    assert torch.equal(model.output.weight, other.output.weight)
    save_checkpoint(tmp_path / "best", other)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best"]


def test_the_checkpoint_before_is_kept_where_it_is_asked_for(tmp_path):
    model = small_model("rnn")
    for number in range(3):
        torch.nn.init.constant_(model.output.weight, number)
        save_checkpoint(
            tmp_path / "last", model, {"update": number}, previous=tmp_path / "previous"
        )
    assert load_training(tmp_path / "last", model)["update"] == 2
    assert load_training(tmp_path / "previous", model)["update"] == 1
    assert (model.output.weight == 1).all()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["last", "previous"]
    (tmp_path / "last").rename(tmp_path / ".new-0123.last")  # stopped between two renames
    assert load_training(tmp_path / "last", model)["update"] == 1


def full_disk(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_write_that_fails_leaves_the_last_one(tmp_path, monkeypatch):
    model = small_model("rnn")
    save_checkpoint(tmp_path / "best", model)
    kept = model.output.weight.clone()
    torch.nn.init.zeros_(model.output.weight)
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(AttnlabError, match=r"could not be written \(No space left.* stands"):
        save_checkpoint(tmp_path / "best", model)
    assert [path.name for path in tmp_path.iterdir()] == ["best"]
    load_weights(tmp_path / "best", model)
    assert torch.equal(model.output.weight, kept)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc here")
def test_all_is_on_the_disk_before_a_checkpoint_can_be_seen(tmp_path, monkeypatch):
    done = []
    fsync, rename = os.fsync, os.rename

    def synced(descriptor):
        done.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    def renamed(source, target, **more):
        done.append((Path(source), Path(target)))
        rename(source, target, **more)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    last, metrics = tmp_path / "last", tmp_path / "metrics.jsonl"
    metrics.touch()
    save_checkpoint(last, small_model("rnn"), {"update": 1}, others=[metrics])
    (moved,) = [each for each in done if isinstance(each, tuple)]
    assert moved[1] == last
    before = done[: done.index(moved)]
    files = [WEIGHTS, TRAINING, SUMS]
    assert sorted(before) == sorted([moved[0], *(moved[0] / name for name in files), metrics])


def test_a_deleted_run_is_not_begun_anew(tmp_path):
    with pytest.raises(AttnlabError, match="was deleted or moved while training wrote to it"):
        save_checkpoint(tmp_path / "run" / "checkpoints" / "last", small_model("rnn"))
    assert not (tmp_path / "run").exists()
