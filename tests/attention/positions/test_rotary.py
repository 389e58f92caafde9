"""Rotary positions against torch's complex numbers, and against what they are for."""

import pytest
import torch

from attnlab.attention.positions import HeadSizes
from tests.conftest import attention_config

LENGTH = 9


def rotary(query_size, key_size=None, base=10_000.0):
    positions = attention_config(positions="rotary", base=base).build_positions()
    key_size = key_size or query_size
    sizes = HeadSizes(heads=2, query_size=query_size, key_size=key_size, value_size=4)
    return positions.relative(sizes).double()


@pytest.mark.parametrize("base", [10_000.0, 50.0])
@pytest.mark.parametrize("start", [0, 100])
def test_features_turn_as_complex_numbers_do(start, base):
    x = torch.randn(2, 3, LENGTH, 8, dtype=torch.float64)
    place = torch.arange(start, start + LENGTH).double()
    angle = torch.outer(place, base ** (-torch.arange(4).double() / 4))
    turned = torch.view_as_complex(x.unflatten(-1, (4, 2))) * torch.polar(angle * 0 + 1, angle)
    expected = torch.view_as_real(turned).flatten(-2)
    torch.testing.assert_close(rotary(8, base=base).rotate(x, start), expected, atol=1e-6, rtol=0)


def test_the_last_feature_of_an_odd_size_stays_as_it_is():
    x = torch.randn(1, LENGTH, 7, dtype=torch.float64)
    turned = rotary(7).rotate(x, 5)
    torch.testing.assert_close(turned[..., :6], rotary(6).rotate(x[..., :6], 5))
    assert torch.equal(turned[..., 6], x[..., 6])


def test_queries_and_keys_of_unequal_sizes_turn_each_at_their_own_speeds():
    both = rotary(8, key_size=5)
    query, key = torch.randn(1, 3, 8).double(), torch.randn(1, 3, 5).double()
    assert torch.equal(both.rotate(query, 4), rotary(8).rotate(query, 4))
    assert torch.equal(both.rotate(key, 4), rotary(5).rotate(key, 4))


def test_products_depend_on_the_offset_alone_and_lengths_do_not_change():
    positions = rotary(8)
    query, key = torch.randn(2, 8, dtype=torch.float64)

    def product(i, j):
        turned = (
            positions.rotate(query.expand(1, 1, 8), i),
            positions.rotate(key.expand(1, 1, 8), j),
        )
        return (turned[0] * turned[1]).sum().item()

    assert product(13, 5) == pytest.approx(product(58, 50), abs=1e-6)
    assert product(13, 5) != pytest.approx(product(13, 6), abs=1e-3)
    assert positions.rotate(key.expand(1, 1, 8), 77).norm().item() == pytest.approx(
        key.norm().item(), abs=1e-6
    )


def test_half_precision_comes_back_as_such():
    positions = rotary(8).float()
    x = torch.randn(1, LENGTH, 8)
    turned = positions.rotate(x.bfloat16(), 300)
    assert turned.dtype == torch.bfloat16
    torch.testing.assert_close(turned.float(), positions.rotate(x, 300), atol=0.03, rtol=0.01)
