"""attnlab heads --faithfulness, as it is typed."""

import json

import pytest

from tests.runs import attnlab, tiny


@pytest.mark.parametrize("model", ["bahdanau", "transformer"])
def test_a_trained_run_is_tested(model, tmp_path):
    done = attnlab(*tiny(model, "max_updates=4"), folder=tmp_path)
    assert done.code == 0, done.errors
    asked = attnlab("heads", "--faithfulness", "--count", "12", "--json", folder=tmp_path)
    assert asked.code == 0, asked.errors
    found = json.loads(asked.output)
    assert found["sentences"] == 12
    baselines = [each["baseline"] for each in found["agreement"] if "baseline" in each]
    assert sorted(baselines) == ["gold links", "permuted weights"]
    assert all(each["uniform"]["total_variation"] >= 0 for each in found["replaced"])
