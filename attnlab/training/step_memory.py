"""What a step keeps for its backward pass, measured on a few sentences before any step is taken."""

import torch
from torch import Tensor

from attnlab.data.batching import Batch, TrainingBatches
from attnlab.models.layers import running_statistics
from attnlab.support import machine
from attnlab.training.objective import Objective
from attnlab.training.precision import computing_in

TOKENS_TO_MEASURE = 4096
_MOST_TENSORS = 1000
"""No model keeps more than so many numbers a token for each of its features."""


def require_room_for_steps(
    objective: Objective,
    batches: TrainingBatches,
    batch_tokens: int | None,
    *,
    precision: str,
    processes: int,
) -> None:
    """Refuse batches whose step needs more memory than there is.

    Where `batch_tokens` a side cannot come near it, nothing is measured. Else a few sentences of
    the largest batch are read: what they keep grows with the rows of the batch, which `processes`
    share. Random states and running statistics stay as they were.

    Raises:
        AttnlabError: there is not enough memory.
    """
    weight = objective.model.output.weight
    device = weight.device
    if batch_tokens is not None:
        most = batch_tokens * weight.size(1) * weight.element_size() * _MOST_TENSORS
        if most <= machine.memory_of(device):
            return
    some, rows = batches.beginning_of_largest(TOKENS_TO_MEASURE)
    kept = kept_for_backward(objective, some.to(device), precision)
    machine.require_memory(
        kept * rows // len(some.source) // processes,
        f"an update on {rows:,} sentences of up to {some.source.size(1):,} tokens at a time",
        "lower batch_tokens= or batch_sentences=, and raise accumulate= for updates as large",
        device,
    )


def kept_for_backward(objective: Objective, batch: Batch, precision: str) -> int:
    """Bytes of the tensors that the loss of `batch` keeps for its gradient, without the weights."""
    known = {each.untyped_storage().data_ptr() for each in objective.parameters()}
    sizes: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    statistics = running_statistics(objective)
    before, training = [each.clone() for each in statistics], objective.training
    devices = [batch.source.device] if batch.source.device.type == "cuda" else []
    try:
        with (
            torch.random.fork_rng(devices),
            computing_in(precision, batch.source.device),
            torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        ):
            objective.train()
            objective(batch, 0.0)
    finally:
        objective.train(training)
        for statistic, value in zip(statistics, before, strict=True):
            statistic.copy_(value)
    return sum(sizes.values())
