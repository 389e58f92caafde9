"""What the tests of engines share: packages, and decoders that are compared step by step."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from attnlab.models.stepping import Searchable

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

SENTENCES, LENGTH = 4, 7


def sentences() -> tuple[Tensor, Tensor]:
    """Sources of 7, 3, 1 and 5 tokens, and their mask."""
    source = torch.randint(4, 19, (SENTENCES, LENGTH))
    mask = torch.arange(LENGTH) < torch.tensor([[7], [3], [1], [5]])
    return source.masked_fill(~mask, 0), mask


def assert_same_steps(one: Searchable, other: Searchable, tolerance: float = 1e-4) -> None:
    """Both decode alike: one hypothesis a sentence, then three, then reordered ones of two."""
    source, mask = sentences()
    with torch.inference_mode():
        decoders = one.step_decoder(source, mask), other.step_decoder(source, mask)

        def step(rows: int) -> None:
            tokens = torch.randint(4, 23, (rows,))
            expected, found = (decoder.decode(tokens).clone() for decoder in decoders)
            torch.testing.assert_close(found, expected, atol=tolerance, rtol=tolerance)

        step(4)
        step(4)
        for decoder in decoders:
            decoder.select(torch.arange(4).repeat_interleave(3))
        step(12)
        for decoder in decoders:
            decoder.select(torch.tensor([5, 3, 3, 10, 9, 11]), torch.tensor([1, 3]))
        step(6)
        for decoder in decoders:
            decoder.select(torch.tensor([3, 4, 4]), torch.tensor([1]))
        step(3)
        step(3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")
