"""Loss and change of output with uniform or permuted attention weights in place of the model's own.

Jain & Wallace 2019, section 4.2.1, permute the weights of a trained model; Wiegreffe & Pinter 2019,
section 3.2, take uniform ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor

from attnlab.attention.intervention import Intervention, intervene, permuted, uniform
from attnlab.attention.recording import attentions
from attnlab.data.batching import Batch, EncodedPair, collate, group_by_length
from attnlab.inspection.forced import kind_and_layer, record_pairs
from attnlab.models.interface import EncoderDecoder
from attnlab.studies.faithfulness.measures import total_variation
from attnlab.support.console import Advance

_KINDS = ("cross", "encoder", "decoder")
_SEED = 1  # of the first permutation


@dataclass(frozen=True)
class Part:
    """A part of a model's attention: a kind, and one `layer` and `head` of it from 1, or all."""

    kind: str
    layer: int | None
    head: int | None
    names: tuple[str, ...]

    @property
    def label(self) -> str:
        """Name for tables."""
        if self.layer is None:
            return "cross attention" if self.kind == "cross" else f"{self.kind} self-attention"
        return f"cross, layer {self.layer} · head {self.head}"

    @property
    def heads(self) -> tuple[int, ...] | None:
        """Heads as `uniform` and `permuted` take them; None is all."""
        return None if self.head is None else (self.head,)

    def changes(self, intervention: Intervention) -> Mapping[str, Intervention]:
        """The intervention by attention name, as `intervene` takes it."""
        return dict.fromkeys(self.names, intervention)


@dataclass(frozen=True)
class Change:
    """Loss in nats a token, and mean total variation distance from the model's own output."""

    loss: float
    distance: float


@dataclass(frozen=True)
class Replacement:
    """A part of the attention with uniform weights, and the median of several permutations."""

    part: Part
    uniform: Change
    permuted: Change


def parts_of(model: EncoderDecoder[Any], pair: EncodedPair) -> list[Part]:
    """Each cross-attention head, and each kind of attention; `pair` is decoded to count heads."""
    names = {kind_and_layer(name): name for name in attentions(model)}
    (recorded,) = record_pairs(model, [pair])
    single = [
        Part("cross", layer, head, (names[kind, layer],))
        for (kind, layer), weights in recorded.weights.items()
        if kind == "cross"
        for head in range(1, len(weights) + 1)
    ]
    of_kind = {kind: tuple(names[each] for each in names if each[0] == kind) for kind in _KINDS}
    whole = [Part(kind, None, None, those) for kind, those in of_kind.items() if those]
    return (single if len(single) > 1 else []) + whole


@torch.no_grad()
def replace_weights(
    model: EncoderDecoder[Any],
    pairs: Sequence[EncodedPair],
    parts: Sequence[Part],
    *,
    permutations: int,
    batch_tokens: int,
    advance: Advance,
) -> tuple[float, list[Replacement]]:
    """The model's own loss a token on `pairs`, and the changes with other weights in each part.

    `advance` is called with the number of pairs done. Permutations are seeded.
    """
    interventions: list[list[Intervention]] = [
        [
            uniform(part.heads),
            *(
                permuted(torch.Generator().manual_seed(_SEED + number), part.heads)
                for number in range(permutations)
            ),
        ]
        for part in parts
    ]
    # Sums over tokens: of the model's own loss; of loss and distance by part and intervention.
    own_loss, tokens = 0.0, 0
    sums = torch.zeros(len(parts), 1 + permutations, 2, dtype=torch.float64)
    lengths = [max(len(pair.source), len(pair.target)) + 1 for pair in pairs]
    for chosen in group_by_length(lengths, batch_tokens):
        batch = collate([pairs[index] for index in chosen])
        batch = batch.to(next(model.parameters()).device)
        state = model.encode(batch.source, batch.source_mask)
        own = _log_probabilities(model, batch, state)
        own_loss += _loss(batch, own)
        own_probabilities = own.exp().cpu().numpy()
        tokens += batch.target_tokens
        for part, of_part, row in zip(parts, interventions, sums, strict=True):
            for intervention, cell in zip(of_part, row, strict=True):
                with intervene(model, part.changes(intervention)):
                    # The encoder's output changes only with its own attention.
                    changed_state = (
                        model.encode(batch.source, batch.source_mask)
                        if part.kind == "encoder"
                        else state
                    )
                    changed = _log_probabilities(model, batch, changed_state)
                distances = total_variation(changed.exp().cpu().numpy(), own_probabilities)
                losses = [_loss(batch, changed), float(distances.sum(dtype=float))]
                cell += torch.tensor(losses, dtype=torch.float64)
        advance(len(chosen))
    found = []
    for part, of_part in zip(parts, (sums / tokens).tolist(), strict=True):
        evenly, *shuffled = of_part
        shuffled_losses, shuffled_distances = zip(*shuffled, strict=True)
        found.append(
            Replacement(
                part, Change(*evenly), Change(median(shuffled_losses), median(shuffled_distances))
            )
        )
    return own_loss / tokens, found


def _log_probabilities(model: EncoderDecoder[Any], batch: Batch, state: Any) -> Tensor:
    """Of every token of the vocabulary, at every step but padding: (tokens, vocabulary)."""
    logits, _ = model.decode(batch.target_input, state)
    return logits[batch.target_mask].float().log_softmax(-1)


def _loss(batch: Batch, log_probabilities: Tensor) -> float:
    wanted = batch.target_output[batch.target_mask].unsqueeze(-1)
    return -float(log_probabilities.gather(-1, wanted).double().sum())
