"""attnlab complexity, in a real process: formulas by hand, and measurements that are all there."""

import json

import pytest

from tests.refusals import assert_refused
from tests.runs import attnlab


def test_a_short_series_gives_a_table_a_figure_and_json(tmp_path):
    done = attnlab(
        "complexity", "--to", "32", "--size", "32", "--seeds", "1", "--json", folder=tmp_path
    )
    assert done.code == 0, done.errors
    assert (tmp_path / "complexity.png").read_bytes().startswith(b"\x89PNG")
    found = json.loads(done.output)
    assert found["files"] == ["complexity.png"]
    assert found["size"] == 32
    measured = {"self-attention", "self-attention, fused", "recurrent", "convolution"}
    assert {each["layer"] for each in found["forward"]} == measured
    assert [cost["length"] for cost in found["forward"][0]["costs"]] == [16, 32]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("--to", "1"), "--to"),
        (("--size", "0"), "--size"),
        (("score=cubic",), "score/cubic"),
    ],
)
def test_what_cannot_be_measured_is_refused(wrong, message, command):
    assert_refused(command("complexity", *wrong), 2, message)
