"""Where downloads are kept: where the variable says, or where this system keeps such things."""

import sys
from pathlib import Path

import pytest

from attnlab.support.folders import cache_folder


def test_the_variable_decides(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTNLAB_CACHE", "~/kept")
    assert cache_folder("multi30k") == Path.home() / "kept" / "multi30k"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ATTNLAB_CACHE", "kept")
    assert cache_folder("multi30k") == tmp_path / "kept" / "multi30k"


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG folders are Linux's")
def test_without_it_the_systems_cache_is_taken(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTNLAB_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("tatoeba") == tmp_path / "attnlab" / "tatoeba"
    assert list(tmp_path.iterdir()) == []
