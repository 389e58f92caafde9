"""The smoke test of the whole system: what a task says attention must be, it becomes.

Real processes write a corpus, train, translate, measure and draw. Whatever is wrong with reading,
vocabulary, batches, masks, attention, search or alignment, copying fails.
"""

import json

import pytest
from PIL import Image

from tests.refusals import assert_refused
from tests.runs import attnlab

TASK = (
    "data.task.symbols=8",
    "data.task.shortest=3",
    "data.task.longest=5",
    "data.task.pairs=1500",
    "data.task.held_out=60",
)
QUICK = (
    "batch_tokens=256",
    "max_updates=200",
    "validate_every=100",
    "checkpoint_every=100",
    "validate_sentences=20",
    "watch_sentences=1",
    "optimiser.learning_rate=0.01",
    "schedule.warmup_updates=20",
)
SIZES = {
    "bahdanau": ("model.embedding_size=32", "model.hidden_size=64"),
    "transformer": (
        "model.size=32",
        "model.feedforward_size=64",
        "model.heads=2",
        "model.encoder_layers=1",
        "model.decoder_layers=1",
    ),
}


@pytest.fixture(scope="module", params=list(SIZES))
def copier(request, tmp_path_factory):
    """A folder with a run of data=copy, and what eval says of it as JSON."""
    folder = tmp_path_factory.mktemp("copy")
    model = request.param
    sizes = SIZES[model]
    done = attnlab("train", "data=copy", f"model={model}", *TASK, *QUICK, *sizes, folder=folder)
    assert done.code == 0, done.errors
    assert "warning" not in done.errors.lower()
    found = attnlab("eval", "--exact", "--alignment", "--json", "search=greedy", folder=folder)
    assert found.code == 0, found.errors
    return folder, found.output


def test_it_copies_and_looks_where_the_task_says(copier):
    _, output = copier
    found = json.loads(output)
    assert found["splits"]["test"]["exact"]["score"] >= 95
    alignment = found["alignment"]["test"]
    assert alignment["best"]["accuracy"] >= 95
    assert alignment["best"]["accuracy"] == max(
        head["accuracy"] for head in alignment["heads"] if head["convention"] == "predicts"
    )
    assert alignment["baselines"]["diagonal"]["accuracy"] == 100
    # Sources of three to five symbols, each length as likely: a head without an idea has one in
    # four or so.
    assert alignment["baselines"]["uniform"]["accuracy"] == pytest.approx(25, abs=3)
    assert alignment["task"] == "copy"


# What looks at a run does not depend on its model.
of_any_model = pytest.mark.parametrize("copier", ["bahdanau"], indirect=True)


@of_any_model
def test_the_table_says_what_accuracy_must_be(copier):
    folder, _ = copier
    found = attnlab("eval", "--alignment", folder=folder)
    assert found.code == 0, found.errors
    assert "copy: a head that does all of the work has accuracy 100.0, and one that" in found.output


@of_any_model
def test_the_run_is_measured_the_same_where_its_corpus_must_be_written_anew(
    copier, monkeypatch, tmp_path
):
    folder, output = copier
    monkeypatch.setenv("ATTNLAB_CACHE", str(tmp_path / "new"))
    again = attnlab("eval", "--exact", "--alignment", "--json", "search=greedy", folder=folder)
    assert _untimed(again.output) == _untimed(output)
    assert list((tmp_path / "new" / "tasks").glob("copy-*/test.tsv"))


def _untimed(output):
    found = json.loads(output)
    for split in found["splits"].values():
        del split["timing"]
    return found


@of_any_model
def test_its_best_head_can_be_drawn(copier):
    folder, _ = copier
    done = attnlab(
        "plot-attention", "--sentence", "3", "--best", "--reference", "-o", "copy.png",
        folder=folder,
    )  # fmt: skip
    assert done.code == 0, done.errors
    with Image.open(folder / "copy.png") as picture:
        assert min(picture.size) > 200
        assert len(picture.convert("L").getcolors()) > 20


@of_any_model
def test_heads_have_their_accuracy(copier):
    folder, _ = copier
    done = attnlab("heads", "--json", "--no-tensorboard", "--sort", "acc", folder=folder)
    assert done.code == 0, done.errors
    rows = [row for row in json.loads(done.output)["heads"] if row["kind"] == "cross"]
    assert max(row["alignment_accuracy"] for row in rows) >= 95


def test_a_corpus_is_described_and_its_settings_are_checked(command):
    code, output, errors = command("data", "describe", "data=lookup", "--split", "test", "--json")
    assert code == 0, errors
    described = json.loads(output)
    assert (described["name"], described["splits"]["test"]["pairs"]) == ("lookup", 500)
    assert described["splits"]["test"]["source"]["unseen_words"] == 0
    wrong = command("train", "data=copy", "data.task.symbol=3")
    assert_refused(wrong, 2, "did you mean data.task.symbols?")
    few = command("train", "data=sort", "data.task.longest=20")
    assert_refused(few, 2, "data.task.symbols=26 are too few for 40 different ones")
    other = command("train", "data.task.symbols=3")
    assert_refused(other, 2, "data.task")
