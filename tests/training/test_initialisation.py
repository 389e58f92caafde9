"""What a model takes from another one, of every family, beside what their weights say by hand."""

import pytest
import torch

from attnlab.models import MODELS, VocabularySizes
from attnlab.training.initialisation import transfer_weights
from tests.conftest import small_model

LARGER = {
    "rnn": {"hidden_size": 16},
    "bahdanau": {"hidden_size": 16},
    "convolutional": {"encoder_layers": 3},
    "transformer": {"feedforward_size": 19, "decoder_layers": 3},
}
SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]


def ids(*names):
    return {name: number for number, name in enumerate([*SPECIAL, *names])}


OLD = {"source": ids(*"abcdefghijklmno"), "target": ids(*"αβγδεζηθικλμνξοπρστ")}
NEW = {"source": ids(*"zyxcbaw"), "target": ids(*"βaγω")}


def sizes(pieces, shared=False):
    both = {side: len(ids) for side, ids in pieces.items()}
    return VocabularySizes(**both, shared=shared)


def copied(model):
    return {name: weight.clone() for name, weight in model.state_dict().items()}


@pytest.mark.parametrize("family", [*MODELS])
def test_a_model_of_the_same_settings_becomes_the_other(family):
    source, model = (small_model(family, vocabulary=sizes(OLD)) for _ in range(2))
    before, found = copied(source), transfer_weights(source, OLD, model, OLD)
    after = model.state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in before.items())
    assert (found.fresh, found.left) == ([], [])
    assert found.rows == {"source": (19, 19), "target": (23, 23)}


@pytest.mark.parametrize("family", LARGER)
def test_a_model_of_another_size_takes_what_fits(family):
    source = small_model(family, vocabulary=sizes(OLD))
    model = small_model(family, vocabulary=sizes(OLD), **LARGER[family])
    theirs, before = copied(source), copied(model)
    found = transfer_weights(source, OLD, model, OLD)
    fits = {n for n, w in before.items() if n in theirs and theirs[n].shape == w.shape}
    assert fits, family
    assert fits < before.keys()
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, theirs[name] if name in fits else before[name]), name
    assert set(found.fresh) == before.keys() - fits
    assert {name for name in found.left if name in fits} == set()


@pytest.mark.parametrize("family", [*MODELS])
@pytest.mark.parametrize("tie", ["none", "target"])
def test_embeddings_follow_their_pieces(family, tie):
    source = small_model(family, vocabulary=sizes(OLD), tie_embeddings="none")
    model = small_model(family, vocabulary=sizes(NEW), tie_embeddings=tie)
    theirs, before = copied(source), copied(model)
    found = transfer_weights(source, OLD, model, NEW)
    # Four special pieces; a, b and c, and β and γ: "a" of the target is no piece there.
    assert found.rows == {"source": (7, 11), "target": (6, 8)}
    by_rows = {11: "source", 8: "target"}
    tables = {
        name: by_rows[len(weight)]
        for name, weight in before.items()
        if name.startswith("output.") or ("embedding" in name and len(weight) in by_rows)
    }
    assert {*tables.values()} == {"source", "target"}
    assert len(tables) >= 3
    for name, side in tables.items():
        taken = [n for n in tables if side == tables[n] and n in theirs] if tie != "none" else []
        # Tied tables are one, and take the rows of the first name.
        origin = theirs[taken[0] if taken else name]
        for piece, row in NEW[side].items():
            place = OLD[side].get(piece)
            expected = before[name][row] if place is None else origin[place]
            assert torch.equal(model.state_dict()[name][row], expected), (name, piece)
    others = before.keys() - tables.keys()
    assert all(torch.equal(model.state_dict()[name], theirs[name]) for name in others)


def test_one_table_for_both_languages_takes_rows_of_both():
    source = small_model("transformer", vocabulary=sizes(OLD), tie_embeddings="target")
    joint = ids("a", "β", "ä")
    both = {"source": joint, "target": joint}
    model = small_model("transformer", vocabulary=sizes(both, shared=True), tie_embeddings="all")
    theirs, before = copied(source), copied(model)["output.weight"]
    found = transfer_weights(source, OLD, model, both)
    table = model.state_dict()["source_embedding.weight"]
    assert torch.equal(table[4], theirs["source_embedding.weight"][OLD["source"]["a"]])
    assert torch.equal(table[5], theirs["target_embedding.weight"][OLD["target"]["β"]])
    assert torch.equal(table[6], before[6])
    assert torch.equal(model.state_dict()["output.weight"], table)
    assert (found.rows["target"], found.fresh, found.left) == ((6, 7), [], [])


def test_a_family_that_shares_no_weight_takes_none():
    source = small_model("rnn", vocabulary=sizes(OLD))
    model = small_model("transformer", vocabulary=sizes(OLD))
    before = copied(model)
    found = transfer_weights(source, OLD, model, OLD)
    assert found.taken == []
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
