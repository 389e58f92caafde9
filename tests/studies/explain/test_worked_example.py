"""Worked examples of real models: read back from the printed text, and recomputed."""

import json
import re

import numpy as np
import pytest
import torch

from attnlab.attention.positions import RelativePositions
from attnlab.attention.scores import SCORES
from attnlab.studies.explain.step import explain_step
from attnlab.studies.explain.worked_example import worked_example
from attnlab.support.errors import AttnlabError, UsageError
from tests.cases import one_by_one
from tests.evaluate.test_alignment import a_run

ANYTHING = {
    "text": None,
    "split": "test",
    "number": 2,
    "reference": True,
    "step": "3",
    "kind": "cross",
    "layer": None,
    "head": 1,
}


def section(text, number):
    """The table of a numbered section: a row of cells a line, without its head and its `sum`."""
    [body] = re.findall(rf"^{number}\. .*?(?=^\d\. |\Z)", text, re.MULTILINE | re.DOTALL)
    lines = [line.split() for line in body.splitlines()]
    head = next(place for place, line in enumerate(lines) if line[:1] == ["key"])
    return [line for line in lines[head + 1 :] if line and line[0].isdecimal()], lines


@one_by_one(
    attention=[
        ("bahdanau", "cross"),
        ("transformer", "cross"),
        ("transformer", "encoder"),
        ("transformer", "decoder"),
    ],
    score=SCORES,
)
def test_a_reader_with_a_calculator_finds_the_weights(attention, score, tmp_path):
    model, kind = attention
    trained = a_run(tmp_path, model, f"score={score}")
    found = explain_step(trained, **ANYTHING | {"kind": kind})
    text = worked_example(found)
    assert max(map(len, text.splitlines())) <= 80
    assert f"step         3 of {len(found.queries)}" in text
    assert SCORES.build(trained.run.config.score, 4, 4).formula in text

    rows, lines = section(text, 4)
    seen = visible_rows(rows, found, kind)
    digits = len(seen[0][-3].split(".")[-1])
    scores = np.array([float(row[row.index("visible") - 1]) for row in seen])
    differences, exponentials, weights = np.array([row[-3:] for row in seen], dtype=float).T
    np.testing.assert_allclose(differences, scores - scores.max(), atol=10.0**-8)
    np.testing.assert_allclose(exponentials, np.exp(differences), atol=0.51 * 10.0**-digits)
    [total] = [float(line[1]) for line in lines if line[:1] == ["sum"]]
    assert total == pytest.approx(exponentials.sum(), abs=1e-9)
    np.testing.assert_array_equal(weights, (exponentials / total).round(4))

    sums, _ = section(text, 3)
    for row, (terms, score_printed) in zip(
        sums, _terms_and_scores(sums, found.score.factor), strict=True
    ):
        assert terms == pytest.approx(score_printed, abs=0.51 * 10.0**-digits), row
    the_context_follows(text)


def visible_rows(rows, found, kind):
    """Of the table of weights; each row says whether its key is visible."""
    assert len(rows) == len(found.keys)
    seen = [row for row in rows if "visible" in row]
    assert len(seen) == (3 if kind == "decoder" else len(rows))
    assert len(seen) + sum("masked" in row for row in rows) == len(rows)
    return seen


def the_context_follows(text):
    """From printed weights and values."""
    values, lines = section(text, 5)
    [context] = [line[1:] for line in lines if line[:1] == ["context"]]
    places = len(context[0].split(".")[-1])
    average = np.array([row[-5] for row in values], float) @ np.array(
        [row[-4:] for row in values], float
    )
    np.testing.assert_allclose(average, np.array(context, float), atol=0.51 * 10.0**-places)


def number(text, before):
    """The number that stands behind some words, wherever lines are broken."""
    [found] = re.findall(rf"{re.escape(before)} (-?[\d.]*\d)", re.sub(r"\s+", " ", text))
    return float(found)


@pytest.mark.parametrize("learnt", [False, True])
def test_the_steps_of_a_temperature(learnt, tmp_path):
    chosen = ["normaliser=temperature", f"normaliser.learnt={learnt}", "score=general"]
    trained = a_run(tmp_path, "transformer", *chosen, "normaliser.temperature=0.3")
    found = explain_step(trained, **ANYTHING | {"kind": "decoder"})
    text = worked_example(found)
    temperature = number(text, "The temperature τ is")
    assert temperature == pytest.approx(0.3, abs=1e-6)
    rows, _ = section(text, 4)
    seen = visible_rows(rows, found, "decoder")
    _, tempered, differences, exponentials, weights = np.array(
        [row[-6:-5] + row[-4:] for row in seen], dtype=float
    ).T
    scores = np.array([row[-6] for row in seen], dtype=float)
    digits = len(seen[0][-3].split(".")[-1])
    np.testing.assert_allclose(tempered, scores / temperature, atol=0.51 * 10.0**-digits)
    np.testing.assert_allclose(differences, tempered - tempered.max(), atol=1e-9)
    np.testing.assert_array_equal(weights, (exponentials / exponentials.sum()).round(4))
    the_context_follows(text)


@pytest.mark.parametrize("kind", ["cross", "decoder"])
@pytest.mark.parametrize("name", ["sparsemax", "entmax15"])
def test_the_steps_of_sparse_weights(name, kind, tmp_path):
    chosen = [f"normaliser={name}", "score=gaussian", "score.width=1.5"]
    found = explain_step(a_run(tmp_path, "transformer", *chosen), **ANYTHING | {"kind": kind})
    text = worked_example(found)
    assert max(map(len, text.splitlines())) <= 80
    rows, _ = section(text, 4)
    seen = visible_rows(rows, found, kind)
    scores = np.array([row[row.index("visible") - 1] for row in seen], dtype=float)
    weights = np.array([row[-1] for row in seen], dtype=float)
    z = scores if name == "sparsemax" else scores / 2
    count = int((weights > 0).sum())
    greatest = np.sort(z)[::-1][:count]
    if name == "sparsemax":
        threshold = number(text, f"(their sum − 1) / {count} =")
        assert threshold == pytest.approx((greatest.sum() - 1) / count, abs=1e-4)
        by_hand = np.maximum(0, z - threshold)
    else:
        mean, spread = number(text, "mean m ="), number(text, "m)² =")
        threshold = number(text, f"√((1 − S) / {count}) =")
        assert mean == pytest.approx(greatest.mean(), abs=1e-4)
        assert spread == pytest.approx(np.square(greatest - mean).sum(), abs=1e-4)
        assert threshold == pytest.approx(mean - np.sqrt((1 - spread) / count), abs=1e-4)
        by_hand = np.maximum(0, z - threshold) ** 2
    np.testing.assert_array_equal(by_hand.round(4), weights)
    assert [row[-3:-1] == ["≤", "0"] for row in seen] == (weights == 0).tolist()
    assert f"{(weights == 0).sum()} of the visible keys get a weight of exactly 0" in re.sub(
        r"\s+", " ", text
    )
    the_context_follows(text)


class Everywhere(RelativePositions):
    """Rotates, adds a bias of the distance, and adds to the output."""

    def rotate(self, x, start):
        return x.flip(-1) if start % 2 else x

    def bias(self, score, query, keys):
        places = torch.arange(keys)
        return -0.1 * (places[-query.size(-2) :, None] - places).abs().float()

    def values(self, weights):
        return weights.sum(-1, keepdim=True) * torch.full((8,), 0.25)


def test_bias_and_output_of_positions_have_columns_of_their_own(tmp_path):
    trained = a_run(tmp_path, "transformer", "score=scaled_dot")
    pooling = trained.model.decoder.layers[1].self_attention.pooling
    pooling.positions = Everywhere()
    found = explain_step(trained, **ANYTHING | {"kind": "decoder"})
    text = worked_example(found)
    assert max(map(len, text.splitlines())) <= 80
    assert "positions=sinusoidal has already rotated query and keys" in text
    sums, _ = section(text, 3)
    content, bias, scores = np.array([row[-3:] for row in sums], dtype=float).T
    np.testing.assert_allclose(bias, [-0.2, -0.1, 0.0, *(-0.1 * np.arange(1, len(sums) - 2))])
    np.testing.assert_allclose(content + bias, scores, atol=1e-9)
    of_sums = np.array([row[-4] for row in sums], dtype=float) * found.score.factor
    np.testing.assert_allclose(of_sums, content, atol=1e-4)
    rows, _ = section(text, 4)
    assert [row[row.index("visible") - 1] for row in rows[:3]] == [row[-1] for row in sums[:3]]
    _, lines = section(text, 5)
    names = (["average"], ["positions"], ["context"])
    ends = {line[0]: np.array(line[1:], float) for line in lines if line[:1] in names}
    np.testing.assert_allclose(ends["average"] + ends["positions"], ends["context"], atol=1e-9)
    np.testing.assert_allclose(ends["positions"], 0.25)
    values = found.as_json()
    np.testing.assert_allclose(values["bias"][:3], bias[:3])
    assert values["position_output"] == [0.25] * 8


def _terms_and_scores(rows, factor):
    for row in rows:
        if factor == 1:
            yield sum(map(float, row[-4:-1])), float(row[-1])
        else:
            assert sum(map(float, row[-5:-2])) == pytest.approx(float(row[-2]), abs=1e-9)
            yield factor * float(row[-2]), float(row[-1])


def test_json_holds_all_of_it_in_full(tmp_path):
    trained = a_run(tmp_path, "transformer", "score=general")
    found = json.loads(json.dumps(explain_step(trained, **ANYTHING | {"head": 2}).as_json()))
    assert (found["kind"], found["layer"], found["layers"]) == ("cross", 2, 2)
    assert (found["head"], found["heads"]) == (2, 4)
    assert found["piece"] != found["prefix"][-1]
    assert len(found["prefix"]) == found["step"] == 3
    assert found["score"]["parameters"] == {"W": [8, 8]}
    head = trained.model.decoder.layers[1].cross_attention.pooling
    weight = head.score.key_weight.weight.detach().double().numpy()
    query, keys = np.array(found["query"]), np.array(found["key_vectors"])
    np.testing.assert_allclose(found["scores"], keys @ weight.T @ query, atol=1e-5)
    exponentials = np.exp(found["scores"])
    np.testing.assert_allclose(found["weights"], exponentials / exponentials.sum(), atol=1e-6)
    average = np.array(found["weights"]) @ np.array(found["value_vectors"])
    np.testing.assert_allclose(found["context"], average, atol=1e-6)
    assert len(found["keys"]) == len(found["visible"]) == len(found["terms"])


def test_a_step_by_its_word(tmp_path):
    trained = a_run(tmp_path, "bahdanau")
    by_word = explain_step(trained, **ANYTHING | {"number": 3, "step": "aime"})
    assert by_word.target == "Anna aime l'arbre."
    assert by_word.piece.lstrip("▁") == "aime"[: len(by_word.piece.lstrip("▁"))]
    same = explain_step(trained, **ANYTHING | {"number": 3, "step": str(by_word.step)})
    assert same.as_json() == by_word.as_json()
    without_its_sign = explain_step(trained, **ANYTHING | {"number": 3, "step": "L'arbre"})
    assert without_its_sign.queries[without_its_sign.step - 1].startswith("▁l")


def test_a_word_that_is_said_twice(tmp_path):
    test = "The cat sees the cat.\tLe chat voit le chat.\t0-0\n"
    trained = a_run(tmp_path, "bahdanau", test=test)
    found = explain_step(trained, **ANYTHING | {"number": 1, "step": "chat"})
    assert len(found.repeats) == 1
    assert f"(the same word is also at step {found.repeats[0]})" in worked_example(found)
    assert found.queries[found.repeats[0] - 1] == found.piece


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"step": "99"}, r"--step 99: this sentence has steps 1 to \d+; the last one is its end"),
        ({"step": "0"}, r"--step 0: this sentence has steps 1 to"),
        ({"step": "zebra"}, r"--step zebra: there is no such word among: Le chat .*</s>; name one"),
        ({"head": 9}, r"--head 9: cross attention has heads 1 to 4"),
        ({"head": 0}, r"--head 0: cross attention has heads 1 to 4"),
        ({"layer": 3}, r"--layer 3: cross attention has layers 1 to 2"),
        ({"kind": "sideways"}, r"--kind sideways is none of: encoder, decoder, cross"),
        ({"number": 4}, r"--sentence 4: test has sentences 1 to 3"),
        ({"text": "A cat."}, r"--text has no reference"),
    ],
)
def test_what_is_not_there_is_named(changes, message, tmp_path):
    trained = a_run(tmp_path, "transformer")
    with pytest.raises(UsageError, match=message):
        explain_step(trained, **ANYTHING | changes)


def test_models_with_less_to_explain(tmp_path):
    bahdanau = a_run(tmp_path, "bahdanau")
    with pytest.raises(UsageError, match="--head 2: cross attention has only head 1"):
        explain_step(bahdanau, **ANYTHING | {"head": 2})
    with pytest.raises(UsageError, match="--kind encoder: this model has only: cross"):
        explain_step(bahdanau, **ANYTHING | {"kind": "encoder"})
    with pytest.raises(AttnlabError, match="model=rnn has no attention to explain; train model="):
        explain_step(a_run(tmp_path, "rnn"), **ANYTHING)


@pytest.mark.parametrize("feeding", [True, False])
@pytest.mark.parametrize("window", ["local_m", "local_p"])
def test_the_window_multiplies_the_weights(window, feeding, tmp_path):
    chosen = [f"model.window={window}", f"model.input_feeding={feeding}", "model.window_radius=2"]
    found = explain_step(a_run(tmp_path, "bahdanau", *chosen), **ANYTHING)
    text = worked_example(found)
    assert max(map(len, text.splitlines())) <= 80
    assert "those outside the window" in text
    rows, _ = section(text, 4)
    assert len(rows) == len(found.keys) > 5
    seen = [row for row in rows if "visible" in row]
    assert len(seen) == (5 if window == "local_m" else pytest.approx(4, abs=1))
    if window == "local_m":  # the third step looks at the first five words
        assert [row[0] for row in seen] == ["1", "2", "3", "4", "5"]
    before, factors, weights = np.array([row[-3:] for row in seen], dtype=float).T
    np.testing.assert_array_equal((before * factors).round(4), weights)
    assert all(float(row[-1]) == 0 for row in rows if "masked" in row)
    the_context_follows(text)


@pytest.mark.parametrize("score", ["additive", "dot", "gaussian", "location"])
def test_coverage_is_part_of_the_printed_sums(score, tmp_path):
    trained = a_run(tmp_path, "bahdanau", f"score={score}", "model.coverage=true")
    trained.model.decoder.cross_attention.coverage.weight.data.fill_(0.3)
    found = explain_step(trained, **ANYTHING)
    text = worked_example(found)
    assert max(map(len, text.splitlines())) <= 80
    moved = "wⱼ, below" if score == "location" else "k′"
    assert f"weights of earlier steps, is part of {moved}." in " ".join(text.split())
    worked = found.arrays
    np.testing.assert_allclose(
        found.score.factor * worked.terms.sum(axis=1), worked.scores, atol=1e-5
    )
    if score == "dot":
        by = worked.projected_keys - worked.key_vectors
        assert by.min() >= 0
        assert by[:, 0].sum() == pytest.approx(0.3 * 2, abs=1e-5)  # two steps came before
    visible_rows(section(text, 4)[0], found, "cross")
    the_context_follows(text)
    assert found.as_json()["coverage"] is True
