"""Which of glibc's settings are asked for, and what is said of those that it refuses."""

import ctypes
import sys
from types import SimpleNamespace

import pytest

from attnlab.training.allocator import keep_freed_memory


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
