"""What tracking wrote, read back by JSON and by TensorBoard's own reader."""

import json

import pytest
from matplotlib.figure import Figure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from attnlab.run.layout import METRICS
from attnlab.run.metrics import read_metrics
from attnlab.trainer.tracking import Tracker


def events_of(folder):
    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    return accumulator


def raw_events_of(folder):
    """As readers have it that ignore restarts."""
    return EventAccumulator(str(folder), purge_orphaned_data=False).Reload()


def lines_of(folder):
    return [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]


def test_tensorboard_reads_back_what_was_tracked(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.scalars(10, {"train/loss": 2.5, "valid/bleu": 31.0})
    tracker.scalars(20, {"train/loss": 1.5})
    tracker.text(20, "valid/sentence_1", "| source | Go. |")
    figure = Figure(figsize=(2, 1))
    figure.subplots()
    tracker.figure(20, "attention/sentence_1", figure)
    tracker.hyperparameters({"model": {"name": "rnn"}, "seed": 1, "max_time": None})
    tracker.best(10, {"bleu": 31.0})
    tracker.close()

    events = events_of(tmp_path)
    assert [(e.step, e.value) for e in events.Scalars("train/loss")] == [(10, 2.5), (20, 1.5)]
    assert [(e.step, e.value) for e in events.Scalars("best/bleu")] == [(10, 31.0)]
    assert b"Go." in events.Tensors("valid/sentence_1/text_summary")[0].tensor_proto.string_val[0]
    image = events.Images("attention/sentence_1")[0]
    assert (image.width, image.height) == (200, 100)
    plugins = events.summary_metadata
    assert any(m.plugin_data.plugin_name == "hparams" for m in plugins.values())
    assert [p for p in tmp_path.iterdir() if p.is_dir()] == [], "no stray second run"
    assert lines_of(tmp_path) == [
        {"update": 10, "train/loss": 2.5, "valid/bleu": 31.0},
        {"update": 20, "train/loss": 1.5},
    ]


def test_a_resumed_run_has_no_gap_and_no_double(tmp_path):
    tracker = Tracker(tmp_path)
    for update in (10, 20, 30):
        tracker.scalars(update, {"train/loss": float(update)})
    tracker.close()
    with (tmp_path / METRICS).open("a") as file:
        file.write('{"update": 40, "train/l')  # a crash in the middle of a line
    tracker = Tracker(tmp_path, update=20)
    tracker.scalars(30, {"train/loss": 3.0})
    tracker.close()
    assert [(line["update"], line["train/loss"]) for line in lines_of(tmp_path)] == [
        (10, 10.0),
        (20, 20.0),
        (30, 3.0),
    ]
    seen = [(e.step, e.value) for e in events_of(tmp_path).Scalars("train/loss")]
    assert seen == [(10, 10.0), (20, 20.0), (30, 3.0)]


def test_what_followed_the_checkpoint_in_its_own_update_is_recorded_once(tmp_path):
    tracker = Tracker(tmp_path)
    tracker.scalars(10, {"valid/loss": 2.0})
    (heads := tmp_path / "events.out.tfevents.1.of_another_command").write_bytes(b"")
    sizes = tracker.flush()  # a checkpoint of update 10 …
    tracker.scalars(10, {"train/loss": 1.0})  # … after which the end comes, with a report of it
    tracker.close()
    for _ in range(2):  # killed once more before it has saved anything
        tracker = Tracker(tmp_path, update=10, sizes=sizes)
        tracker.scalars(10, {"train/loss": 1.0})
        tracker.scalars(20, {"train/loss": 0.5})
        tracker.close()
    assert lines_of(tmp_path) == [
        {"update": 10, "valid/loss": 2.0},
        {"update": 10, "train/loss": 1.0},
        {"update": 20, "train/loss": 0.5},
    ]
    assert heads.exists()
    for accumulator in (events_of(tmp_path), raw_events_of(tmp_path)):
        scalars = {name: accumulator.Scalars(name) for name in ("valid/loss", "train/loss")}
        seen = {name: [(e.step, e.value) for e in events] for name, events in scalars.items()}
        assert seen == {"valid/loss": [(10, 2.0)], "train/loss": [(10, 1.0), (20, 0.5)]}


def test_a_size_never_cuts_what_a_link_leads_to(tmp_path):
    (tmp_path / "precious").write_text("precious")
    run = tmp_path / "run"
    run.mkdir()
    name = "events.out.tfevents.1.training"
    (run / name).symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic link"):
        Tracker(run, update=1, sizes={name: 0, "../precious": 0})
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_run_that_begins_again_has_no_records(tmp_path):
    for value in (1.0, 2.0):
        tracker = Tracker(tmp_path)
        for update in (0, 10):
            tracker.scalars(update, {"valid/loss": value})
        tracker.close()
    assert [(line["update"], line["valid/loss"]) for line in lines_of(tmp_path)] == [
        (0, 2.0),
        (10, 2.0),
    ]
    seen = [(e.step, e.value) for e in events_of(tmp_path).Scalars("valid/loss")]
    assert seen == [(0, 2.0), (10, 2.0)]


def test_lines_that_a_power_cut_spoilt_are_left_out_with_a_warning(tmp_path, caplog):
    (tmp_path / METRICS).write_bytes(b'{"update": 10, "train/loss": 1.0}\n' + bytes(20) + b"\n")
    Tracker(tmp_path, update=20).close()
    assert lines_of(tmp_path) == [{"update": 10, "train/loss": 1.0}]
    assert "1 lines cannot be read" in caplog.text


def test_what_was_flushed_can_be_read_by_others(tmp_path):
    tracker = Tracker(tmp_path)
    for update in range(5):
        tracker.scalars(update, {"train/loss": 1.0})
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert tracker.flush() != sizes
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert tracker.flush() == sizes
    assert len(events_of(tmp_path).Scalars("train/loss")) == len(lines_of(tmp_path)) == 5
    tracker.close()


@pytest.mark.parametrize(
    "line",
    ['{"update": Infinity}', '{"update": NaN}', '{"update": -1}', '{"update": 1e400}', "[1]", "7",
     '{"update": true}', '{"update": 18446744073709551616}', "[" * 100_000, '{"update": "3"}'],
)  # fmt: skip
def test_a_line_that_is_no_record_is_none(line):
    assert read_metrics(line) is None


def test_a_record_is_its_update_and_values():
    assert read_metrics('{"update": 3, "a": 1.5}') == (3, {"update": 3, "a": 1.5})
