"""Other weights in place of the real ones: against likelihoods found by another route."""

import numpy as np
import pytest
import torch

from attnlab.attention.intervention import intervene, uniform
from attnlab.data.batching import EncodedPair, collate
from attnlab.studies.faithfulness.replacement import parts_of, replace_weights
from tests.conftest import small_model

PAIRS = [
    EncodedPair([5, 9, 11, 7], [6, 12, 8, 21, 5, 9]),
    EncodedPair([8, 4], [13, 7, 15]),
    EncodedPair([10, 6, 17, 5, 12, 9, 4], [20, 5, 11, 10]),
]
TOKENS = sum(len(pair.target) + 1 for pair in PAIRS)


def replaced(model, parts, **changes):
    asked = {"permutations": 3, "batch_tokens": 20, "advance": lambda _: None}
    return replace_weights(model, PAIRS, parts, **asked | changes)


def one_by_one(model):
    """Of every pair alone, the distributions of its steps and the loss of its tokens."""
    spreads, loss = [], 0.0
    for pair in PAIRS:
        batch = collate([pair])
        with torch.no_grad():
            logits, _ = model.decode(
                batch.target_input, model.encode(batch.source, batch.source_mask)
            )
        spread = logits[0].softmax(-1).numpy()
        spreads.append(spread)
        loss -= sum(
            np.log(row[token]) for row, token in zip(spread, [*pair.target, 3], strict=True)
        )
    return spreads, loss / TOKENS


def even_out(model):
    """Attention that looks alike at every key: all scores are 0."""
    for name, parameter in model.named_parameters():
        if "query_weight" in name or "hidden_weight" in name:
            torch.nn.init.zeros_(parameter)


def test_parts_are_heads_and_kinds():
    labels = [part.label for part in parts_of(small_model("transformer"), PAIRS[0])]
    heads = [f"cross, layer {layer} · head {head}" for layer in (1, 2) for head in (1, 2, 3)]
    whole = ["cross attention", "encoder self-attention", "decoder self-attention"]
    assert labels == heads + whole
    (part,) = parts_of(small_model("bahdanau"), PAIRS[0])
    assert (part.label, part.names) == ("cross attention", ("decoder.cross",))


@pytest.mark.parametrize("score", ["scaled_dot", "additive"])
@pytest.mark.parametrize("family", ["bahdanau", "transformer"])
def test_uniform_weights_cost_what_each_pair_alone_tells(family, score):
    model = small_model(family, score)
    parts = parts_of(model, PAIRS[0])
    loss, found = replaced(model, parts)
    real, expected = one_by_one(model)
    assert loss == pytest.approx(expected, rel=1e-5)
    for part, each in zip(parts, found, strict=True):
        with intervene(model, dict.fromkeys(part.names, uniform(part.heads))):
            changed, cost = one_by_one(model)
        distance = sum(
            np.abs(a - b).sum() / 2
            for x, y in zip(real, changed, strict=True)
            for a, b in zip(x, y, strict=True)
        )
        assert each.part == part
        assert each.uniform.loss == pytest.approx(cost, rel=1e-5)
        # A sum of differences of single-precision probabilities: a few 1e-9 are rounding.
        assert each.uniform.distance == pytest.approx(distance / TOKENS, rel=1e-4, abs=2e-8)
        assert each.permuted.distance > 0


def test_what_is_uniform_already_loses_nothing_at_all():
    for family in ("bahdanau", "transformer"):
        model = small_model(family, "additive")
        even_out(model)
        loss, found = replaced(model, parts_of(model, PAIRS[0]))
        for each in found:
            assert each.uniform.loss == pytest.approx(loss, abs=1e-6)
            assert each.permuted.loss == pytest.approx(loss, abs=1e-6)
            assert each.uniform.distance == pytest.approx(0, abs=1e-6)


def test_the_same_pairs_get_the_same_permutations_and_none_of_it_stays():
    model = small_model("transformer")
    parts = parts_of(model, PAIRS[0])
    before, _ = one_by_one(model)
    assert replaced(model, parts) == replaced(model, parts)
    after, _ = one_by_one(model)
    for x, y in zip(before, after, strict=True):
        np.testing.assert_array_equal(x, y)
    done = []
    replaced(model, parts[:1], advance=done.append)
    assert sum(done) == len(PAIRS)
