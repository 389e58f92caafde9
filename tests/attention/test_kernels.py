"""Kernels as normalisers: by hand, by their masks, and by what they do at the edges."""

import math

import pytest
import torch

from attnlab.attention.kernel_regression import KERNELS, build_kernel
from attnlab.attention.normalisers.softmax import Softmax
from attnlab.support.errors import UsageError

U = torch.tensor([[0.0, 0.5, 1.0, 1.5]], dtype=torch.float64)
SCORES = -U.square() / 2

BY_HAND = {
    "gaussian": [1, math.exp(-0.125), math.exp(-0.5), math.exp(-1.125)],
    "boxcar": [1, 1, 1, 0],
    "epanechnikov": [1, 0.75, 0, 0],
    "triangular": [1, 0.5, 0, 0],
    "constant": [1, 1, 1, 1],
}


@pytest.mark.parametrize("name", list(KERNELS))
def test_weights_are_the_profile_over_its_sum(name):
    counts = torch.tensor([BY_HAND[name]], dtype=torch.float64)
    kernel = build_kernel(name)
    torch.testing.assert_close(kernel.profile(U.square()), counts)
    torch.testing.assert_close(kernel(SCORES, None), counts / counts.sum())


@pytest.mark.parametrize("name", list(KERNELS))
def test_what_is_masked_does_not_count_and_an_empty_row_is_zeros(name):
    mask = torch.tensor([[False, True, True, True], [False] * 4])
    weights = build_kernel(name)(SCORES.expand(2, 4), mask)
    counts = torch.tensor([0, *BY_HAND[name][1:]], dtype=torch.float64)
    torch.testing.assert_close(weights[0], counts / counts.sum())
    assert not weights[1].any()


@pytest.mark.parametrize("name", list(KERNELS))
def test_far_keys_leave_zeros_or_the_nearest_but_never_nan(name):
    far = torch.tensor([[-1e6, -2e6]], dtype=torch.float64, requires_grad=True)
    weights = build_kernel(name)(far, None)
    expected = {"gaussian": [[1, 0]], "constant": [[0.5, 0.5]]}.get(name, [[0, 0]])
    torch.testing.assert_close(weights.detach(), torch.tensor(expected, dtype=torch.float64))


def test_the_gaussian_kernel_is_the_softmax_to_the_bit():
    scores = torch.randn(3, 5, 7)
    mask = torch.rand(3, 5, 7) > 0.3
    assert torch.equal(build_kernel("gaussian")(scores, mask), Softmax()(scores, mask))


@pytest.mark.parametrize("name", ["gaussian", "epanechnikov", "triangular"])
def test_gradients_are_those_of_small_differences(name):
    scores = torch.tensor([[-0.1, -0.2, -0.4, -3.0]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda s: build_kernel(name)(s, None), [scores])


@pytest.mark.parametrize("name", list(KERNELS))
def test_a_key_at_the_query_itself_has_a_finite_gradient(name):
    width = torch.tensor(1.3, dtype=torch.float64, requires_grad=True)
    weights = build_kernel(name)(SCORES * width**2, None)
    (weights * torch.arange(4.0)).sum().backward() if weights.requires_grad else None
    assert width.grad is None or width.grad.isfinite()


def test_unknown_kernels_are_refused():
    with pytest.raises(UsageError, match="unknown kernel 'box'; choose among: gaussian, boxcar"):
        build_kernel("box")
