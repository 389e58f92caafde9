"""The layers that are measured do the operations that the formulas count, by torch's own count."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from attnlab.studies.complexity.formulas import FORMULAS, Sizes
from attnlab.studies.complexity.layers import FUSED, LAYERS, LayerSettings, layers_of
from tests.conftest import attention_config


def settings(score="scaled_dot", **changes):
    attention = attention_config(score, **changes)
    return LayerSettings(size=24, heads=3, width=5, attention=attention)


@pytest.mark.parametrize("length", [2, 7, 40])
@pytest.mark.parametrize("formula", [each for each in FORMULAS if each.exact], ids=lambda f: f.name)
def test_as_many_multiplications_as_the_formula_says(formula, length):
    layer, sizes = LAYERS[formula.name](settings()), Sizes(size=24, width=5, restriction=1)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        layer(torch.randn(1, length, 24))
    # It counts a multiplication and an addition as two.
    assert counter.get_total_flops() == 2 * formula.multiply_adds(length, sizes)


@pytest.mark.parametrize("name", list(LAYERS))
def test_they_keep_a_sentences_shape(name):
    layer = LAYERS[name](settings())
    assert layer(torch.randn(2, 7, 24)).shape == (2, 7, 24)


def test_step_by_step_and_fused_are_one_attention():
    torch.manual_seed(1)
    explicit, fused = LAYERS["self-attention"](settings()), LAYERS[FUSED](settings())
    fused.load_state_dict(explicit.state_dict())
    x = torch.randn(2, 7, 24)
    torch.testing.assert_close(explicit(x), fused(x))


def test_nothing_is_fused_of_what_no_kernel_knows():
    assert FUSED in layers_of(settings())
    assert FUSED in layers_of(settings(normaliser="temperature"))
    for chosen in (
        settings("additive"),
        settings(normaliser="sparsemax"),
        settings(positions="shaw"),
    ):
        assert FUSED not in layers_of(chosen)
        assert len(layers_of(chosen)) == 3
