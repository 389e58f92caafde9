"""Runs that begin with another run's weights, beside what safetensors and SentencePiece read."""

import hashlib
import json
import shutil

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from sentencepiece import SentencePieceProcessor

from attnlab.support.files import seal
from tests.refusals import assert_refused
from tests.runs import attnlab, tiny
from tests.together import Together

QUICK = (
    *("watch_sentences=0", "validate_metrics=[]", "stopping.metric=loss", "log_every=1"),
    *("batch_tokens=256", "max_updates=0"),
)

OTHER_PIECES = ("vocabulary.size=250", "vocabulary.model=unigram")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The folder of a run of a transformer, trained for a few updates."""
    folder = tmp_path_factory.mktemp("source")
    quick = [each for each in QUICK if not each.startswith("max_updates")]
    result = attnlab(*tiny("transformer", *quick, "optimiser.learning_rate=0.01"), folder=folder)
    assert result.code == 0, result.errors
    return folder / result.output.strip()


@pytest.fixture
def begun(command, source, tmp_path):
    """Begin a run by in-process training; its folder, and what was said."""

    def begin(*more, run=source):
        code, output, errors = command("train", f"init_from={run}", *QUICK, *more)
        assert code == 0, errors
        return tmp_path / output.strip(), " ".join(errors.split())

    return begin


def weights(run, checkpoint="last"):
    return load_file(run / "checkpoints" / checkpoint / "weights.safetensors")


def same(one, two):
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def metrics(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_run_begins_with_the_other_ones_weights_and_a_fresh_optimiser(begun, source):
    run, said = begun("optimiser=adamw")
    assert same(weights(run), weights(source, "best"))
    assert same(weights(run, "best"), weights(source, "best"))
    state = torch.load(run / "checkpoints" / "last" / "training.pt", weights_only=True)
    assert state["optimiser"]["state"] == {}
    assert "300 of 300 pieces keep their embeddings" in said
    for name in ("vocabulary.model",):
        assert (run / name).read_bytes() == (source / name).read_bytes()
    best = source / "checkpoints" / "best"
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["init_from"] == str(source)
    assert config["init"] == {
        "checkpoint": "best",
        "vocabulary": "keep",
        "update": json.loads((best / "run.json").read_text())["update"],
        "weights": hashlib.sha256((best / "weights.safetensors").read_bytes()).hexdigest(),
    }
    # It is validated before its first update, by which it is seen what training changes.
    (first,) = metrics(run)
    losses = {
        line["update"]: line["valid/loss"] for line in metrics(source) if "valid/loss" in line
    }
    assert first == {"update": 0, "valid/loss": pytest.approx(min(losses.values()), rel=1e-6)}


def test_pieces_that_both_vocabularies_have_keep_their_rows(begun, source):
    run, said = begun(*OTHER_PIECES)
    alone, _ = begun(*OTHER_PIECES, "init.vocabulary=new", "init.checkpoint=last")
    old, new = (
        SentencePieceProcessor(model_file=str(each / "vocabulary.model")) for each in (source, run)
    )
    places = {old.id_to_piece(place): place for place in range(len(old))}
    best, found, last = weights(source, "best"), weights(run), weights(alone)
    table = next(name for name, weight in found.items() if len(weight) == 250)
    kept = 0
    for row in range(len(new)):
        place = places.get(new.id_to_piece(row))
        if place is None:  # drawn from the seed, whatever the other run has
            assert torch.equal(found[table][row], last[table][row])
        else:
            kept += 1
            assert torch.equal(found[table][row], best[table][place])
    assert 100 < kept < 250
    assert f"{kept} of 250 pieces keep their embeddings" in said
    assert all(torch.equal(found[name], best[name]) for name in found.keys() - {table})


def test_a_resumed_run_needs_no_other_run_and_ends_alike_to_the_bit(begun, source, command):
    copy = source.parents[2] / "copy" / "1"
    shutil.copytree(source, copy)
    more = ("schedule=constant", "model.dropout=0.1", "averaging.ema_decay=0.9", "max_updates=5")
    more += ("optimiser=adamw", "checkpoint_every=2", "validate_every=2", "keep_checkpoints=9")
    whole, _ = begun(*more, "name=whole")
    cut, _ = begun(*more, "name=cut", "max_updates=0", run=copy)
    shutil.rmtree(copy)
    for updates in (3, 5):
        code, _, errors = command("train", "--resume", "cut", f"max_updates={updates}")
        assert code == 0, errors
    assert not same(weights(cut), weights(source, "best"))
    for checkpoint in ("last", "best", "update-00000004"):
        assert same(weights(cut, checkpoint), weights(whole, checkpoint)), checkpoint
    losses = [
        [(line["update"], line["train/loss"]) for line in metrics(run) if "train/loss" in line]
        for run in (whole, cut)
    ]
    assert losses[0] == losses[1]


def test_a_run_of_another_size_says_what_it_took(begun, source):
    run, said = begun("model.decoder_layers=3", "model.feedforward_size=40")
    theirs, ours = weights(source, "best"), weights(run)
    fits = {n for n, w in ours.items() if n in theirs and theirs[n].shape == w.shape}
    assert all(torch.equal(ours[name], theirs[name]) for name in fits)
    total = len(ours)
    assert f"{len(fits)} of {total} weights are those of" in said
    assert "begin at random: " in said
    assert "decoder.layer3.cross (8)" in said
    assert "not taken from there: encoder.layer1.feedforward" in said


def test_two_processes_begin_alike(source, tmp_path):
    arguments = (f"init_from={source}", *QUICK, "averaging.ema_decay=0.9", "name=both")
    started = Together("train", *arguments, "model.dropout=0.0", folder=tmp_path)
    assert started.wait() == [0, 0], started.told()
    (run,) = tmp_path.glob("runs/both/*")
    assert same(weights(run), weights(source, "best"))
    losses = [line["valid/loss"] for line in metrics(source) if "valid/loss" in line]
    assert metrics(run)[0]["valid/loss"] == pytest.approx(min(losses), rel=1e-5)


@pytest.fixture
def damaged(source, tmp_path):
    folder = tmp_path / "runs" / "damaged" / "1"
    shutil.copytree(source, folder)
    return folder


def _without_checkpoints(run):
    shutil.rmtree(run / "checkpoints")


def _without_best(run):
    shutil.rmtree(run / "checkpoints" / "best")


def _diverged(run):
    best = run / "checkpoints" / "best"
    found = load_file(best / "weights.safetensors")
    found[min(found)].fill_(float("nan"))
    save_file(found, best / "weights.safetensors")
    (best / "SHA256SUMS").unlink()
    seal(best, ())


@pytest.mark.parametrize(
    ("damage", "more", "messages"),
    [
        (_without_checkpoints, (), ["it has no checkpoint best to begin with; let it train on"]),
        (_without_best, (), ["no checkpoint best to begin with; choose init.checkpoint=last"]),
        (_diverged, (), ["hold NaN or infinity, since the training diverged"]),
        (None, ("init.checkpoint=averaged",), ["nothing was averaged yet"]),
        (None, ("init.weights=0123",), ["init.weights=0123 is asked for, and that of"]),
        (None, ("model=rnn",), ["none of its weights fits this model; leave out what makes it"]),
    ],
)
def test_what_cannot_begin_is_refused_and_leaves_no_run(damage, more, messages, damaged, command):
    if damage is not None:
        damage(damaged)
    refused = command("train", f"init_from={damaged}", *QUICK, "name=new", *more)
    assert_refused(refused, 1, *messages)
    assert not list(damaged.parents[1].glob("new"))


def test_resuming_takes_no_other_run(damaged, command):
    refused = command("train", "--resume", "damaged", f"init_from={damaged}")
    assert_refused(refused, 2, f"init_from={damaged} cannot be set on a run", "a new run begins")


def test_one_vocabulary_a_side_is_not_kept_for_other_languages(command, tmp_path):
    lines = [f"the {number} cats\tles {number} chats\n" for number in range(40)]
    (tmp_path / "pairs.tsv").write_text("".join(lines))
    model = ("model=rnn", "model.embedding_size=8", "model.hidden_size=8", "vocabulary=separate")
    corpus = ("data=bitext", "data.train=pairs.tsv", "vocabulary.size=40", "vocabulary.model=word")
    assert command("train", *model, *corpus, *QUICK, "name=old")[0] == 0
    other = ("data.source_language=fr", "data.target_language=en")
    assert_refused(
        command("train", "init_from=old", *QUICK, *other),
        2,
        "its vocabularies, one for each side, are for en to fr, and this corpus is fr to en",
        "choose init.vocabulary=new",
    )
    code, _, errors = command("train", "init_from=old", *QUICK, *other, "init.vocabulary=new")
    assert code == 0, errors
    assert "source pieces keep their embeddings" in errors
    (tmp_path / "pairs.tsv").write_text("".join(lines).replace("les", "des"))
    code, _, errors = command("train", "init_from=old", *QUICK)
    assert code == 0, errors
    assert "target tokens of train are unknown to the vocabulary of" in " ".join(errors.split())
