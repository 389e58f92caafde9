"""Attention recorded at validation: what the files hold, and that a resumed run writes the same."""

import shutil

import numpy as np
import pytest
import torch

from attnlab.commands.arguments import load
from attnlab.data.corpus import load_split
from attnlab.data.pairs import SentencePair
from attnlab.data.vocabulary import encode_pairs
from attnlab.inspection.forced import record_pairs
from attnlab.support.errors import AttnlabError
from attnlab.trainer.attention_history import AttentionHistory, read_snapshot, recorded_updates
from tests.runs import attnlab, tiny

SETTINGS = (
    *("max_updates=30", "validate_every=10", "checkpoint_every=15", "keep_checkpoints=5"),
    *("watch_sentences=2", "validate_sentences=2", "averaging.ema_decay=0.9"),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    done = attnlab(*tiny("transformer", *SETTINGS), "runs_root=runs", folder=folder)
    assert done.code == 0, done.errors
    (found,) = (path.parent for path in folder.glob("runs/**/config.yaml"))
    return found


def test_a_file_a_validation_with_the_first_sentences_of_valid(run):
    files = recorded_updates(run / "attention")
    assert list(files) == [10, 20, 30]
    assert len(list((run / "attention").iterdir())) == 3
    trained, _ = load([str(run)], None)
    config = trained.run.config
    expected = load_split(config.data, config.seed, "valid")[:2]
    for update, path in files.items():
        snapshot = read_snapshot(path)
        assert snapshot.update == update
        assert set(snapshot.scores) == {"loss", "bleu"}
        for sentence, pair in zip(snapshot.sentences, expected, strict=True):
            assert (sentence.pair.source, sentence.pair.target) == (pair.source, pair.target)
            assert sentence.pair.alignment == pair.alignment
            assert sentence.tokens.target == trained.vocabulary.target.encode(pair.target)


def test_the_maps_are_those_of_the_checkpoints_of_these_updates(run):
    for update, path in recorded_updates(run / "attention").items():
        trained, _ = load([str(run), f"checkpoint=update-{update:08}"], None)
        snapshot = read_snapshot(path)
        tokens = [sentence.tokens for sentence in snapshot.sentences]
        for recorded in record_pairs(trained.model, tokens):
            found = snapshot.sentences[recorded.index].weights
            assert list(found) == list(recorded.weights)
            for place, weights in recorded.weights.items():
                assert found[place].shape == weights.shape
                np.testing.assert_allclose(found[place], weights, atol=6e-4)  # half precision
    first, *_, last = recorded_updates(run / "attention").values()
    weights = [read_snapshot(path).sentences[0].weights["cross", 1] for path in (first, last)]
    assert not np.allclose(*weights, atol=6e-4), "training changed them"


def test_epochs_are_those_of_the_log(run):
    lines = (run / "metrics.jsonl").read_text()
    snapshot = read_snapshot(recorded_updates(run / "attention")[30])
    assert f'"train/epoch": {snapshot.epoch}' in lines


def test_a_resumed_run_writes_the_same_files(run, tmp_path):
    again = tmp_path / "again"
    shutil.copytree(run, again)
    checkpoints = again / "checkpoints"
    shutil.rmtree(checkpoints / "last")
    (checkpoints / "previous").rename(checkpoints / "last")  # of update 15
    files = recorded_updates(again / "attention")
    files[20].write_bytes(b"what a crash left")
    (again / "attention" / "update-00000040.npz").write_bytes(b"of a run that went on longer")
    done = attnlab("train", "--resume", str(again), folder=tmp_path)
    assert done.code == 0, done.errors
    assert "going on from update 15" in done.errors
    assert [path.name for path in sorted((again / "attention").iterdir())] == [
        path.name for path in sorted((run / "attention").iterdir())
    ]
    for update, path in recorded_updates(again / "attention").items():
        original = recorded_updates(run / "attention")[update]
        assert path.read_bytes() == original.read_bytes(), update


def test_what_is_no_recording_is_refused_and_runs_no_code(run, tmp_path):
    path = tmp_path / "update-00000001.npz"
    path.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(AttnlabError, match=r"update-00000001\.npz: no attention can be read"):
        read_snapshot(path)
    np.savez(path, update=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(AttnlabError, match="allow_pickle=False"):
        read_snapshot(path)
    np.savez(path, update=np.array(1))
    with pytest.raises(AttnlabError, match="epoch"):
        read_snapshot(path)
    whole = recorded_updates(run / "attention")[10].read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AttnlabError, match="no attention can be read"):
        read_snapshot(path)


@pytest.mark.parametrize("how", ["of another size", "not finite", "of no sentence"])
def test_maps_that_are_not_of_their_sentence_are_refused(run, tmp_path, how):
    with np.load(recorded_updates(run / "attention")[10]) as archive:
        arrays = dict(archive)
    name = "0/cross/1"
    changed = {
        "of another size": arrays[name][:, :-1],
        "not finite": np.full_like(arrays[name], np.nan),
        "of no sentence": arrays[name][0],
    }
    arrays[name] = changed[how]
    np.savez(tmp_path / "update-00000010.npz", **arrays)
    with pytest.raises(AttnlabError, match="sentence 0: cross 1 holds no weights of it"):
        read_snapshot(tmp_path / "update-00000010.npz")


@pytest.mark.parametrize("training", [True, False])
def test_recording_changes_neither_mode_nor_chance(run, tmp_path, training):
    trained, _ = load([str(run)], None)
    pairs = [SentencePair("The cat sleeps.", "Le chat dort.")]
    history = AttentionHistory(tmp_path / "history", trained.model, trained.vocabulary, pairs, 0)
    trained.model.train(training)
    before = torch.get_rng_state()
    history.record(7, 0.5, {"loss": 2.0})
    assert torch.equal(torch.get_rng_state(), before)
    assert trained.model.training == training
    snapshot = read_snapshot(tmp_path / "history" / "update-00000007.npz")
    assert (snapshot.update, snapshot.epoch, snapshot.scores) == (7, 0.5, {"loss": 2.0})
    (tokens,) = encode_pairs(trained.vocabulary, [("The cat sleeps.", "Le chat dort.")])
    assert snapshot.sentences[0].tokens == tokens
    assert snapshot.sentences[0].pair == pairs[0]


def test_a_failed_write_names_its_file_and_leaves_nothing_half_written(run, tmp_path):
    trained, _ = load([str(run)], None)
    pairs = [SentencePair("The cat sleeps.", "Le chat dort.")]
    history = AttentionHistory(tmp_path / "history", trained.model, trained.vocabulary, pairs, 0)
    (tmp_path / "history").write_text("in the way")
    with pytest.raises(OSError) as caught:  # noqa: PT011
        history.record(7, 0.5, {"loss": 2.0})
    assert str(tmp_path / "history") in str(caught.value.filename)
    assert recorded_updates(tmp_path / "history") == {}
