"""The chapter's claims: each experiment's sweep composes, and its claim is about that sweep."""

from itertools import cycle, islice
from math import prod

import pytest
import yaml
from omegaconf import OmegaConf

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.data.corpus import load_split, present_splits
from attnlab.evaluate.scores import GROUPINGS
from attnlab.studies.report.claim import load_claim
from attnlab.support.folders import CLAIMS, shipped_folder
from attnlab.support.schema import flatten, from_node
from tests.runs import attnlab, small_corpus

CONFIGS = shipped_folder("configs")
RUNS = {
    **{"length": 9, "compose": 9, "fewshot": 9},
    **{"scores": 42, "scaling": 24, "heads": 15, "positions": 21, "depth": 12},
}
"""The experiments that sweep, and how many runs each has in docs/findings/index.md."""
WITHOUT_CLAIM = {"multi30k_search"}  # it asks for the best recipe, and says of none that it is
SHRUNK = ("max_updates=2", "validate_sentences=4", "model.size=16", "vocabulary.size=300")


def swept(name):
    """The values of each setting that the experiment sweeps."""
    file = yaml.safe_load((CONFIGS / "experiment" / f"{name}.yaml").read_text())
    return {key: str(text).split(",") for key, text in file["hydra"]["sweeper"]["params"].items()}


def composed(name, *overrides):
    node = launch.compose(launch.TRAIN, [f"experiment={name}", *overrides])
    return from_node(ExperimentConfig, node)


def test_every_claim_has_its_experiment():
    sweeping = {
        path.stem
        for path in (CONFIGS / "experiment").glob("*.yaml")
        if "sweeper" in path.read_text()
    }
    claims = {path.stem for path in (CONFIGS / CLAIMS).glob("*.yaml")}
    assert sweeping - WITHOUT_CLAIM == set(RUNS) == claims


@pytest.mark.parametrize("name", list(RUNS))
def test_a_sweep_has_as_many_runs_as_documented_and_every_value_composes(name):
    values = swept(name)
    assert prod(map(len, values.values())) == RUNS[name]
    assert values["seed"] == ["1", "2", "3"]
    longest = max(map(len, values.values()))
    for job in islice(zip(*map(cycle, values.values()), strict=True), longest):
        chosen = dict(zip(values, job, strict=True))
        config = composed(name, *(f"{key}={value}" for key, value in chosen.items()))
        assert (config.name, config.claim) == (name, name)
        settings = flatten(OmegaConf.to_container(OmegaConf.structured(config)))
        for key, value in chosen.items():
            assert str(settings.get(f"{key}.name", settings.get(key))) == value


@pytest.mark.parametrize("name", list(RUNS))
def test_a_claim_is_about_settings_splits_and_groups_that_there_are(name):
    values, data = swept(name), composed(name).data
    claim = load_claim(name)
    assert set(claim.group_by) <= set(values)
    splits = present_splits(data)
    terms = [term for each in claim.expectations for term in each.terms]
    for term in terms:
        for key, value in term.settings.items():
            assert str(value) in values[key]
        assert term.split in splits
    assert set(claim.splits) <= set(splits)
    for split in {term.split for term in terms if term.group is not None}:
        pairs = load_split(data, 1, split)
        groups = set().union(*(grouping(pairs) for grouping in GROUPINGS.values()))
        named = {term.group for term in terms if term.split == split and term.group is not None}
        assert named <= groups


@pytest.mark.parametrize("name", list(RUNS))
def test_the_terms_of_an_expectation_compare(name):
    """Weights that do not sum to 0 would be above 0 whatever the models do."""
    for each in load_claim(name).expectations:
        assert sum(term.weight for term in each.terms) == 0


def test_without_multirun_one_run_is_trained_and_the_rest_named(tmp_path):
    done = attnlab("train", "experiment=heads", small_corpus(), *SHRUNK, folder=tmp_path)
    assert done.code == 0, done.errors
    assert "is a sweep over model.heads and seed, and this is one run of it" in done.errors
    assert "attnlab train -m experiment=heads" in done.errors
    assert len(list(tmp_path.glob("runs/heads/*/config.yaml"))) == 1


@pytest.mark.slow
def test_an_experiment_sweeps_by_itself_and_is_continued(tmp_path):
    sweep = ["train", "-m", "experiment=heads", "seed=1,2", small_corpus(), *SHRUNK]
    first = attnlab(*sweep, "model.heads=1,2", folder=tmp_path, timeout=300)
    assert first.code == 0, first.errors
    runs = sorted(path.parent.name for path in tmp_path.glob("runs/heads/*/config.yaml"))
    assert [run.partition("_model")[2] or run.partition("_heads")[2] for run in runs] == [
        "-1_seed-1",
        "-1_seed-2",
        "-2_seed-1",
        "-2_seed-2",
    ]
    more = attnlab(*sweep, "--continue", folder=tmp_path, timeout=300)  # all of its heads
    assert more.code == 0, more.errors
    assert more.errors.count("is finished") == 4
    assert len(list(tmp_path.glob("runs/heads/*/finished.json"))) == 10
