"""Monitors: update ratios and attention entropies."""

import json
import math

import numpy as np
import pytest
import torch

from attnlab.attention.recording import record_attention
from attnlab.data.batching import EncodedPair, collate
from attnlab.models import MODELS
from attnlab.trainer.monitor import Monitor, copied_weights, part_name, update_ratios
from tests.conftest import small_model
from tests.runs import attnlab, tiny
from tests.training.test_loop import PAIRS, steps_of

SENTENCES = [EncodedPair([4, 5, 6, 7], [8, 9]), EncodedPair([5], [6, 7, 8, 9, 10, 11])]


def test_entropies_are_those_of_each_sentence_alone():
    model = small_model("transformer")
    watch = Monitor(model, SENTENCES, every=1)
    watch.before(1)
    found = watch.after(1)
    for name in ("encoder.layer1.self", "decoder.layer2.self", "decoder.layer1.cross"):
        nats, shares = [], []
        for pair in SENTENCES:
            batch = collate([pair])
            with torch.no_grad(), record_attention(model) as record:
                model.decode(batch.target_input, model.encode(batch.source, batch.source_mask))
            for query, weights in enumerate(record[name][0, 1].tolist()):  # of head 2
                keys = query + 1 if name == "decoder.layer2.self" else len(weights)
                if keys > 1:
                    nats.append(-sum(w * math.log(w) for w in weights[:keys]))
                    shares.append(nats[-1] / math.log(keys))
        assert found[f"attention_entropy_nats/{name}.head2"] == pytest.approx(np.mean(nats))
        assert found[f"attention_entropy/{name}.head2"] == pytest.approx(np.mean(shares))
    assert sum(name.startswith("attention_entropy/") for name in found) == 6 * 3


def test_what_each_model_has_is_named():
    bahdanau = Monitor(small_model("bahdanau"), SENTENCES, every=1)
    bahdanau.before(1)
    assert "attention_entropy/decoder.cross" in bahdanau.after(1)
    rnn = Monitor(small_model("rnn"), SENTENCES, every=1)
    rnn.before(1)
    assert not any(name.startswith("attention") for name in rnn.after(1))


@pytest.mark.parametrize("name", list(MODELS))
def test_losses_are_the_same_to_the_bit_with_and_without_a_monitor(name):
    def train(every):
        torch.manual_seed(3)
        model = small_model(name, dropout=0.3).float()
        watch = Monitor(model, PAIRS[:5], every)
        steps, losses, measured = steps_of(model), [], []
        watch.before(1)
        for step in steps:
            losses.append((step.loss, step.gradient_norm))
            measured.append(watch.after(step.update))
            assert model.training
            watch.before(step.update + 1)
        return losses, measured, model.state_dict(), torch.get_rng_state()

    *plain, state, random = train(None)
    *watched, watched_state, watched_random = train(3)
    assert watched[0] == plain[0]
    assert not any(plain[1])
    assert [number for number, values in enumerate(watched[1], start=1) if values] == [
        *range(3, 61, 3)
    ]
    assert all(torch.equal(state[key], watched_state[key]) for key in state)
    assert torch.equal(random, watched_random)


def test_the_ratio_is_that_of_the_update_which_was_made():
    model = small_model("rnn").float()
    watch = Monitor(model, SENTENCES, every=2)
    steps = steps_of(model, optimiser=torch.optim.SGD(model.parameters(), lr=1.0), clip_norm=None)
    before = {}
    watch.before(1)
    for step in (next(steps), next(steps)):
        now = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        found = watch.after(step.update)
        watch.before(step.update + 1)
        if step.update == 1:
            before = now
    part = [name for name in now if part_name(name) == "encoder.cell"]
    moved = sum((now[name] - before[name]).square().sum() for name in part).sqrt()
    length = sum(before[name].square().sum() for name in part).sqrt()
    assert found["update_ratio/encoder.cell"] == pytest.approx(float(moved / length), rel=1e-4)


def test_a_run_has_it_in_its_metrics_and_without_a_valid_split_too(tmp_path):
    rows = [f"The {n} cats sleep .\tLes {n} chats dorment .\tCC-BY" for n in range(100, 160)]
    (tmp_path / "pairs.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    mine = ["data=bitext", "data.train=pairs.tsv", "data.max_pairs=null", "vocabulary.size=60"]
    alone = ["data.held_out_fraction=0", "watch_every=3"]
    trained = attnlab(*tiny("bahdanau", *mine, *alone), folder=tmp_path)
    assert trained.code == 0, trained.errors
    metrics = (tmp_path / trained.output.strip() / "metrics.jsonl").read_text().splitlines()
    lines = [json.loads(line) for line in metrics]
    watched = [line for line in lines if "update_ratio/all" in line]
    assert [line["update"] for line in watched] == [3, 6]
    assert all(0 < line["update_ratio/all"] < 1 for line in watched)
    assert all(0.9 < line["attention_entropy/decoder.cross"] <= 1 for line in watched)  # untrained
    times = [line for line in lines if "seconds/optimiser" in line]
    for line in times:
        parts = line["seconds/forward_and_backward"], line["seconds/optimiser"]
        assert all(seconds > 0 for seconds in (*parts, line["seconds/waiting_for_data"]))


def test_names_of_parts():
    expected = {
        "encoder.layers.0.self_attention.query_weight.bias": "encoder.layer1.self",
        "decoder.layers.1.cross_attention.pooling.score.vector": "decoder.layer2.cross",
        "decoder.layers.1.feedforward.inner.weight": "decoder.layer2.feedforward",
        "decoder.norm.weight": "decoder.norm",
        "decoder.cross_attention.score.key_weight": "decoder.cross",
        "decoder.readout.weight.bias": "decoder.readout",
        "encoder.cell.weight_ih_l0_reverse": "encoder.cell",
        "source_embedding.weight": "source_embedding",
        "scale": "scale",
    }
    assert {path: part_name(path) for path in expected} == expected


@pytest.mark.parametrize("name", list(MODELS))
def test_every_part_moves_by_the_share_that_it_was_moved_by(name):
    model = small_model(name)
    before = copied_weights(model)
    shares = {}
    with torch.no_grad():
        for number, (path, weight) in enumerate(model.named_parameters()):
            share = shares.setdefault(part_name(path), 0.001 * (number + 1))
            weight.mul_(1 + share)
    ratios = update_ratios(model, before)
    assert ratios.pop("all") == pytest.approx(
        torch.cat([(p - before[n]).flatten() for n, p in model.named_parameters()]).norm().item()
        / torch.cat([each.flatten() for each in before.values()]).norm().item()
    )
    assert ratios == pytest.approx(shares)


def test_an_update_of_plain_gradient_descent_by_hand():
    model = torch.nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[3.0, 4.0]]))
    before = copied_weights(model)
    model(torch.tensor([[1.0, 0.0]])).sum().backward()
    torch.optim.SGD(model.parameters(), lr=0.5).step()
    assert update_ratios(model, before) == pytest.approx({"weight": 0.5 / 5, "all": 0.5 / 5})


def test_a_part_of_nothing_but_zeros_has_no_ratio():
    model = torch.nn.Linear(2, 3)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    assert update_ratios(model, copied_weights(model)) == {}
