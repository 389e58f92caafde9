"""Positions that are added to embeddings: sinusoids against the formula, and a learnt table."""

import math

import pytest
import torch

from attnlab.attention.positions.absolute import LearnedEmbedding, SinusoidalEmbedding, sinusoids


@pytest.mark.parametrize("size", [12, 7])
def test_table_equals_the_formula(size):
    table = sinusoids(0, 11, size)
    for position in range(11):
        for column in range(size):
            angle = position / 10_000 ** (2 * (column // 2) / size)
            expected = math.sin(angle) if column % 2 == 0 else math.cos(angle)
            assert table[position, column].item() == pytest.approx(expected, abs=1e-5)


def test_an_offset_is_the_same_rotation_everywhere():
    table = sinusoids(0, 50, 8).double()
    frequency = 10_000 ** (-2 / 8)  # of the second pair
    angle = torch.tensor(7 * frequency, dtype=torch.float64)
    rotation = torch.tensor([[angle.cos(), angle.sin()], [-angle.sin(), angle.cos()]]).double()
    for position in (0, 13, 40):
        rotated = rotation @ table[position, 2:4]
        torch.testing.assert_close(rotated, table[position + 7, 2:4], atol=1e-5, rtol=0)


def test_a_later_start_and_long_sentences_use_the_same_table():
    positions = SinusoidalEmbedding(12)
    zeros = torch.zeros(1, 200, 12)
    whole = positions(zeros)
    torch.testing.assert_close(whole[0], sinusoids(0, 200, 12))
    torch.testing.assert_close(positions(zeros[:, :5], start=150), whole[:, 150:155])


def test_a_learnt_table_is_read_row_by_row_and_its_last_row_from_there_on():
    positions = LearnedEmbedding(7, 5)
    rows = positions.table.weight
    embedded = torch.randn(2, 3, 5)
    torch.testing.assert_close(positions(embedded, start=2), embedded + rows[2:5])
    further = positions(embedded, start=5)
    torch.testing.assert_close(further, embedded + rows[[5, 6, 6]])
