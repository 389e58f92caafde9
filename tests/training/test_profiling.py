"""Profiles: a JSON file with the recorded operations, and torch's table of the longest ones."""

import gzip
import json
import logging
import re
from collections import Counter

import pytest
import torch

from attnlab.training.profiling import PARTS, Profiler, ProfilingConfig
from tests.conftest import small_model
from tests.training.test_loop import steps_of


def steps_of_one_layer():
    return steps_of(small_model("transformer", encoder_layers=1, decoder_layers=1).float())


def profile_of(folder, updates, already_done=0, recorded=3, memory=False):
    """Losses of training with a profile of `recorded` updates from the fourth on."""
    config = ProfilingConfig(skip=3, updates=recorded, memory=memory)
    profiler = Profiler(config, folder / "profile")
    steps = steps_of_one_layer()
    profiler.start(already_done)
    losses = []
    for _ in range(updates):
        step = next(steps)
        losses.append(step.loss)
        profiler.step(already_done + step.update)
    profiler.close()
    return losses


def events_of(path):
    with gzip.open(path) as file:
        events = json.load(file)["traceEvents"]
    return Counter(event["name"] for event in events if event.get("ph") == "X")


def test_the_file_holds_the_updates_asked_for_and_their_parts(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    profile_of(tmp_path, 9)
    (path,) = (tmp_path / "profile").iterdir()
    assert path.name == "updates-4-6.pt.trace.json.gz"
    events = events_of(path)
    for part in PARTS:
        assert events[part] == 3, part
    assert events["aten::addmm"] >= 3
    assert events["Optimizer.step#Adam.step"] == 3
    message = caplog.text
    assert "on average over updates 4 to 6: encode " in message
    assert all(float(re.search(rf"\b{part} ([\d.]+)", message)[1]) > 0 for part in PARTS)
    assert "https://ui.perfetto.dev" in message
    assert "Self CPU time total" in message
    assert re.search(r"^ *aten::\w+ ", message, re.MULTILINE)
    assert "CPU Mem" not in message


def test_memory_is_shown_if_asked_for(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    profile_of(tmp_path, 4, recorded=1, memory=True)
    assert "Self CPU Mem" in caplog.text


def test_losses_are_the_same_to_the_bit(tmp_path):
    torch.manual_seed(2)
    profiled = profile_of(tmp_path, 5, recorded=1)
    torch.manual_seed(2)
    steps = steps_of_one_layer()
    assert profiled == [next(steps).loss for _ in range(5)]


def test_a_resumed_training_is_recorded_from_its_checkpoint_on(tmp_path):
    profile_of(tmp_path, 5, already_done=100, recorded=1)
    assert [p.name for p in (tmp_path / "profile").iterdir()] == [
        "updates-104-104.pt.trace.json.gz"
    ]


@pytest.mark.parametrize("updates", [0, 2, 3])
def test_an_end_before_the_first_recorded_update_is_reported(updates, tmp_path, caplog):
    profile_of(tmp_path, updates)
    assert not (tmp_path / "profile").exists()
    assert "training ended before update 4, with which the profile was to begin" in caplog.text


def test_an_early_end_leaves_a_shorter_profile(tmp_path):
    profile_of(tmp_path, 5)
    (path,) = (tmp_path / "profile").iterdir()
    assert path.name == "updates-4-5.pt.trace.json.gz"
    assert events_of(path)["optimiser"] == 2
