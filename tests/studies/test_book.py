"""A run beside the book's: bleu by hand arithmetic, shortened runs, and refusals."""

import json
import math
from dataclasses import replace
from functools import cache

import pytest
import yaml
from sacrebleu import sentence_bleu

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.launch import compose_inference
from attnlab.run.loaded import load_run
from attnlab.studies.book import (
    BEST_LOSSES,
    SENTENCES,
    BookReport,
    Translated,
    best_book_bleu,
    book_bleu,
    book_report,
    corpus_bleu,
    with_book_settings,
)
from attnlab.support.errors import UsageError
from attnlab.support.folders import shipped_folder
from attnlab.support.schema import from_node
from tests.conftest import shared_data
from tests.runs import attnlab, tiny

NAMES = sorted(path.stem for path in (shipped_folder("configs") / "experiment").glob("d2l_*.yaml"))
SMALLER = {
    "d2l_seq2seq": ("model.embedding_size=32", "model.hidden_size=32"),
    "d2l_bahdanau": ("model.embedding_size=32", "model.hidden_size=32"),
    "d2l_transformer": ("model.size=32",),
}


def composed(name):
    return from_node(ExperimentConfig, launch.compose(launch.TRAIN, [f"experiment={name}"]))


def test_there_is_an_experiment_for_each_figure():
    assert sorted(SMALLER) == NAMES
    assert {composed(name).model.name for name in NAMES} == set(BEST_LOSSES)


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_the_book_s(name):
    config = composed(name)
    assert (config.max_epochs, config.batch_sentences, config.optimiser.clip_norm) == (30, 128, 1)
    assert (config.vocabulary.model, config.vocabulary.minimum_frequency) == ("word", 2)
    assert config.objective.label_smoothing == 0
    assert config.optimiser.learning_rate == (0.001 if name == "d2l_transformer" else 0.005)
    model = vars(config.model)
    if name == "d2l_transformer":
        sizes = ("size", "feedforward_size", "heads", "encoder_layers", "decoder_layers")
        assert [model[size] for size in sizes] == [256, 64, 4, 2, 2]
        assert (model["norm"], model["activation"]) == ("post", "relu")
    else:
        sizes = ("embedding_size", "hidden_size", "layers", "bidirectional", "cell")
        assert [model[size] for size in sizes] == [256, 256, 2, False, "gru"]
    assert model["dropout"] == 0.2


@pytest.fixture(scope="module")
def shortened(tmp_path_factory):
    """By its experiment's name: the book's run with smaller layers for three epochs."""

    @cache
    def run_of(name):
        folder = tmp_path_factory.mktemp(name)
        settings = [f"experiment={name}", *SMALLER[name], "max_epochs=3", "watch_sentences=0"]
        done = attnlab("train", *settings, f"data.root={shared_data('tatoeba')}", folder=folder)
        assert done.code == 0, done.errors
        return folder / done.output.strip()

    return run_of


@pytest.mark.parametrize("name", NAMES)
def test_a_shortened_run_of_each(name, shortened, tmp_path):
    run = shortened(name)
    done = attnlab("eval", str(run), "--book", "--json", folder=tmp_path)
    assert done.code == 0, done.errors
    found = json.loads(done.output)
    assert found["loss"]["book_best"] == BEST_LOSSES[found["model"]]
    losses = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    losses = [line["valid/loss"] for line in losses if "valid/loss" in line]
    assert len(losses) == 3, "an epoch is four updates"
    assert (found["loss"]["best"], found["loss"]["last"]) == (min(losses), losses[-1])
    assert [each["source"] for each in found["sentences"]] == list(SENTENCES)
    assert found["validation"]["sentences"] == 128
    assert 0.1 < found["loss"]["unknown_share"] < 0.4
    rows = (shared_data("tatoeba") / "fra.txt").read_text(encoding="utf-8").splitlines()
    versions = [row.split("\t")[1] for row in rows if row.startswith("Go.\t")]
    assert len(found["sentences"][0]["references"]) == len(versions) > 1
    assert found["checkpoint"]["name"] == "last"
    assert found["search"]["name"] == "greedy"


def test_a_model_that_the_book_has_not_is_refused(shortened):
    run = shortened("d2l_seq2seq")
    config = compose_inference([])
    trained = load_run(run, config)
    trained.run.config.model = replace(trained.run.config.model, name="convolutional")
    with pytest.raises(UsageError, match="the book trains no model=convolutional"):
        book_report(trained)


def test_what_the_user_says_stands_before_what_the_book_does():
    assert with_book_settings(["run"]) == ["run", "checkpoint=last", "search=greedy"]
    assert with_book_settings(["search=beam"]) == ["search=beam", "checkpoint=last"]


def test_a_corpus_without_the_sentences_and_options_that_make_no_sense(tmp_path):
    done = attnlab(*tiny("rnn", "max_updates=1"), folder=tmp_path)
    refused = attnlab("eval", done.output.strip(), "--book", folder=tmp_path)
    assert refused.code != 0
    assert "none of the book's sentences" in refused.errors
    assert "attnlab data get tatoeba" in refused.errors
    refused = attnlab("eval", "--book", "--bleu", folder=tmp_path)
    assert "takes no option but --json" in refused.errors


def test_without_the_file_it_is_said_how_to_get_it(tmp_path):
    refused = attnlab("train", "experiment=d2l_seq2seq", folder=tmp_path)
    assert refused.code != 0
    assert "`attnlab data get tatoeba` downloads it, or data.root=" in refused.errors
    assert not any(tmp_path.glob("runs/*/*"))


def test_each_experiment_differs_in_its_model_alone():
    texts = [
        yaml.safe_load((shipped_folder("configs") / "experiment" / f"{name}.yaml").read_text())
        for name in NAMES
    ]
    for text in texts:
        for changed in ("name", "model"):
            text.pop(changed)
        text["optimiser"].pop("learning_rate")
        text["defaults"] = [each for each in text["defaults"] if "override /model" not in each]
    assert texts[0] == texts[1] == texts[2]


@pytest.mark.parametrize(
    ("hypothesis", "reference", "expected"),
    [
        ("A B C D", "A B C D", 1.0),
        # The book's own example: p1 = 4/5, p2 = 3/4 (p3 = 1/3 has no part), and no brevity.
        ("A B B C D", "A B C D E F", math.exp(1 - 6 / 5) * (4 / 5) ** 0.5 * (3 / 4) ** 0.25),
        ("A B", "A B C D E F", math.exp(1 - 6 / 2)),  # the book: only two words, all of them right
        ("A A A", "A B", (1 / 3) ** 0.5 * 0),  # each word counts as often as it is in the reference
        ("A", "A B", math.exp(-1)),  # no pairs, so no p2
        ("A B C D E", "A X C Y E", (3 / 5) ** 0.5 * 0.0),
        ("", "A", 0.0),
    ],
)
def test_by_hand(hypothesis, reference, expected):
    assert book_bleu(hypothesis.split(), reference.split()) == pytest.approx(expected)


def test_n_grams_up_to_the_length_that_is_asked_for():
    words, reference = ["A", "B", "B", "C", "D"], ["A", "B", "C", "D", "E", "F"]
    brevity = math.exp(1 - 6 / 5)
    assert book_bleu(words, reference, longest=1) == pytest.approx(brevity * (4 / 5) ** 0.5)
    of_three = brevity * (4 / 5) ** 0.5 * (3 / 4) ** 0.25 * (1 / 3) ** 0.125
    assert book_bleu(words, reference, longest=3) == pytest.approx(of_three)


def test_the_best_of_several_references():
    assert best_book_bleu(["va", "!"], [["bouge", "!"], ["va", "!"]]) == 1.0


def translated(source, hypothesis, *references):
    words = [tuple(text.lower().split()) for text in (hypothesis, *references)]
    return Translated(source, hypothesis, references, words[0], tuple(words[1:]))


def test_a_sentence_without_references_has_no_scores():
    alone = translated("he's calm .", "il dort .")
    assert (alone.book_bleu(), alone.bleu()) == (None, None)


def test_bleu_of_a_sentence_is_that_of_sacrebleu_whatever_its_capitals():
    found = translated("i'm home .", "je suis gros .", "Je suis chez moi .", "Me voilà .")
    expected = sentence_bleu(
        found.hypothesis, list(found.references), lowercase=True, use_effective_order=True
    )
    assert found.bleu() == pytest.approx(expected.score)
    assert translated("go .", "va !", "Va !").bleu() == pytest.approx(100.0)


def test_the_report_has_both_scores_and_the_reason():
    sentences = (
        translated(SENTENCES[0], "va !", "Va !", "Bouge !"),
        translated(SENTENCES[2], "il dort ."),
    )
    validation = (translated("a", "je suis ici .", "je suis ici ."), translated("b", "non", "oui"))
    report = BookReport("rnn", 1.25, 2.5, 0.25, sentences, validation, "greedy", {"run": "it"})
    values = report.as_json()
    assert values["loss"] == {"best": 1.25, "last": 2.5, "book_best": 2.54, "unknown_share": 0.25}
    assert [each["book_bleu"] for each in values["sentences"]] == [1.0, None]
    assert values["validation"]["book_bleu"] == 0.5
    assert values["run"] == "it"
    assert values["validation"]["bleu"]["score"] == corpus_bleu(validation).score
    text = str(report)
    for shown in ("2.54", "1.25", "25%", "the file has no such sentence", "Va ! / Bouge !"):
        assert shown in text
    assert max(map(len, text.splitlines())) <= 100
