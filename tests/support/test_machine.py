"""How threads wait: what OpenMP is told in time, by a real process's own word."""

import sys

import pytest

from attnlab.support.machine import omp_wait_briefly
from tests.runs import fresh_attnlab


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="GNU's OpenMP is Linux's")
def test_a_command_that_needs_torch_tells_openmp(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_DISPLAY_ENV", "verbose")
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    (tmp_path / "runs").mkdir()
    told = fresh_attnlab("eval", folder=tmp_path).errors
    assert "GOMP_SPINCOUNT = '1000'" in told


def test_what_the_user_has_said_stands():
    for said in ({"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "active"}):
        environment = dict(said)
        omp_wait_briefly(environment)
        assert environment == said
