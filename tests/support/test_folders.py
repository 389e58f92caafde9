"""The cache folder, by the variable or the system."""

import sys
from pathlib import Path

import pytest

from attnlab.support.folders import cache_folder


def test_the_variable_decides(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTNLAB_CACHE", "~/cache")
    assert cache_folder("multi30k") == Path.home() / "cache" / "multi30k"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ATTNLAB_CACHE", "cache")
    assert cache_folder("multi30k") == tmp_path / "cache" / "multi30k"


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG folders are Linux's")
def test_without_it_the_systems_cache_is_taken(monkeypatch, tmp_path):
    monkeypatch.setenv("ATTNLAB_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("tatoeba") == tmp_path / "attnlab" / "tatoeba"
    assert list(tmp_path.iterdir()) == []
