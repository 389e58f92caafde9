"""A run's heads against gold alignments: every count by a second route, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.data.corpus import load_split
from attnlab.data.vocabulary import VocabularyPair
from attnlab.data.words import tokenise_english, tokenise_french
from attnlab.evaluate.alignment import AlignmentReport, HeadAlignment, measure_alignment
from attnlab.evaluate.splits import evaluate_splits
from attnlab.evaluation.alignment import ALIGNER, NO_LINKS, LinkCounts, aligner_missing
from attnlab.inspection.maps import attention_maps
from attnlab.run.folder import Run
from attnlab.run.loaded import LoadedRun, Recipe, build_model, build_translator
from attnlab.support.errors import AttnlabError
from attnlab.support.schema import from_node
from tests.runs import SMALLER

TRAIN = """\
The cat sleeps.\tLe chat dort.\t0-0 1-1 2-2 3-3
Does Anna eat?\tAnna mange-t-elle\u202f?\t0-2 1-0 2-1 3-3
I love you.\tJe t'aime.\t0-0 1-2 2-1 3-3
She sees the tree.\tElle voit l'arbre.\t0-0 1-1 2-2 3-3 4-4
"""
TEST = """\
Anna sees the cat.\tAnna voit le chat.\t0-0 1-1 2-2 3-3 4-4
Does the cat eat?\tLe chat mange-t-il\u202f?\t0-3 1-0 2-1 3-2 4-4
Anna loves the tree.\tAnna aime l'arbre.\t0-0 1-1 2-2 3-3 4-4
"""


def a_run(folder, model, *overrides, test=TEST):
    """A model with its first weights, and corpus files of its own."""
    (folder / "train.tsv").write_text(TRAIN, encoding="utf-8")
    (folder / "test.tsv").write_text(test, encoding="utf-8")
    values = [
        "data=bitext",
        f"data.root={folder}",
        "data.train=train.tsv",
        "data.valid=test.tsv",
        "data.test=test.tsv",
        "data.columns=[en,fr,alignment]",
        "data.alignment_tokens=words",
        "vocabulary.size=90",
        f"model={model}",
        *SMALLER[model],
        *overrides,
    ]
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, values))
    vocabulary = VocabularyPair.train(load_split(config.data, 1, "train"), config.vocabulary)
    network = build_model(config, vocabulary, torch.device("cpu")).eval()
    translator = build_translator(network, vocabulary, config.search, 100, 1000)
    recipe = Recipe(folder, "best", None, None, {})
    return LoadedRun(Run(folder, config), recipe, network, vocabulary, translator)


def counts_by_hand(trained, steps, source_column):
    """The counts of every head by maps of one sentence at a time and a loop over characters."""
    counts = {}
    tokenise = [tokenise_english, tokenise_french]
    for line in TEST.splitlines():
        *texts, links = line.split("\t")
        gold = {tuple(map(int, link.split("-"))) for link in links.split()}
        sides = [(texts[0], tokenise[0]), (texts[1], tokenise[1])]
        if source_column == 1:
            sides.reverse()
            gold = {(target, source) for source, target in gold}
        vocabularies = (trained.vocabulary.source, trained.vocabulary.target)
        ids = [each.encode(text) for each, (text, _) in zip(vocabularies, sides, strict=True)]
        owners = [
            owners_of(each.pieces(tokens), text, cut(text))
            for each, tokens, (text, cut) in zip(vocabularies, ids, sides, strict=True)
        ]
        sizes = [len(cut(text)) for text, cut in sides]
        for drawn in attention_maps(trained.model, trained.vocabulary, *ids, pieces=True):
            if drawn.kind != "cross":
                continue
            weights = drawn.weights[steps]
            of_tokens = np.zeros((sizes[1], sizes[0]))
            for target in range(sizes[1]):
                for source in range(sizes[0]):
                    of_tokens[target, source] = sum(
                        queries[target] * keys[source] * weights[query, key]
                        for query, queries in enumerate(owners[1])
                        for key, keys in enumerate(owners[0])
                    ) / sum(queries[target] for queries in owners[1])
            found = {(int(row.argmax()), target) for target, row in enumerate(of_tokens)}
            right = len(found & gold)
            place = (drawn.layer, drawn.head)
            words = {target for _, target in gold}
            hit = {target for source, target in found if (source, target) in gold}
            more = LinkCounts(len(found), len(gold), right, right, len(words), len(hit))
            counts[place] = counts.get(place, NO_LINKS) + more
    return counts


def owners_of(pieces, text, tokens):
    """For every piece the share that each token has of its characters, one by one."""
    owner_of_character = []
    position = 0
    for number, token in enumerate(tokens):
        start = text.index(token, position)
        position = start + len(token)
        owner_of_character += [None] * (start - len(owner_of_character)) + [number] * len(token)
    characters = iter(owner_of_character)
    shares = []
    for index, piece in enumerate(pieces):
        owned = [next(characters) for _ in range(len(piece) - (index == 0))]
        owned = [owner for owner in owned if owner is not None]
        if not owned:  # a lone space: the token behind it
            remaining = sum(len(each) for each in pieces[: index + 1]) - 1
            owned = [owner for owner in owner_of_character[remaining:] if owner is not None][:1]
        shares.append([owned.count(number) / len(owned) for number in range(len(tokens))])
    return shares


@pytest.mark.parametrize(
    ("model", "source_column"), [("bahdanau", 0), ("transformer", 0), ("transformer", 1)]
)
def test_every_head_counts_what_a_second_route_counts(model, source_column, tmp_path):
    swap = ["data.source_language=fr", "data.target_language=en"] if source_column else []
    trained = a_run(tmp_path, model, *swap)
    report = measure_alignment(trained, "test")
    for convention, steps in (("predicts", slice(0, -1)), ("reads", slice(1, None))):
        expected = counts_by_hand(trained, steps, source_column)
        measured = {
            (each.layer, each.head): each.counts
            for each in report.heads
            if each.convention == convention and each.head is not None
        }
        assert measured == expected
        means = [each for each in report.heads if each.head is None]
        assert len(means) == (4 if model == "transformer" else 0)
    assert all(each.counts.found == 15 for each in report.heads)
    assert report.baselines["diagonal"].sure == report.best.counts.sure == 15


def test_the_baselines_by_hand(tmp_path):
    report = measure_alignment(a_run(tmp_path, "bahdanau"), "test")
    uniform = report.baselines["uniform"]
    assert (uniform.found, uniform.sure) == (15, 15)
    assert uniform.found_sure == pytest.approx(5 / 5 + 5 / 5 + 5 / 5)
    # Two sentences go word for word; of the question the diagonal hits the mark at its end alone.
    diagonal = report.baselines["diagonal"]
    assert (diagonal.found, diagonal.found_sure) == (15, 5 + 1 + 5)
    if aligner_missing() is None:
        assert report.remark is None
        assert report.baselines[ALIGNER].sure == 15
    else:
        assert "pip install 'attnlab[align]'" in report.remark
        assert ALIGNER not in report.baselines


def test_a_link_that_is_possible_is_right_and_need_not_be_found(tmp_path):
    # Word for word by its sure links; "b" may also be said of "c".
    test = "a b c\tx y z\t0-0 1-1 2p1 2-2\n"
    trained = a_run(tmp_path, "bahdanau", "data.alignment_tokens=whitespace", test=test)
    report = measure_alignment(trained, "test")
    diagonal, uniform = report.baselines["diagonal"], report.baselines["uniform"]
    assert diagonal == LinkCounts(3, sure=3, found_sure=3, found_possible=3, linked=3, hit=3)
    assert (uniform.found_sure, uniform.hit) == (pytest.approx(3 / 3), pytest.approx(4 / 3))


def test_whitespace_tokens_of_a_users_corpus(tmp_path):
    test = "a b c.\tx y z\u202f.\t0-0 1-1 2-2\nd e.\tv w.\t\n"
    trained = a_run(tmp_path, "bahdanau", "data.alignment_tokens=whitespace", test=test)
    report = measure_alignment(trained, "test")
    assert (report.baselines["diagonal"].found, report.baselines["diagonal"].sure) == (5, 3)
    assert report.tokens == "whitespace"


def test_alignment_alone_says_what_was_left_out(tmp_path):
    test = f"{TEST}Anna sees.\t\t0-0\n \tLe chat.\t\n{'the cat ' * 300}\tle chat\t0-0\n"
    trained = a_run(tmp_path, "bahdanau", test=test)
    found = evaluate_splits(trained, launch.compose_inference([]), ["test"], [], alignment=True)
    reasons = "2 with a blank side, 1 over data.max_characters"
    assert f"| test | 3 of 6 sentences (left out: {reasons}) | 15 gold links |" in str(found)
    pairs = {"with a blank side": 2, "over data.max_characters": 1}
    assert found.as_json()["alignment"]["test"]["left_out"] == {"of": 6, "pairs": pairs}


@pytest.mark.parametrize("tokens", ["words", "whitespace"])
def test_a_link_to_a_word_that_is_not_there(tokens, tmp_path):
    test = TEST + "The cat.\tLe chat.\t0-0 1-1 2-3\n"
    if tokens == "whitespace":
        test = "The cat.\tLe chat.\t0-0 1-1 2-2\n"
    trained = a_run(tmp_path, "bahdanau", f"data.alignment_tokens={tokens}", test=test)
    number, counted = (4, "3 source and 3") if tokens == "words" else (1, "2 source and 2")
    with pytest.raises(AttnlabError, match=rf"test, sentence {number} \('The cat\.'\)") as refused:
        measure_alignment(trained, "test")
    assert f"data.alignment_tokens={tokens} makes {counted} target tokens" in str(refused.value)


def test_what_cannot_be_measured(tmp_path):
    without = a_run(tmp_path, "bahdanau", "data.columns=[en,fr]")
    with pytest.raises(AttnlabError, match="split test of data=bitext has no word alignments"):
        measure_alignment(without, "test")
    plain = a_run(tmp_path, "rnn")
    with pytest.raises(AttnlabError, match="model=rnn has no attention to measure; train model="):
        measure_alignment(plain, "test")


def test_the_report_in_words_and_as_json(tmp_path):
    heads = [
        HeadAlignment(12, head, convention, LinkCounts(1000, 1250, hits, hits, 1000, hits))
        for head, hits in ((1, 500), (2, 900), (None, 700))
        for convention, hits in (("predicts", hits), ("reads", hits - 100))
    ]
    uniform = {"uniform": LinkCounts(1000, 1250, 125, 125, 1000, 125)}
    report = AlignmentReport("test", 100, "words", heads, uniform, "fast_align: not here", None)
    lines = str(report).splitlines()
    assert max(map(len, lines)) < 100
    rows = [" ".join(line.split()) for line in lines]
    assert rows[1] == "predicts reads"
    assert rows[2] == "attention" + 2 * " accuracy precision recall AER"
    assert lines[1].index("predicts") == lines[2].index("accuracy"), "it stands over its columns"
    assert rows[4] == "layer 12 · head 2 90.0 90.0 72.0 20.0 80.0 80.0 64.0 28.9"
    assert rows[6] == "best: layer 12 · head 2, predicts, AER 20.0, accuracy 90.0"
    assert rows[8] == "uniform 12.5 12.5 10.0 88.9"
    assert rows[9].startswith("accuracy: the share of linked target words whose ")
    assert rows[-1] == "fast_align: not here"
    of_a_task = str(replace(report, task="reverse")).splitlines()
    assert of_a_task[7] == (
        "reverse: a head that does all of the work has accuracy 100.0, and one that finds all "
        "symbols alike 12.5"
    )
    assert of_a_task[:7] + of_a_task[8:] == lines
    found = report.as_json()
    assert found["best"] == {
        "layer": 12,
        "head": 2,
        "convention": "predicts",
        "accuracy": pytest.approx(90),
        "precision": pytest.approx(90),
        "recall": pytest.approx(72),
        "alignment_error_rate": pytest.approx(20),
    }
    assert len(found["heads"]) == 6
    assert found["baselines"]["uniform"]["precision"] == pytest.approx(12.5)
    assert (found["sentences"], found["links"], found["tokens"]) == (100, 1250, "words")
