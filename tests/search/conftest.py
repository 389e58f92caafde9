"""Sentences that the tests of searches translate."""

import pytest
import torch


@pytest.fixture
def sources():
    lengths = torch.tensor([5, 1, 7, 3, 4])
    mask = torch.arange(7) < lengths.unsqueeze(1)
    return torch.randint(4, 19, (5, 7)).masked_fill(~mask, 0), mask
