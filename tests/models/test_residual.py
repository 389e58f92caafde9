"""The residual sum without a norm: it stays bounded however deep, and trains."""

import math

import pytest
import torch

from attnlab.models.layers import Residual
from attnlab.training.loop import Limits
from attnlab.training.state import Step
from tests.conftest import small_model
from tests.training.test_loop import steps_of


@pytest.mark.parametrize("sublayers", [2, 40])
def test_a_stack_without_norms_stays_under_e_times_its_variance(sublayers):
    x = torch.randn(64, 300, dtype=torch.float64)
    first = x.var().item()
    for _ in range(sublayers):
        residual = Residual("none", "layer", 300, dropout=0.0, sublayers=sublayers)
        orthogonal = torch.nn.init.orthogonal_(torch.empty(300, 300, dtype=torch.float64))
        x = residual.leave(x, residual.enter(x) @ orthogonal)
    assert x.var().item() == pytest.approx(first * (1 + 1 / sublayers) ** sublayers, rel=0.1)
    assert x.var().item() < 1.1 * math.e * first


@pytest.mark.parametrize(("norm", "normalisation"), [("none", "layer"), ("post", "batch")])
def test_a_deep_stack_takes_its_steps(norm, normalisation):
    layers = {"encoder_layers": 6, "decoder_layers": 6}
    model = small_model(
        "transformer", norm=norm, normalisation=normalisation, dropout=0.0, **layers
    ).float()
    limits = Limits(max_updates=16, max_epochs=None, max_seconds=None)
    steps = list(steps_of(model, limits=limits, learning_rate=0.002))
    assert all(isinstance(step, Step) for step in steps), "none was left out"
    first, last = (sum(step.loss for step in some) for some in (steps[:4], steps[-4:]))
    assert last < first
