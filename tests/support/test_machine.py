"""The wait policy of OpenMP threads, as a real process prints it."""

import sys

import pytest

from attnlab.support.machine import omp_wait_briefly
from tests.runs import fresh_attnlab


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="GNU's OpenMP is Linux's")
def test_a_command_that_needs_torch_sets_openmps_wait(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_DISPLAY_ENV", "verbose")
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    (tmp_path / "runs").mkdir()
    printed = fresh_attnlab("eval", folder=tmp_path).errors
    assert "GOMP_SPINCOUNT = '1000'" in printed


def test_the_users_policy_has_precedence():
    for chosen in ({"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "active"}):
        environment = dict(chosen)
        omp_wait_briefly(environment)
        assert environment == chosen
