"""Agreement over a corpus: toys with a known answer, baselines, and the whole job."""

import json
import math

import numpy as np
import pytest
import torch

from attnlab.attention.intervention import intervene
from attnlab.data.corpus import load_split
from attnlab.data.project_alignment import locate_pieces
from attnlab.data.vocabulary import encode_pairs
from attnlab.evaluate.sentences import inspect_sentences
from attnlab.inspection.maps import attention_maps
from attnlab.studies.faithfulness.caption import faithfulness_line, sentence_faithfulness
from attnlab.studies.faithfulness.removal import (
    GOLD,
    PERMUTED,
    Effects,
    Head,
    compare,
    gold_links,
    head_weights,
    measure_agreement,
    permute_weights,
    read_pairs,
    remove_words,
    source_words,
)
from attnlab.studies.faithfulness.report import measure_faithfulness
from attnlab.support.errors import AttnlabError, UsageError
from tests.evaluate.test_alignment import TEST, a_run

QUIET = {"count": 10, "batch_tokens": 200}


def agreement_of_test(trained):
    pairs, encoded = read_pairs(trained, "test", QUIET["count"])
    return measure_agreement(trained, "test", pairs, encoded, QUIET["batch_tokens"])


def effects(drops):
    drops = np.array(drops, dtype=float)
    return Effects(0, drops, np.abs(drops))


def test_agreement_by_hand():
    weights = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.1, 0.2, 0.7]])
    found = compare(weights, effects([[3.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 1.0, -3.0]]))
    # (2 - 1) / 3; 2 of 3 pairs in order and one tied: 2 / √(2 · 3); all but one in reverse.
    taus = [1 / 3, 2 / math.sqrt(6), -1.0]
    assert found.kendall == pytest.approx(np.mean(taus))
    assert found.top == pytest.approx((1 + 1 + 0) / 3)
    # Distances of the third step: 2, 1, 3 against weights 1, 2, 3: two of three pairs in order.
    assert found.kendall_distance == pytest.approx(np.mean([*taus[:2], 1 / 3]))
    nothing = compare(np.zeros((2, 3)), effects([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    assert all(math.isnan(value) for value in vars(nothing).values())


def test_a_model_that_sees_one_key_alone_agrees_with_itself(tmp_path):
    """Each source piece knows only itself, and the decoder sees only the first of them.

    Whatever word but the first is left out, nothing changes: the weights say so exactly.
    """
    trained = a_run(tmp_path, "transformer", "model.encoder_layers=1", "model.decoder_layers=1")
    pairs = encode_pairs(trained.vocabulary, [("Anna loves the tree.", "Anna aime l'arbre.")])
    words = source_words(trained, pairs[0])

    def itself(weights, visible):
        return torch.eye(weights.size(-1)).expand_as(weights)

    def the_first(weights, visible):
        return torch.zeros_like(weights).index_fill(-1, torch.tensor([0]), 1.0)

    changes = {"encoder.layer1.self": itself, "decoder.layer1.cross": the_first}
    with intervene(trained.model, changes):
        weights = head_weights(trained, pairs, 500)[0][Head(1, 1)]
        (found,) = remove_words(trained.model, pairs, [words], 500)
    expected = [[1.0] + [0.0] * (len(words) - 1)] * len(pairs[0].target)
    np.testing.assert_array_equal(weights, expected)
    moved = found.distances.round(6)  # what is left of other words is rounding
    assert (moved[:, 0] > 0).all()
    assert not moved[:, 1:].any()
    agreement = compare(weights, Effects(0, moved, moved))
    assert (agreement.kendall, agreement.spearman, agreement.top) == (
        pytest.approx(1.0),
        pytest.approx(1.0),
        1.0,
    )


def test_weights_of_words_are_those_of_the_maps_without_the_end(tmp_path):
    trained = a_run(tmp_path, "transformer")
    pairs = encode_pairs(trained.vocabulary, [line.split("\t")[:2] for line in TEST.splitlines()])
    found = head_weights(trained, pairs, 200)
    for index, pair in enumerate(pairs):
        pieces = attention_maps(
            trained.model, trained.vocabulary, pair.source, pair.target, pieces=True
        )
        words = source_words(trained, pair)
        for each in pieces:
            if each.kind != "cross":
                continue
            expected = np.stack(
                [each.weights[:-1, word.start : word.stop].sum(axis=1) for word in words], axis=1
            )
            weights = found[index][Head(each.layer, each.head)]
            np.testing.assert_allclose(weights, expected, atol=1e-6)
        mean = np.mean([found[index][Head(2, head)] for head in (1, 2, 3, 4)], axis=0)
        np.testing.assert_allclose(found[index][Head(2, None)], mean)


def test_shuffled_weights_are_those_of_some_head_in_another_order():
    generator = np.random.default_rng(3)
    heads = [generator.random((400, 6)) for _ in range(3)]
    found = permute_weights(heads, 7)
    drawn = [
        next(head for head in range(3) if sorted(heads[head][step]) == sorted(found[step]))
        for step in range(400)
    ]
    assert set(drawn) == {0, 1, 2}
    moved = [not np.array_equal(heads[drawn[step]][step], found[step]) for step in range(400)]
    assert sum(moved) > 390, "one order in 720 is the old one"
    np.testing.assert_array_equal(permute_weights(heads, 7), found)


@pytest.mark.parametrize("model", ["bahdanau", "transformer"])
def test_every_sentence_is_compared_with_its_gold_links(model, tmp_path):
    test = TEST + "Yes.\tOui.\t0-0 1-1\n"
    trained = a_run(tmp_path, model, test=test)
    found = agreement_of_test(trained)
    assert sorted(each.index for each in found) == [0, 1, 2], "one word has nothing to compare"
    for each in found:
        assert each.chance == 1 / 4
        heads = [of for of in each.by if isinstance(of, Head)]
        assert len(heads) == (1 if model == "bahdanau" else 2 * (4 + 1))
        assert {GOLD, PERMUTED} <= set(each.by)
        assert -1 <= each.by[GOLD].kendall <= math.sqrt(2 / 4) + 1e-9, "ties: see docs"


def test_gold_links_of_pieces_by_hand(tmp_path):
    trained = a_run(tmp_path, "bahdanau")
    [pair] = encode_pairs(trained.vocabulary, [("Does the cat eat?", "Le chat mange-t-il\u202f?")])
    read = load_split(trained.run.config.data, 1, "test")[1]
    links = gold_links(trained, "it", read, pair)
    # 0-3 1-0 2-1 3-2 4-4: "eat" and its mark are one word here.
    of_token = {"Le": "the", "chat": "cat", "mange": "eat?", "il": "Does", "?": "eat?"}
    words = ["Does", "the", "cat", "eat?"]
    pieces = trained.vocabulary.target.pieces(pair.target)
    assert links.shape == (len(pieces), 4)
    compared = 0
    for piece, (start, stop), row in zip(
        pieces, locate_pieces(pieces, read.target), links, strict=True
    ):
        for token, word in of_token.items():
            at = read.target.index(token)
            if start < stop and at <= start and stop <= at + len(token):
                assert row.tolist() == [each == word for each in words], piece
                compared += 1
    assert compared >= 5


def test_the_job_and_its_report(tmp_path):
    test = TEST + "Yes.\tOui.\t0-0 1-1\n"
    trained = a_run(tmp_path, "transformer", test=test)
    report = measure_faithfulness(trained, "test", bleu=True, **QUIET)
    found = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert (found["sentences"], found["of_one_word"]) == (4, 1)
    assert [each["kind"] for each in found["replaced"][-3:]] == ["cross", "encoder", "decoder"]
    assert len(found["replaced"]) == 2 * 4 + 3
    assert len(found["agreement"]) == 2 * 5 + 2
    assert found["chance"] == 0.25
    assert "bleu" in found
    assert all("bleu" in each["uniform"] for each in found["replaced"])
    shown = str(report)
    assert max(map(len, shown.splitlines())) <= 100
    assert "words removed | test | 3 sentences (and 1 of one word)" in shown
    rows = [line for line in shown.splitlines() if line.startswith("layer ")]
    assert [row.split("  ")[0] for row in rows][3:6] == [
        "layer 1 · head 4",
        "layer 1 · mean of heads",
        "layer 2 · head 1",
    ]


def test_sentences_of_one_word_alone(tmp_path):
    trained = a_run(tmp_path, "bahdanau", test="Yes.\tOui.\t0-0\n")
    report = measure_faithfulness(trained, "test", **QUIET)
    assert (report.sentences, report.single) == (1, 1)
    assert report.as_json()["agreement"] == []
    assert report.as_json()["chance"] is None
    lines = str(report).splitlines()
    assert "words removed | test | 0 sentences (and 1 of one word)" in lines
    assert lines[-1].endswith("checkpoint best")


def test_what_a_figure_says_of_itself(tmp_path):
    trained = a_run(tmp_path, "transformer")
    (sentence,) = inspect_sentences(trained, split="test", numbers=[1], reference=True)
    of_sentence = sentence_faithfulness(trained, sentence, 200)
    of_split = agreement_of_test(trained)
    [same] = [each for each in of_split if each.index == 0]
    assert of_sentence == {
        head: pytest.approx(agreement.kendall)
        for head, agreement in same.by.items()
        if isinstance(head, Head)
    }
    one = faithfulness_line(of_sentence, of_split, "test", [Head(2, 3)])
    assert one.startswith(
        "do these weights explain? Kendall τ between weights and the effect of leaving each word "
        f"out: {of_sentence[Head(2, 3)]:.2f} (this sentence), "
    )
    assert one.endswith("(3 test sentences)")
    several = faithfulness_line(of_sentence, of_split, "test", list(of_sentence))
    assert ", at best (layer " in several


def test_a_figure_of_one_word_has_nothing_to_compare(tmp_path):
    trained = a_run(tmp_path, "bahdanau")
    (sentence,) = inspect_sentences(trained, texts=["Anna"])
    of_sentence = sentence_faithfulness(trained, sentence, 200)
    assert list(of_sentence) == [Head(1, 1)]
    of_split = agreement_of_test(trained)
    assert ": nothing to compare (this sentence), " in faithfulness_line(
        of_sentence, of_split, "test", [Head(1, 1)]
    )
    alone = faithfulness_line(of_sentence, [], "test", [Head(1, 1)])
    assert alone.endswith(": nothing to compare (this sentence)")


def test_what_cannot_be_tested(tmp_path):
    with pytest.raises(AttnlabError, match="model=rnn has no attention to test; train model="):
        measure_faithfulness(a_run(tmp_path, "rnn"), "test", **QUIET)
    with pytest.raises(UsageError, match="nowhere"):
        measure_faithfulness(a_run(tmp_path, "bahdanau"), "nowhere", **QUIET)


def test_without_alignments_there_are_no_gold_links(tmp_path):
    trained = a_run(tmp_path, "bahdanau", "data.columns=[en,fr]")
    found = agreement_of_test(trained)
    assert len(found) == 3
    assert all(GOLD not in each.by for each in found)
