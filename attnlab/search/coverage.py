"""The attention that hypotheses have paid to each source token, for the coverage penalty."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.attention.pooling import AttentionStep
from attnlab.attention.recording import attentions, observe_attention
from attnlab.models.stepping import Searchable
from attnlab.search.penalties import coverage_penalty
from attnlab.support.errors import UsageError


class Coverage:
    """The sum of the weights of each hypothesis so far, the mean of all heads and layers."""

    def __init__(self, mask: Bool[Tensor, "batch keys"]) -> None:
        self._mask = mask
        self._sums: Tensor | None = None  # (hypotheses, keys)
        self._step: list[Tensor] = []  # weights of the last step, by attention

    def observe(self, _: str, step: AttentionStep) -> None:
        """Note the weights of one attention to the source at this step."""
        weights = step.weights if step.weights.dim() == 4 else step.weights.unsqueeze(1)
        # (sentences, heads, beams, keys) -> (hypotheses, keys)
        self._step.append(weights.float().mean(1).flatten(0, 1))

    def penalties(
        self, beta: float, sentences: Int[Tensor, " sentences"]
    ) -> Float[Tensor, "sentences beams"]:
        """The coverage penalty of each hypothesis after the last step."""
        covered = torch.stack(self._step).mean(0)
        self._step.clear()
        self._sums = covered if self._sums is None else self._sums + covered
        mask = self._mask[sentences].repeat_interleave(len(covered) // len(sentences), 0)
        return coverage_penalty(self._sums, mask, beta).view(len(sentences), -1)

    def select(self, rows: Int[Tensor, " rows"]) -> None:
        """Go on with the hypotheses at `rows`."""
        assert self._sums is not None
        self._sums = self._sums[rows]


@contextmanager
def observed_coverage(model: Searchable, mask: Bool[Tensor, "batch keys"]) -> Iterator[Coverage]:
    """The coverage of what `model` decodes in the block.

    Raises:
        UsageError: it has no attention to the source, or does not show it.
    """
    if not isinstance(model, nn.Module) or not any(map(_is_cross, attentions(model))):
        raise UsageError(
            "search.coverage_penalty needs the weights of attention to the source, which this "
            "model does not show; set it to 0, or choose another model= or engine="
        )
    coverage = Coverage(mask)
    with observe_attention(model, coverage.observe, _is_cross):
        yield coverage


def _is_cross(name: str) -> bool:
    return name.rpartition(".")[2] == "cross"
