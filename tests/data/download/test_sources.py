"""The table of sources against the config groups, the command, and the real files."""

import hashlib
from typing import get_args, get_type_hints

import pytest

from attnlab import launch
from attnlab.commands.data.get import get
from attnlab.config import ExperimentConfig
from attnlab.data.corpus import has_own_root
from attnlab.data.download import SOURCES
from attnlab.support.folders import shipped_folder
from attnlab.support.schema import from_node
from tests.conftest import shared_data


def test_every_choice_of_data_ships_is_downloaded_or_is_yours():
    choices = {path.stem for path in (shipped_folder("configs") / "data").glob("*.yaml")}
    corpora = {name: _corpus(name) for name in choices}
    tasks = {name for name, config in corpora.items() if config.task is not None}
    assert {name for name in choices if has_own_root(corpora[name])} == {
        "builtin",
        *SOURCES,
        *tasks,
    }
    assert set(get_args(get_type_hints(get)["corpus"])) == set(SOURCES)


def _corpus(name):
    composed = launch.compose(launch.TRAIN, [f"data={name}", "data.train=any.tsv"])
    return from_node(ExperimentConfig, composed).data


def test_the_checksums_are_those_of_the_real_files():
    folder = shared_data("multi30k")
    for name, checksum in SOURCES["multi30k"].checksums.items():
        assert checksum == f"sha256:{hashlib.sha256((folder / name).read_bytes()).hexdigest()}"


@pytest.mark.parametrize("name", SOURCES)
def test_addresses_are_secure_and_checksums_are_whole(name):
    lengths = {"sha256": 64, "sha1": 40}
    assert SOURCES[name].url.startswith("https://")
    for checksum in SOURCES[name].checksums.values():
        algorithm, _, digest = checksum.partition(":")
        assert len(digest) == lengths[algorithm]
        assert int(digest, 16)
