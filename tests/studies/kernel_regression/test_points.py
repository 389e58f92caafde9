"""Points: the book's curves from a seed, and a user's file."""

import numpy as np
import pytest

from attnlab import launch
from attnlab.studies.kernel_regression.config import KERNEL_REGRESSION as NAME
from attnlab.studies.kernel_regression.config import KernelRegressionConfig as Schema
from attnlab.studies.kernel_regression.points import REGRESSION_DATA, CsvPointsConfig, CurveConfig
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.schema import from_node


def curve(name="d2l_zh", seed=1, **changes):
    values = {"points": 50, "lowest": 0.0, "highest": 5.0, "noise": 0.5} | changes
    return REGRESSION_DATA.build(CurveConfig(name=name, **values), seed)


def table(path, text, **changes):
    path.write_text(text)
    values = {"file": str(path), "inputs": None, "output": None, "standardise": False} | changes
    return REGRESSION_DATA.build(CsvPointsConfig(name="csv", **values), 1)


def test_the_curves_are_those_of_the_two_editions():
    x = np.array([[0.0], [1.0], [4.0]])
    chinese, english = curve("d2l_zh").truth(x), curve("d2l_en").truth(x)
    np.testing.assert_allclose(chinese, [0, 2.6829420, 1.5178283], atol=1e-7)
    np.testing.assert_allclose(english, [0, 2.6829420, 2.4863950], atol=1e-7)


def test_points_rise_within_their_bounds_and_noise_has_its_size():
    found = curve(points=4000, noise=0.3)
    x = found.inputs[:, 0]
    assert found.inputs.shape == (4000, 1)
    assert (np.diff(x) >= 0).all()
    assert 0 <= x[0] < 0.05
    assert 4.95 < x[-1] <= 5
    noise = found.outputs - found.truth(found.inputs)
    assert noise.std() == pytest.approx(0.3, rel=0.05)
    assert abs(noise.mean()) < 0.02
    assert abs(np.corrcoef(noise, x)[0, 1]) < 0.05


def test_a_seed_says_which_points():
    np.testing.assert_array_equal(curve(seed=3).outputs, curve(seed=3).outputs)
    assert (curve(seed=3).inputs != curve(seed=4).inputs).all()
    without = curve(seed=3, noise=0.0)
    np.testing.assert_array_equal(without.inputs, curve(seed=3).inputs)
    np.testing.assert_array_equal(without.outputs, without.truth(without.inputs))


@pytest.mark.parametrize(
    "changes",
    [{"points": 1}, {"points": 4097}, {"lowest": -1.0}, {"lowest": 5.0}, {"noise": -0.1},
     {"highest": float("inf")}, {"noise": float("nan")}],
)  # fmt: skip
def test_curves_that_cannot_be_are_refused(changes):
    overrides = ["data=d2l_zh", *(f"data.{key}={value}" for key, value in changes.items())]
    with pytest.raises(UsageError, match=f"data.{next(iter(changes))}"):
        REGRESSION_DATA.build(from_node(Schema, launch.compose(NAME, overrides)).data, 1)


def test_a_file_of_two_columns_is_sorted_by_the_first(tmp_path):
    found = table(tmp_path / "p.csv", "x,y\n3,0.3\n1,0.1\n2,0.2\n")
    assert found.inputs.tolist() == [[1], [2], [3]]
    assert found.outputs.tolist() == [0.1, 0.2, 0.3]
    assert (found.input_names, found.output_name) == (["x"], "y")
    assert found.truth is None


def test_columns_are_chosen_by_name_and_number_and_standardised(tmp_path):
    text = "age,size,weight\n1,10,7\n3,30,9\n5,20,8\n"
    chosen = table(tmp_path / "p.csv", text, inputs=["weight", "1"], output="size")
    assert chosen.input_names == ["weight", "age"]
    assert chosen.inputs.tolist() == [[7, 1], [8, 5], [9, 3]]
    assert chosen.outputs.tolist() == [10, 20, 30]
    every = table(tmp_path / "p.csv", text, standardise=True)
    assert every.input_names == ["age", "size"]
    np.testing.assert_allclose(every.inputs.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(every.inputs.std(axis=0), 1)


@pytest.mark.parametrize(
    ("text", "changes", "error", "message"),
    [
        ("1\n2\n", {}, AttnlabError, "has 1 column; points need an input and an output"),
        ("x,y\n1,2\n", {}, AttnlabError, "has 1 point; kernel regression needs 2"),
        ("x,y\n1,2\n3,\n", {}, AttnlabError, "point 2 has no number in y"),
        ("x,y\n1,2\n3,four\n", {}, AttnlabError, ":3, column 2: 'four' is not a number"),
        ("x,y\n1,2\n3,4\n", {"output": "z"}, UsageError, "has no column 'z'; there are: x, y"),
        ("1,2\n3,4\n", {"inputs": ["9"]}, UsageError, "has no column '9'; there are: 1 to 2"),
        ("x,y\n1,2\n3,4\n", {"inputs": ["y"]}, UsageError, "data.output=y is one of data.inputs"),
        ("x,y\n1,2\n1,4\n", {"standardise": True}, AttnlabError, "x is the same in every point"),
        ("x,y\n1,2\n3,4\n", {"inputs": []}, UsageError, "data.inputs=[] names no column"),
        ("1,2\n" * 4098, {}, AttnlabError, "more than 4,096 rows"),
    ],
)
def test_files_that_hold_no_points_are_refused(tmp_path, text, changes, error, message):
    with pytest.raises(error) as refused:
        table(tmp_path / "p.csv", text, **changes)
    assert type(refused.value) is error
    assert message in str(refused.value)


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"ends in \.csv or \.tsv"):
        table(tmp_path / "p.npy", "")
