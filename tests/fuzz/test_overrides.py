"""Settings as nobody would type them: an experiment that can be written and read, or a refusal."""

import pytest
from hypothesis import strategies as st

from attnlab import launch
from attnlab.config import ExperimentConfig, from_yaml, to_yaml
from attnlab.support.folders import training_groups
from attnlab.support.schema import from_node
from scripts.reference.groups import WITHOUT_SCHEMA, roots
from tests.fuzz.inputs import LENGTHS, done_or_refused, fuzz

ROOT = roots()["train"]
KEYS = sorted(
    {setting.key for setting in ROOT.own_settings()}
    | {
        setting.key
        for folder in training_groups()
        if folder.name not in WITHOUT_SCHEMA
        for path in folder.glob("*.yaml")
        for setting in ROOT.choice_settings(path)
    }
)
GROUPS = sorted(folder.name for folder in training_groups())
NUMBERS = ["0", "-1", "1", "2.5", "1e300", "-1e300", "1e-320", "nan", "inf", "-inf", "1e999"]
NUMBERS += [str(2**31), str(2**63), str(2**64), "1_000", "0x10", "9" * 400]
OTHERS = ["", "null", "true", "None", "[", "{a:", "{a: 1}", "[1,2]", "[nan]", "''", "'", '"', "~"]
OTHERS += ["???", "${seed}", "${oc.env:HOME}", "${nowhere}", "${", "a=b", "../x", "a b", "é", "汉"]
OTHERS += ["\x1b[2J", "\\", "@", "*", "additive", "transformer", "x" * 5000, "1,2", "choice(1,2)"]
VALUES = st.one_of(st.sampled_from(NUMBERS), st.sampled_from(OTHERS), st.text(max_size=6))


@st.composite
def overrides(draw):
    """One to three, mostly of settings that there are."""
    chosen = []
    for _ in range(draw(st.integers(1, 3))):
        sign = draw(st.sampled_from(["", "", "", "", "+", "++", "~"]))
        known = st.sampled_from(KEYS)
        deeper = known.map(lambda key: f"{key}.x")
        group = st.sampled_from(GROUPS)
        key = draw(st.one_of(known, known, known, deeper, group, st.text(max_size=5)))
        equals = draw(st.sampled_from(["=", "=", "=", "=", "=", ""]))
        chosen.append(f"{sign}{key}{equals}{draw(VALUES)}")
    return chosen


@pytest.mark.parametrize("length", LENGTHS)
def test_settings(length, tmp_path):
    written = tmp_path / "config.yaml"

    @fuzz(length * 20, chosen=overrides())
    def holds(chosen):
        with done_or_refused():
            config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, chosen))
            written.write_text(to_yaml(config), encoding="utf-8")
            assert from_node(ExperimentConfig, from_yaml(written)) == config

    assert [path.name for path in tmp_path.iterdir()] in ([], ["config.yaml"])
