"""attnlab complexity, in a real process: formulas by hand, and measurements that are all there."""

import json

import pytest

from tests.runs import attnlab


def test_a_short_series_gives_a_table_a_figure_and_json(tmp_path):
    done = attnlab("complexity", "--to", "32", "--size", "32", "--json", folder=tmp_path)
    assert done.code == 0, done.errors
    assert (tmp_path / "complexity.png").read_bytes().startswith(b"\x89PNG")
    assert isinstance(json.loads(done.output), dict)
    for layer in ("self-attention", "recurrent", "convolution"):
        assert layer in done.output


@pytest.mark.parametrize("wrong", [("--to", "1"), ("--size", "0"), ("score=cubic",)])
def test_what_cannot_be_measured_is_refused(wrong, tmp_path):
    done = attnlab("complexity", *wrong, folder=tmp_path)
    assert done.code == 2
    assert "Traceback" not in done.errors
