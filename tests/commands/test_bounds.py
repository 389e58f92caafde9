"""What needs more memory than there is, and weights that are no numbers: refused, nothing left."""

import pytest
from safetensors.torch import load_file, save_file

from attnlab.support import machine
from attnlab.support.files import seal
from tests.refusals import assert_refused
from tests.runs import tiny


def test_a_model_too_large_for_the_memory_leaves_no_folder(command, tmp_path):
    ended = command(*tiny("rnn", "model.embedding_size=1000000", "model.hidden_size=1000000"))
    assert_refused(ended, 1, "the model's weights would take", "lower some of: model.")
    assert not list(tmp_path.glob("runs/**/*"))


def test_batches_too_large_for_the_memory_leave_no_folder(command, tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "memory_of", lambda *_: 2_000_000)
    ended = command(*tiny("rnn", "batch_tokens=100000000"))
    assert_refused(ended, 1, "an update on", "lower batch_tokens= or batch_sentences=")
    assert not list(tmp_path.glob("runs/**/*"))


@pytest.mark.parametrize(
    "arguments",
    [("eval",), ("plot-attention",), ("translate",), ("eval", "search=beam")],
)
def test_weights_that_are_no_numbers_are_refused_by_name(arguments, broken, command):
    fill(broken, float("nan"))
    name, *more = arguments
    ended = command(name, str(broken), *more)
    assert_refused(ended, 1, "hold NaN or infinity", "checkpoints/best", "use another checkpoint=")


def fill(run, value):
    """Have all weights of the run's best checkpoint be `value`, its checksums right."""
    path = run / "checkpoints" / "best" / "weights.safetensors"
    save_file({key: weight.fill_(value) for key, weight in load_file(path).items()}, path)
    seal(path.parent)
