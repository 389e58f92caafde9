"""Kernel regression beside scikit-learn, beside sums by hand, and beside its own other routes."""

import math

import numpy as np
import pytest
import torch
from sklearn.model_selection import LeaveOneOut
from sklearn.neighbors import KernelDensity, RadiusNeighborsRegressor

from attnlab.attention.kernel_regression import KERNELS, KernelRegression, build_kernel
from attnlab.support.errors import UsageError

DENSITIES = {
    "gaussian": "gaussian",
    "boxcar": "tophat",
    "epanechnikov": "epanechnikov",
    "triangular": "linear",
}
"""Our kernels by scikit-learn's names of densities."""


def points(count=23, dimensions=1, seed=4):
    generator = np.random.default_rng(seed)
    inputs = generator.uniform(0, 5, (count, dimensions))
    outputs = 3 + np.sin(inputs).sum(axis=1) + generator.normal(scale=0.3, size=count)
    return inputs, outputs


def estimator(inputs, outputs, kernel="gaussian", width=0.7, **more):
    return KernelRegression(
        torch.from_numpy(inputs), torch.from_numpy(outputs), build_kernel(kernel), width, **more
    )


def answers(model, queries):
    return model(torch.from_numpy(queries)).detach().numpy()


def by_densities(inputs, outputs, queries, kernel, width):
    """The joint density over the inputs' density: what Nadaraya and Watson started from."""
    plain = KernelDensity(bandwidth=width, kernel=DENSITIES[kernel]).fit(inputs)
    weighted = KernelDensity(bandwidth=width, kernel=DENSITIES[kernel])
    weighted.fit(inputs, sample_weight=outputs)  # which are positive here
    ratio = weighted.score_samples(queries) - plain.score_samples(queries)
    return np.exp(ratio) * outputs.sum() / len(outputs)


@pytest.mark.parametrize("dimensions", [1, 3])
@pytest.mark.parametrize("width", [1.1, 2.5])
@pytest.mark.parametrize("kernel", list(DENSITIES))
def test_answers_are_those_of_scikit_learns_densities(kernel, width, dimensions):
    inputs, outputs = points(41, dimensions)
    queries = inputs[::3] + 0.01
    found = answers(estimator(inputs, outputs, kernel, width), queries)
    expected = by_densities(inputs, outputs, queries, kernel, width)
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_a_boxcar_is_the_mean_of_the_neighbours_within_its_width():
    inputs, outputs = points(30, 2)
    queries = points(30, 2, seed=8)[0]
    found = answers(estimator(inputs, outputs, "boxcar", 0.9), queries)
    neighbours = RadiusNeighborsRegressor(radius=0.9).fit(inputs, outputs)
    reached = [len(each) > 0 for each in neighbours.radius_neighbors(queries)[1]]
    assert not all(reached), "some window is empty, for the next line to say something"
    np.testing.assert_array_equal(np.isnan(found), ~np.array(reached))
    queries = queries[reached]
    expected = neighbours.predict(queries)
    np.testing.assert_allclose(found[reached], expected)


def test_three_points_by_hand():
    inputs, outputs = np.array([[0.0], [1.0], [3.0]]), np.array([2.0, 4.0, -1.0])
    near, middle = math.exp(-0.5 * 0.25), math.exp(-0.5 * 1)
    expected = (2 * near + 4 * near - math.exp(-0.5 * 6.25)) / (2 * near + math.exp(-0.5 * 6.25))
    assert answers(estimator(inputs, outputs, width=1.0), np.array([[0.5]])) == (
        pytest.approx(expected)
    )
    # From 1, by the others alone: 0 is one width away, and 3 two.
    two_away = math.exp(-0.5 * 4)
    without = estimator(inputs, outputs, width=1.0).leave_one_out()
    assert without[1].item() == pytest.approx((2 * middle - two_away) / (middle + two_away))
    triangular = estimator(inputs, outputs, "triangular", 2.0)
    assert answers(triangular, np.array([[0.5]])) == pytest.approx(3.0)
    assert triangular.leave_one_out().tolist()[:2] == pytest.approx([4.0, 2.0])
    assert math.isnan(triangular.leave_one_out()[2].item())  # at the very edge, where 1 - u is 0
    boxcar = estimator(inputs, outputs, "boxcar", 2.0)
    assert boxcar.leave_one_out().tolist() == pytest.approx([4.0, 0.5, 4.0])  # the edge counts


def test_average_pooling_answers_the_same_everywhere():
    inputs, outputs = points()
    found = answers(estimator(inputs, outputs, "constant", 0.1), np.array([[-90.0], [2.0], [1e5]]))
    np.testing.assert_allclose(found, outputs.mean())


@pytest.mark.parametrize("dimensions", [1, 2])
@pytest.mark.parametrize("kernel", list(KERNELS))
def test_leave_one_out_is_what_estimators_without_each_point_say(kernel, dimensions):
    inputs, outputs = points(17, dimensions)
    expected = np.concatenate(
        [
            answers(estimator(inputs[kept], outputs[kept], kernel, 0.4), inputs[left])
            for kept, left in LeaveOneOut().split(inputs)
        ]
    )
    found = estimator(inputs, outputs, kernel, 0.4).leave_one_out().detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-9, equal_nan=True)


def test_equal_widths_by_dimension_are_one_width_and_others_rescale_the_inputs():
    inputs, outputs = points(19, 3)
    queries = points(7, 3, seed=9)[0]
    one, each = (estimator(inputs, outputs, by_dimension=by) for by in (False, True))
    np.testing.assert_allclose(answers(one, queries), answers(each, queries))
    assert (one.widths, each.widths) == (pytest.approx([0.7]), pytest.approx([0.7] * 3))
    scales = np.array([0.5, 2.0, 1.25])
    with torch.no_grad():
        each.score.width.copy_(torch.from_numpy(scales))
    rescaled = estimator(inputs * scales, outputs, width=1.0)
    np.testing.assert_allclose(answers(each, queries), answers(rescaled, queries * scales))
    assert each.widths == pytest.approx([2.0, 0.5, 0.8])


@pytest.mark.parametrize("by_dimension", [False, True])
def test_gradients_of_the_width_are_those_of_small_differences(by_dimension):
    model = estimator(*points(11, 2), by_dimension=by_dimension)
    targets = model.outputs

    def losses(width):
        model.score.width = torch.nn.Parameter(width)
        without = torch.func.functional_call(
            _LeaveOneOut(model), {"model.pooling.score.width": width}, ()
        )
        return (without - targets).square().mean()

    width = model.score.width.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(losses, [width])


class _LeaveOneOut(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self):
        return self.model.leave_one_out()


def test_far_from_zero_nothing_is_lost():
    """Years as inputs: distances of a tenth beside products of millions."""
    inputs, outputs = points()
    near = estimator(inputs, outputs, "epanechnikov", 0.3)
    far = estimator(inputs + 2.0e6, outputs, "epanechnikov", 0.3)
    np.testing.assert_allclose(
        near.leave_one_out().detach(), far.leave_one_out().detach(), rtol=1e-5
    )


def test_its_attention_can_be_observed_like_any_other():
    from attnlab.attention.recording import record_attention

    model = estimator(*points(9))
    queries = torch.linspace(0, 5, 4, dtype=torch.float64).unsqueeze(1)
    with record_attention(model) as record:
        model(queries.unsqueeze(0)[0])
    [(_, weights)] = record.items()
    torch.testing.assert_close(weights.squeeze(), model.attend(queries).weights)


def test_what_cannot_be_is_refused():
    inputs, outputs = points(3)
    with pytest.raises(UsageError, match="needs at least 2 points, and has 1"):
        estimator(inputs[:1], outputs[:1])
    for width in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(UsageError, match="width must be above 0"):
            estimator(inputs, outputs, width=width)
