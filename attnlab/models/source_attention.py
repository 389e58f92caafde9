"""Attention of a recurrent decoder to the source, with windows and coverage."""

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from attnlab.attention.config import AttentionConfig
from attnlab.attention.pooling import Memory
from attnlab.attention.scores import Score
from attnlab.attention.window import build_window
from attnlab.models.interface import PER_SENTENCE, by_hypothesis, by_sentence, repeated, uncompiled


class Coverage(nn.Module):
    """See et al. 2017, section 2.2, after Tu et al. 2016: scores depend on earlier weights.

    `c^t = Σ_{t' < t} a^{t'}` (equation 10) shifts the projected key j by `w_c c_j^t`. With the
    additive score that is equation 11: `vᵀ tanh(W_h h_j + W_s s_t + w_c c_j^t)`; a is weights, h is
    key, s is query. A product `q · k` becomes `q · k + c_j (q · w_c)`, a distance that to the
    shifted key. w_c starts at zero.
    """

    def __init__(self, score: Score, key_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(score.shift_size(key_size)))

    def forward(self, score: Score, memory: Memory, covered: Float[Tensor, "batch keys"]) -> Memory:
        """`memory` with keys shifted by `covered`, the sum of earlier weights."""
        shift = covered.unsqueeze(-1) * self.weight
        return Memory(score.shift_key(memory.key, shift.to(memory.key.dtype)), memory.value)


@dataclass(kw_only=True)
class SourceAttentionState:
    """The source, and what earlier queries leave.

    `mask`: (batch, 1, keys). `length`: number of earlier queries. `covered`, (batch, keys): the sum
    of their weights; None without coverage. With beams, the batch of memory and mask are the
    sentences.
    """

    memory: Memory = field(metadata=PER_SENTENCE)
    mask: Tensor = field(metadata=PER_SENTENCE)
    length: int
    covered: Tensor | None


class SourceAttention(nn.Module):
    """One attention whose queries, of `query_size` features, come in the order of the target.

    `window`: global, local_m or local_p, of `radius` keys to each side. `coverage`: let scores
    depend on the weights of earlier queries, which are then computed one by one.
    """

    def __init__(
        self,
        attention: AttentionConfig,
        query_size: int,
        key_size: int,
        *,
        window: str = "global",
        radius: int = 10,
        coverage: bool = False,
    ) -> None:
        super().__init__()
        self.pooling = attention.pooling(query_size, key_size)
        self.window = build_window(window, radius, query_size)
        self.coverage = Coverage(self.pooling.score, key_size) if coverage else None

    def prepare(
        self, key: Float[Tensor, "batch keys key_size"], mask: Bool[Tensor, "batch keys"]
    ) -> SourceAttentionState:
        """The state before the first query; keys are the values, too."""
        covered = None
        if self.coverage is not None:
            covered = torch.zeros_like(mask, dtype=self.coverage.weight.dtype)
        memory = self.pooling.prepare(key, key)
        return SourceAttentionState(
            memory=memory, mask=mask.unsqueeze(1), length=0, covered=covered
        )

    def forward(
        self, query: Float[Tensor, "batch queries query_size"], state: SourceAttentionState
    ) -> tuple[Float[Tensor, "batch queries key_size"], SourceAttentionState]:
        """The contexts of the next queries, and the state after them."""
        if self.coverage is not None:
            return self._one_by_one(self.coverage, query, state)
        queries = by_sentence(query, state.mask.size(0))
        context = self.pooling(queries, state.memory, state.mask, self._factors(query, state))
        after = replace(state, length=state.length + query.size(1))
        return by_hypothesis(context, query), after

    @uncompiled  # torch.compile would unroll the queries
    def _one_by_one(
        self, coverage: Coverage, queries: Tensor, state: SourceAttentionState
    ) -> tuple[Tensor, SourceAttentionState]:
        contexts, beams = [], queries.size(0) // state.mask.size(0)
        key, value, mask = state.memory.key, state.memory.value, state.mask
        if beams > 1:  # hypotheses have covered different keys
            key, value, mask = (repeated(each, beams) for each in (key, value, mask))
        for query in queries.unsqueeze(2).unbind(1):  # each (batch, 1, query size)
            assert state.covered is not None
            memory = coverage(self.pooling.score, Memory(key, value), state.covered)
            step = self.pooling.attend(query, memory, mask, self._factors(query, state))
            covered = state.covered + step.weights.squeeze(1)
            state = replace(state, length=state.length + 1, covered=covered)
            contexts.append(step.output)
        return torch.cat(contexts, dim=1), state

    def _factors(self, query: Tensor, state: SourceAttentionState) -> Tensor | None:
        if self.window is None:
            return None
        mask = state.mask
        if query.size(0) != mask.size(0):
            mask = repeated(mask, query.size(0) // mask.size(0))
        factors: Tensor = self.window(query, mask, state.length)
        return factors if self.coverage is not None else by_sentence(factors, state.mask.size(0))
