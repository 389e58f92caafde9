"""Runs with damaged files: used, or refused with a message; nothing is written beside them."""

import shutil

import pytest
from hypothesis import strategies as st

from attnlab.launch import compose_inference
from attnlab.run.loaded import load_run
from attnlab.run.metrics import recorded_validations
from tests.fuzz.inputs import LENGTHS, done_or_refused, fuzz, mutated
from tests.runs import attnlab, tiny

IN_PROCESS = ["config.yaml", "metrics.jsonl", "vocabulary.model"]
IN_PROCESS += [f"checkpoints/best/{name}" for name in ("weights.safetensors", "SHA256SUMS")]
OTHERS = [f"checkpoints/{folder}/training.pt" for folder in ("last", "previous")]
OTHERS += [f"checkpoints/{folder}/SHA256SUMS" for folder in ("last", "previous")]
OTHERS += ["checkpoints/last/weights.safetensors", "overrides.yaml", *IN_PROCESS]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    result = attnlab(*tiny("rnn"), folder=folder)
    assert result.code == 0, result.errors
    return folder / result.output.strip()


def damages(run, names):
    """A file's name and its damaged content; None removes it, and a folder stands for True."""
    return st.one_of(
        st.tuples(
            st.just(name),
            st.one_of(*[mutated((run / name).read_bytes())] * 8, st.none(), st.just(True)),
        )
        for name in names
    )


def damaged(run, to, name, content):
    """A copy of the run, broken; and what stands beside it."""
    shutil.rmtree(to.parent, ignore_errors=True)
    shutil.copytree(run, to, symlinks=True)
    path = to / name
    path.unlink()
    if content is True:
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_damaged_run_is_used_or_refused(length, run, tmp_path):
    config = compose_inference(["search=greedy", "search.max_length_factor=0.1"])
    copy = tmp_path / "runs" / "x" / "1"

    @fuzz(length * 20, damage=damages(run, [name for name in IN_PROCESS if "model" not in name]))
    def holds(damage):
        damaged(run, copy, *damage)
        with done_or_refused():
            trained = load_run(copy, config)
            recorded_validations(trained.run.folder)
            assert len(trained.translator.translate(["The cat sleeps."])) == 1
        assert [path.name for path in tmp_path.iterdir()] == ["runs"]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("arguments", [["train", "--resume"], ["translate", "search=greedy"]])
def test_commands_on_a_damaged_run(length, run, tmp_path, arguments):
    """In a process of its own, since SentencePiece may end it natively."""
    copy = tmp_path / "runs" / "x" / "1"

    @fuzz(length * 4, damage=damages(run, OTHERS))
    def holds(damage):
        damaged(run, copy, *damage)
        result = attnlab(*arguments, folder=tmp_path, given=b"Go.\n")  # asserts no raw failure
        assert result.code in (0, 1, 2), result.printed
        assert result.code == 0 or "error: " in result.errors
        assert [path.name for path in tmp_path.iterdir()] == ["runs"]
