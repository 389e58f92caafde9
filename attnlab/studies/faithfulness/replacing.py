"""What a model loses when heads look elsewhere: uniform or permuted weights in place of their own.

Jain & Wallace 2019, section 4.2.1, permute the weights of a trained model; Wiegreffe & Pinter 2019,
section 3.2, take uniform ones. The model reads finished sentence pairs; knows ids.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor

from attnlab.attention.intervention import Intervention, intervene, permuted, uniform
from attnlab.attention.recording import attentions
from attnlab.data.batching import Batch, EncodedPair, collate, like_lengths_together
from attnlab.inspection.forced import kind_and_layer, record_pairs
from attnlab.models.interface import EncoderDecoder
from attnlab.studies.faithfulness.measures import total_variation
from attnlab.support.console import Advance

_ORDER = ("cross", "encoder", "decoder")
_SEED = 1  # of the first permutation


@dataclass(frozen=True)
class Part:
    """Some attention of a model: a kind, and one `layer` and `head` of it from 1, or all (None)."""

    kind: str
    layer: int | None
    head: int | None
    names: tuple[str, ...]

    @property
    def label(self) -> str:
        """As tables name it."""
        if self.layer is None:
            return "cross attention" if self.kind == "cross" else f"{self.kind} self-attention"
        return f"cross, layer {self.layer} · head {self.head}"

    def changed_by(self, intervention: Intervention) -> Mapping[str, Intervention]:
        """What `intervene` takes, for the intervention on these heads."""
        return dict.fromkeys(self.names, intervention)

    @property
    def heads(self) -> tuple[int, ...] | None:
        """What an intervention takes."""
        return None if self.head is None else (self.head,)


@dataclass(frozen=True)
class Change:
    """What other weights did: loss a token in nats, and the mean total variation distance.

    The distance is between the next-token distributions with these weights and with the model's
    own, a mean over all steps.
    """

    loss: float
    distance: float


@dataclass(frozen=True)
class Replaced:
    """A part of the attention, with uniform weights and with permuted ones.

    `permuted` is the median of several seeded permutations, of the loss and of the distance.
    """

    part: Part
    uniform: Change
    permuted: Change


def parts_of(model: EncoderDecoder[Any], pair: EncodedPair) -> list[Part]:
    """Each cross-attention head, and each kind of attention as a whole; `pair` is for a trial."""
    names = {kind_and_layer(name): name for name in attentions(model)}
    (recorded,) = record_pairs(model, [pair])
    single = [
        Part("cross", layer, head, (names[kind, layer],))
        for (kind, layer), weights in recorded.weights.items()
        if kind == "cross"
        for head in range(1, len(weights) + 1)
    ]
    of_kind = {kind: tuple(names[each] for each in names if each[0] == kind) for kind in _ORDER}
    whole = [Part(kind, None, None, those) for kind, those in of_kind.items() if those]
    return (single if len(single) > 1 else []) + whole


class _Sums:
    """Of losses and distances over all steps."""

    def __init__(self) -> None:
        self.loss = self.distance = 0.0

    def per_token(self, tokens: int) -> Change:
        return Change(self.loss / tokens, self.distance / tokens)


@torch.no_grad()
def replace_weights(
    model: EncoderDecoder[Any],
    pairs: Sequence[EncodedPair],
    parts: Sequence[Part],
    *,
    permutations: int,
    batch_tokens: int,
    advance: Advance,
) -> tuple[float, list[Replaced]]:
    """The model's own loss a token on `pairs`, and what became of it with other weights.

    `advance` is told of each few pairs that are done. Permutations are the same for the same pairs.
    """
    ways: list[list[Intervention]] = [
        [
            uniform(part.heads),
            *(
                permuted(torch.Generator().manual_seed(_SEED + number), part.heads)
                for number in range(permutations)
            ),
        ]
        for part in parts
    ]
    own, sums = _Sums(), [[_Sums() for _ in each] for each in ways]
    tokens = 0
    lengths = [max(len(pair.source), len(pair.target)) + 1 for pair in pairs]
    for chosen in like_lengths_together(lengths, batch_tokens):
        batch = collate([pairs[index] for index in chosen])
        batch = batch.to(next(model.parameters()).device)
        state = model.encode(batch.source, batch.source_mask)
        real = _log_probabilities(model, batch, state)
        tokens += batch.target_tokens
        _add(own, batch, real, real)
        for part, interventions, of_part in zip(parts, ways, sums, strict=True):
            for intervention, so_far in zip(interventions, of_part, strict=True):
                with intervene(model, part.changed_by(intervention)):
                    # What the encoder found stays as it is unless its own attention changes.
                    read = (
                        model.encode(batch.source, batch.source_mask)
                        if part.kind == "encoder"
                        else state
                    )
                    _add(so_far, batch, _log_probabilities(model, batch, read), real)
        advance(len(chosen))
    found = []
    for part, of_part in zip(parts, sums, strict=True):
        evenly, *shuffled = (each.per_token(tokens) for each in of_part)
        usual = Change(
            median(each.loss for each in shuffled), median(each.distance for each in shuffled)
        )
        found.append(Replaced(part, evenly, usual))
    return own.per_token(tokens).loss, found


def _log_probabilities(model: EncoderDecoder[Any], batch: Batch, state: Any) -> Tensor:
    """Of every token of the vocabulary at every step that is there: (tokens, vocabulary)."""
    logits, _ = model.decode(batch.target_input, state)
    return logits[batch.target_mask].float().log_softmax(-1)


def _add(sums: _Sums, batch: Batch, changed: Tensor, real: Tensor) -> None:
    wanted = batch.target_output[batch.target_mask].unsqueeze(-1)
    sums.loss -= float(changed.gather(-1, wanted).double().sum())
    if changed is not real:
        distances = total_variation(changed.exp().cpu().numpy(), real.exp().cpu().numpy())
        sums.distance += float(distances.sum(dtype=float))
