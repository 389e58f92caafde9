"""Compilation, glibc's allocator, the memory that a step needs, and threads.

Models are compiled in other processes, since jaxtyping's checks, here, cannot be compiled.
"""

import ctypes
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from attnlab.data.batching import EncodedPair, TrainingBatches
from attnlab.models import MODELS
from attnlab.support import machine
from attnlab.support.errors import AttnlabError
from attnlab.training import execution
from attnlab.training.execution import (
    keep_freed_memory,
    require_room_for_steps,
    saved_for_backward,
    settle_threads,
)
from attnlab.training.objective import Objective
from tests.conftest import objective_config, small_model
from tests.refusals import assert_refused
from tests.runs import REPOSITORY, environment, fresh_attnlab, tiny

DROPOUT = """
import torch
from attnlab.attention.functional import dropout

@torch.compile(dynamic=True, fullgraph=True)
def both(x):
    return dropout(x, 0.5, True), dropout(x, 0.5, True)

for size in (3001, 2003):
    x = torch.ones(size, requires_grad=True)
    torch.manual_seed(1)
    one, other = both(x)
    torch.manual_seed(1)
    again, _ = both(x)
    assert torch.equal(one, again), "the numbers follow from the seed"
    assert not torch.equal(one, other), "each has its own"
    for dropped in (one, other):
        assert set(dropped.unique().tolist()) == {0.0, 2.0}
        assert abs(dropped.mean().item() - 1) < 0.1
    (gradient,) = torch.autograd.grad(one.sum(), x)
    assert torch.equal(gradient, one), "what fell away forwards falls away backwards"
"""


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    """Nothing that was compiled before is found."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "compiled"))


def run(folder, *arguments):
    done = fresh_attnlab(*arguments, folder=folder, timeout=500)
    assert done.code == 0, done.errors
    return folder / done.output.strip(), done.errors


def losses_of(path):
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    return [line[name] for name in ("train/loss", "valid/loss") for line in lines if name in line]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["rnn", "bahdanau", "transformer"])
def test_losses_are_the_same_within_rounding_and_parameters_have_the_same_names(model, tmp_path):
    exact = ["precision=float32", "max_updates=5", "validate_every=5"]
    plain, _ = run(tmp_path, *tiny(model, *exact, "name=plain"))
    compiled, messages = run(tmp_path, *tiny(model, *exact, "name=compiled", "compile=true"))
    assert "compiling the model …" in messages
    assert "compiled in " in messages
    assert len(losses_of(plain)) == 6
    assert losses_of(compiled) == pytest.approx(losses_of(plain), rel=1e-4)
    weights = [
        load_file(each / "checkpoints" / "last" / "weights.safetensors")
        for each in (plain, compiled)
    ]
    assert weights[0].keys() == weights[1].keys()


@pytest.mark.slow
def test_a_compiled_run_is_resumed_to_the_bit(tmp_path):
    settings = tiny("transformer", "compile=true", "model.dropout=0.3", "schedule=constant")
    whole, _ = run(tmp_path, *settings, "name=whole", "max_updates=6")
    run(tmp_path, *settings, "name=cut", "max_updates=3")
    cut, messages = run(tmp_path, "train", "--resume", "cut", "max_updates=6")
    assert "going on from update 3" in messages
    path = "checkpoints/last/weights.safetensors"
    assert (cut / path).read_bytes() == (whole / path).read_bytes()


@pytest.mark.slow
def test_dropout_in_compiled_code():
    done = subprocess.run(
        [sys.executable, "-c", DROPOUT],
        cwd=REPOSITORY,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_without_a_compiler_the_message_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "/no/such/compiler")
    refused = fresh_attnlab(*tiny("transformer", "compile=true"), folder=tmp_path, timeout=300)
    message = "compile=true: torch cannot compile the model here"
    assert_refused(refused, 1, message, "install a C++ compiler", "choose compile=false")


@pytest.mark.parametrize("refused", [[], [0], [0, 1, 2]])
def test_every_setting_is_tried_and_the_result_is_whether_all_were_taken(refused, monkeypatch):
    asked = []

    def mallopt(setting, value):
        asked.append((setting, value))
        return int(len(asked) - 1 not in refused)

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(mallopt=mallopt))
    assert keep_freed_memory() is (not refused)
    # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD and M_TOP_PAD of glibc's malloc.h
    assert asked == [(-3, 1 << 30), (-1, 1 << 30), (-2, 64 << 20)]


@pytest.mark.parametrize("failure", [OSError, AttributeError])
def test_another_c_library_is_left_alone(failure, monkeypatch):
    def absent(_):
        raise failure

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", absent)
    assert keep_freed_memory() is False


PAIRS = [EncodedPair([4 + n % 9] * (n % 12 + 1), [5 + n % 9] * (n % 12 + 1)) for n in range(300)]
WHOLE = 10**9


def objective_of(name):
    return Objective(small_model(name), objective_config(label_smoothing=0.1)).eval()


@pytest.mark.parametrize("sentences", [None, 200])
@pytest.mark.parametrize("name", list(MODELS))
def test_a_batch_keeps_about_what_its_beginning_foretells(name, sentences, monkeypatch):
    objective = objective_of(name)
    before = {key: value.clone() for key, value in objective.state_dict().items()}
    random = torch.get_rng_state()
    batches = TrainingBatches(PAIRS, WHOLE, 1, sentences)
    some, rows = batches.sample_of_largest(400)
    assert rows == (sentences or len(PAIRS)) > len(some.source)
    whole, _ = batches.sample_of_largest(WHOLE)
    saved = saved_for_backward(objective, whole, "float32")
    check = {"batch_tokens": None, "precision": "float32", "processes": 1}
    monkeypatch.setattr(execution, "TOKENS_TO_MEASURE", 400)
    monkeypatch.setattr(machine, "memory_of", lambda _: round(1.25 * saved))
    require_room_for_steps(objective, batches, **check)
    monkeypatch.setattr(machine, "memory_of", lambda _: round(0.75 * saved))
    message = rf"an update on {rows:,} sentences of .* lower batch_tokens= or batch_sentences="
    with pytest.raises(AttnlabError, match=message):
        require_room_for_steps(objective, batches, **check)
    require_room_for_steps(objective, batches, **check | {"processes": 2})
    assert torch.equal(random, torch.get_rng_state())
    assert not objective.training
    assert all(torch.equal(before[key], value) for key, value in objective.state_dict().items())


def test_nothing_is_measured_where_batch_tokens_bound_it():
    def fail(_):
        raise AssertionError("measured")

    objective, batches = objective_of("rnn"), TrainingBatches(PAIRS, 2048, 1)
    objective.register_forward_pre_hook(lambda *_: fail(_))
    require_room_for_steps(objective, batches, 2048, precision="float32", processes=1)


@pytest.mark.parametrize(
    ("variables", "threads", "expected"),
    [
        ({"LOCAL_WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}, None, 4),
        ({"LOCAL_WORLD_SIZE": "16", "OMP_NUM_THREADS": "1"}, None, 1),
        ({"LOCAL_WORLD_SIZE": "2", "OMP_NUM_THREADS": "3"}, None, None),  # its user's choice
        ({"LOCAL_WORLD_SIZE": "1", "OMP_NUM_THREADS": "1"}, None, None),
        ({"LOCAL_WORLD_SIZE": "2", "OMP_NUM_THREADS": "3"}, 2, 2),
    ],
)
def test_threads_are_a_share_of_the_cores(variables, threads, expected, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("attnlab.support.machine.usable_cores", lambda: 8)
    before = torch.get_num_threads()
    try:
        settle_threads(threads)
        assert torch.get_num_threads() == (before if expected is None else expected)
    finally:
        torch.set_num_threads(before)
