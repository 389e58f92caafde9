"""The atlas of a real run's heads: by a second route, sentence for sentence, and what they cost."""

import csv
import math
import shutil

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from attnlab.attention.recording import record_attention
from attnlab.commands.arguments import load
from attnlab.data.batching import EncodedPair, collate
from attnlab.evaluate.alignment import measure_alignment
from attnlab.evaluate.atlas import choose_pairs, measure_atlas
from attnlab.evaluate.head_measures import MEASURES
from attnlab.evaluate.splits import evaluate_files
from attnlab.run.folder import find_run, run_lock
from attnlab.run.loaded import update_of_checkpoint
from attnlab.run.metrics import recorded_validations
from attnlab.studies.heads.ablation import ablate_heads, mean_loss
from attnlab.studies.heads.survey import survey_heads
from attnlab.support.errors import AttnlabError, UsageError
from tests.runs import attnlab, tiny


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A transformer and a bahdanau, hardly trained."""
    folder = tmp_path_factory.mktemp("heads")
    small = ["model.heads=2", "model.encoder_layers=1"]
    for model, sizes in (("transformer", small), ("bahdanau", [])):
        more = ["max_updates=25", "validate_every=10", f"name={model}", *sizes]
        done = attnlab(*tiny(model, *more), folder=folder, timeout=300)
        assert done.code == 0, done.errors
    return {model: find_run(model, str(folder / "runs")) for model in ("transformer", "bahdanau")}


@pytest.fixture(params=["transformer", "bahdanau"])
def trained(request, folders):
    found, _ = load([str(folders[request.param])], None)
    return found


@pytest.fixture
def copied(folders, tmp_path):
    """The transformer's run, to be written into."""
    shutil.copytree(folders["transformer"], tmp_path / "runs" / "copy" / "1")
    return tmp_path / "runs" / "copy" / "1"


def wanted(**changes):
    values = {
        "split": "test",
        "count": 12,
        "ablate": False,
        "sort": None,
        "output": None,
        "suffix": ".png",
        "tensorboard": False,
    }
    return values | changes


def by_hand(trained, pairs):
    """Some figures of every head, from maps of one sentence at a time and loops over queries."""
    sums = {}
    for pair in pairs:
        vocabulary = trained.vocabulary
        ids = EncodedPair(
            vocabulary.source.encode(pair.source), vocabulary.target.encode(pair.target)
        )
        batch = collate([ids])
        with torch.no_grad(), record_attention(trained.model) as record:
            trained.model.decode(
                batch.target_input, trained.model.encode(batch.source, batch.source_mask)
            )
        for name, weights in record.items():
            causal = name.startswith("decoder") and name.endswith("self")
            pieces = vocabulary.target.pieces([2, *ids.target])
            if not causal:
                pieces = vocabulary.source.pieces([*ids.source, 3])
            for head, rows in enumerate(weights[0].tolist(), start=1):
                for query, row in enumerate(rows):
                    seen = row[: query + 1] if causal else row
                    if len(seen) < 2:
                        continue
                    place = (query + 0.5) * len(row) / len(rows) - 0.5
                    rows_of_head = sums.setdefault((name, head), [])
                    rows_of_head.append(
                        {
                            "entropy_nats": -sum(w * math.log(w) for w in seen if w > 0),
                            "distance": sum(w * abs(k - place) for k, w in enumerate(seen)),
                            "end": None if causal else row[-1],
                            "beginning": row[0] if causal else None,
                            "punctuation": sum(
                                w
                                for piece, w in zip(pieces, row, strict=True)
                                if piece.strip("▁\u202f\u00a0") in set('.?!,:"«»')
                            ),
                            "confidence": max(seen[1:] if causal else seen[:-1]),
                        }
                    )
    return {
        place: {
            name: None if rows[0][name] is None else np.mean([each[name] for each in rows])
            for name in rows[0]
        }
        for place, rows in sums.items()
    }


def test_every_head_by_a_second_route(trained):
    pairs = choose_pairs(trained, "test", 12)
    atlas = measure_atlas(trained, "test", pairs)
    expected = by_hand(trained, pairs)
    assert {(each.head.attention, each.head.head) for each in atlas.heads} == set(expected)
    for each in atlas.heads:
        for name, value in expected[each.head.attention, each.head.head].items():
            found = getattr(each.measures, name)
            assert found == (None if value is None else pytest.approx(value, rel=1e-4)), name
    kinds = [each.head.kind for each in atlas.heads]
    assert kinds == sorted(kinds, key=["encoder", "decoder", "cross"].index)
    names = [each.head.name for each in atlas.heads]
    assert len(set(names)) == len(names)


def test_the_alignment_error_is_that_of_eval(trained):
    whole = measure_alignment(trained, "test_dense")
    atlas = measure_atlas(trained, "test_dense", choose_pairs(trained, "test_dense", None))
    assert atlas.straight_line == pytest.approx(whole.baselines["diagonal"].error_rate)
    expected = {
        (each.layer, each.head, each.convention): each.counts.error_rate for each in whole.heads
    }
    cross = atlas.of_kind("cross")
    assert cross
    for each in cross:
        place = each.head.layer, each.head.head
        rates = [expected[*place, convention] for convention in ("predicts", "reads")]
        assert [found.counts.error_rate for found in each.alignments] == rates
        assert each.alignment.counts.error_rate == min(rates)
    assert not any(each.alignments for each in atlas.heads if each.head.kind != "cross")


def test_a_head_that_was_taken_away_is_one_whose_projection_is_zero(folders, tmp_path):
    trained, config = load([str(folders["transformer"]), "search=greedy"], None)
    pairs = choose_pairs(trained, "test", 6)
    heads = [each.head for each in measure_atlas(trained, "test", pairs).heads]
    found = ablate_heads(trained, config, pairs, heads)
    assert [each.head for each in found.heads] == heads
    for side in ("source", "target"):
        lines = [f"{getattr(pair, side)}\n" for pair in pairs]
        (tmp_path / side).write_text("".join(lines), encoding="utf-8")
    source, references = tmp_path / "source", [tmp_path / "target"]
    [evaluated] = evaluate_files(trained, config, source, references, ["bleu"]).splits
    assert found.bleu == evaluated.whole.metrics["bleu"]
    assert found.loss == pytest.approx(mean_loss(trained, config, pairs))
    layers = {
        "encoder": [layer.self_attention for layer in trained.model.encoder.layers],
        "decoder": [layer.self_attention for layer in trained.model.decoder.layers],
        "cross": [layer.cross_attention for layer in trained.model.decoder.layers],
    }
    for each in found.heads:
        attention = layers[each.head.kind][each.head.layer - 1]
        size = attention.output_weight.in_features // attention.heads
        columns = slice((each.head.head - 1) * size, each.head.head * size)
        weight = attention.output_weight.weight.data
        removed = weight[:, columns].clone()
        weight[:, columns] = 0
        assert each.loss == pytest.approx(mean_loss(trained, config, pairs), abs=1e-6)
        [without] = evaluate_files(trained, config, source, references, ["bleu"]).splits
        assert each.bleu.score == pytest.approx(without.whole.metrics["bleu"].score)
        weight[:, columns] = removed
    assert all(abs(each.loss - found.loss) > 1e-5 for each in found.heads)
    assert not trained.model.decoder.layers[0].cross_attention.pooling.interventions


def test_files_of_figures(copied):
    trained, config = load([str(copied), "search=greedy"], None)
    report, [figure, table] = survey_heads(trained, config, **wanted(ablate=True, count=4))
    assert (figure, table) == (copied / "plots" / "heads.png", copied / "plots" / "heads.csv")
    assert figure.read_bytes().startswith(b"\x89PNG")
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [each.head.name for each in report.atlas.heads]
    for row, each in zip(rows, report.atlas.heads, strict=True):
        for name in MEASURES:
            value = getattr(each.measures, name)
            assert row[name] == ("" if value is None else str(value))
        assert (row["alignment_error_rate"] != "") == (each.head.kind == "cross")
        costs = next(found for found in report.ablation.heads if found.head == each.head)
        assert float(row["ablation_loss"]) == costs.loss
    assert not list(copied.glob("events*heads*"))


def events_of(folder):
    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    return accumulator


def test_tensorboard_has_each_head_at_the_checkpoints_update_in_the_same_run(copied):
    before = events_of(copied)
    losses = [(each.step, each.value) for each in before.Scalars("train/loss")]
    trained, config = load([str(copied)], None)
    report, _ = survey_heads(trained, config, **wanted(tensorboard=True))
    after = events_of(copied)
    assert [(each.step, each.value) for each in after.Scalars("train/loss")] == losses
    assert set(before.Tags()["scalars"]) < set(after.Tags()["scalars"])
    best = max(
        recorded_validations(trained.run.folder).items(),
        key=lambda found: (found[1].scores["bleu"], -found[1].scores["loss"]),
    )
    for each in report.atlas.heads:
        [point] = after.Scalars(f"heads_test_entropy/{each.head.name}")
        assert (point.step, point.value) == (best[0], pytest.approx(each.measures.entropy))
    [picture] = after.Images("heads_test/atlas")
    assert picture.encoded_image_string.startswith(b"\x89PNG")
    # The training goes on, and hides nothing of what it did before.
    more = attnlab("train", "--resume", str(copied), "max_updates=27", folder=copied)
    assert more.code == 0, more.errors
    resumed = events_of(copied)
    assert {each.step for each in resumed.Scalars("train/loss")} > {step for step, _ in losses}
    assert resumed.Scalars(f"heads_test_entropy/{report.atlas.heads[0].head.name}")


def test_a_run_that_is_being_trained_keeps_its_log_to_itself(copied, caplog):
    trained, config = load([str(copied)], None)
    files = sorted(copied.glob("events*"))
    with run_lock(copied), caplog.at_level("WARNING"):
        survey_heads(trained, config, **wanted(tensorboard=True))
    assert "another process is training in this folder" in caplog.text
    assert sorted(copied.glob("events*")) == files
    assert (copied / "plots" / "heads.csv").exists()


def test_checkpoints_know_their_updates(copied):
    trained, _ = load([str(copied)], None)
    assert update_of_checkpoint(trained.run, "update-00000400") == 400
    assert update_of_checkpoint(trained.run, "last") == 25
    assert list(recorded_validations(trained.run.folder)) == [10, 20, 25]
    best = update_of_checkpoint(trained.run, "best")
    assert best in (10, 20, 25)
    (copied / "metrics.jsonl").unlink()
    assert update_of_checkpoint(trained.run, "best") == best  # the checkpoint itself says it


def test_tables_are_sorted_and_narrow(trained, tmp_path):
    config = load([str(trained.run.folder)], None)[1]
    for sort, figure, sign in (("conf", "confidence", -1), ("dist", "distance", 1)):
        report, _ = survey_heads(trained, config, **wanted(sort=sort, output=tmp_path))
        lines = str(report).splitlines()
        assert max(len(line) for line in lines if "checkpoint" not in line) <= 80
        [start] = [n for n, line in enumerate(lines) if line.startswith("cross-attention")]
        heads = report.atlas.of_kind("cross")
        found = [line.split()[0] for line in lines[start + 2 : start + 2 + len(heads)]]
        expected = sorted(heads, key=lambda each: sign * getattr(each.measures, figure))
        assert found == [each.head.place for each in expected]


def test_what_cannot_be_measured_is_refused(folders, tmp_path):
    trained, config = load([str(folders["bahdanau"])], None)
    with pytest.raises(
        UsageError, match="--sort beauty is none of: layer, AER, acc, entropy, conf"
    ):
        survey_heads(trained, config, **wanted(sort="beauty"))
    with pytest.raises(UsageError, match="no split 'tset'"):
        survey_heads(trained, config, **wanted(split="tset"))
    with pytest.raises(AttnlabError, match=r"cannot write a figure as '\.gif'"):
        survey_heads(trained, config, **wanted(output=tmp_path / "heads.gif"))
    with pytest.raises(UsageError, match="names the figure"):
        survey_heads(trained, config, **wanted(output=tmp_path / "heads.csv"))
