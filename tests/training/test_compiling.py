"""compile=true, in processes of its own: jaxtyping's checks, here, are no code for a compiler."""

import json
import subprocess
import sys

import pytest
from safetensors.torch import load_file

from tests.refusals import assert_refused
from tests.runs import REPOSITORY, environment, fresh_attnlab, tiny

pytestmark = pytest.mark.slow

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


@pytest.mark.parametrize("model", ["rnn", "bahdanau", "transformer"])
def test_losses_are_the_same_within_rounding_and_parameters_have_the_same_names(model, tmp_path):
    exact = ["precision=float32", "max_updates=5", "validate_every=5"]
    plain, _ = run(tmp_path, *tiny(model, *exact, "name=plain"))
    compiled, told = run(tmp_path, *tiny(model, *exact, "name=compiled", "compile=true"))
    assert "compiling the model …" in told
    assert "compiled in " in told
    assert len(losses_of(plain)) == 6
    assert losses_of(compiled) == pytest.approx(losses_of(plain), rel=1e-4)
    weights = [
        load_file(each / "checkpoints" / "last" / "weights.safetensors")
        for each in (plain, compiled)
    ]
    assert weights[0].keys() == weights[1].keys()


def test_a_compiled_run_is_resumed_to_the_bit(tmp_path):
    settings = tiny("transformer", "compile=true", "model.dropout=0.3", "schedule=constant")
    whole, _ = run(tmp_path, *settings, "name=whole", "max_updates=6")
    run(tmp_path, *settings, "name=cut", "max_updates=3")
    cut, told = run(tmp_path, "train", "--resume", "cut", "max_updates=6")
    assert "going on from update 3" in told
    path = "checkpoints/last/weights.safetensors"
    assert (cut / path).read_bytes() == (whole / path).read_bytes()


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


def test_without_a_compiler_the_message_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "/no/such/compiler")
    refused = fresh_attnlab(*tiny("transformer", "compile=true"), folder=tmp_path, timeout=300)
    message = "compile=true: torch cannot compile the model here"
    assert_refused(refused, 1, message, "install a C++ compiler", "choose compile=false")
