"""The interface of searches: n-best lists of translations, by their probability under a model.

A search decodes one token at a time by the model's `StepDecoder`, and lets finished sentences
leave the batch. A sentence's translation does not depend on the other sentences of its batch,
unless the search has `depends_on_batches`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.models.interface import Source, SourceMask, evaluation_mode
from attnlab.models.stepping import Searchable
from attnlab.search.constraints import Constraints
from attnlab.support.errors import AttnlabError
from attnlab.support.ranges import Count, CountOrZero, Range
from attnlab.support.registry import Registry

SEARCHES: Registry["Search"] = Registry("search")

Lengths = Int[Tensor, " batch"]
Tokens = Int[Tensor, " rows"]
Logits = Float[Tensor, "rows vocabulary"]
Prefixes = Sequence[Sequence[int]]


@dataclass(kw_only=True)
class SearchConfig:
    """Lengths of translations, in tokens with the end's, and what they may not repeat.

    At most `max_length_factor` · source tokens + `max_length_extra` tokens; at least `min_length`
    before the end. `no_repeat_ngram`: no sequence of so many tokens comes twice; null is no limit.
    """

    name: str
    max_length_factor: Annotated[float, Range(minimum=0, maximum=1000)]
    max_length_extra: Annotated[int, Range(minimum=1, maximum=100_000)]
    min_length: CountOrZero = 0
    no_repeat_ngram: Count | None = None


@dataclass(frozen=True)
class Hypothesis:
    """A translation's token ids, without begin and end, and its log p(target | source) in nats.

    `score`: what the search ranks by: log p with its penalties. Both are NaN where a search that
    needs no probabilities was not to score.
    """

    tokens: list[int]
    log_probability: float
    score: float


@dataclass(frozen=True)
class Task:
    """A batch to translate: `source_mask` False at padding, `longest` in tokens, `constraints`.

    `scored`: whether log p is wanted even where the search does without.
    """

    model: Searchable
    source: Source
    source_mask: SourceMask
    longest: Lengths
    constraints: Constraints
    scored: bool


class Search(ABC):
    """A way to choose translations by their probability under a model.

    `depends_on_batches`: whether a translation depends on the other sentences of its batch.
    """

    depends_on_batches: ClassVar[bool] = False

    def __init__(self, config: SearchConfig) -> None:
        self._config = config

    def __call__(
        self,
        model: Searchable,
        source: Source,
        source_mask: SourceMask,
        prefixes: Prefixes | None = None,
        *,
        scored: bool = True,
    ) -> list[list[Hypothesis]]:
        """Translate a batch, in evaluation mode: the n-best list of each sentence, best first.

        `prefixes`: tokens that the translation of each sentence begins with. Without `scored`,
        greedy search, and sampling of one translation, leave log p out: a sixth of greedy's time.
        """
        config = self._config
        longest = (source_mask.sum(1) * config.max_length_factor).long() + config.max_length_extra
        if prefixes is not None:
            longest = longest.maximum(longest.new_tensor([len(each) + 1 for each in prefixes]))
        constraints = Constraints(config.min_length, config.no_repeat_ngram, prefixes)
        with _searching(model), torch.inference_mode():
            return self._search(Task(model, source, source_mask, longest, constraints, scored))

    @abstractmethod
    def _search(self, task: Task) -> list[list[Hypothesis]]: ...


def _searching(model: Searchable) -> AbstractContextManager[None]:
    """Evaluation mode, or what an engine needs in the block instead."""
    if isinstance(model, nn.Module):
        return evaluation_mode(model)
    searching: Callable[[], AbstractContextManager[None]] = getattr(model, "searching", nullcontext)
    return searching()


def not_finite() -> AttnlabError:
    """The error for a model whose probabilities are NaN."""
    return AttnlabError(
        "the model's probabilities are no finite numbers: its weights are too large, since the "
        "training diverged; use another checkpoint=, or a lower optimiser.learning_rate="
    )


_CHUNK = 32
_FEW = 2**16  # logits, for which one topk costs less than several operations


def top_tokens(
    logits: Logits, count: int
) -> tuple[Float[Tensor, "rows count"], Int[Tensor, "rows count"]]:
    """The `count` greatest logits of each row and their tokens, as `topk`, in a tenth of its time.

    The greatest are in the chunks with the greatest maxima, so that most logits are only compared.
    """
    rows, vocabulary = logits.shape
    chunks = vocabulary // _CHUNK
    if logits.numel() < _FEW or chunks < 4 * count:
        if count == 1:
            return logits.max(dim=-1, keepdim=True)
        values, tokens = logits.topk(count, dim=-1)
        return values, tokens
    whole = logits[:, : chunks * _CHUNK].view(rows, chunks, _CHUNK)
    first = whole.amax(-1).topk(count, dim=-1).indices
    best = whole.gather(1, first.unsqueeze(-1).expand(-1, -1, _CHUNK)).flatten(1)
    offsets = torch.arange(_CHUNK, device=logits.device)
    tokens = (first.unsqueeze(-1) * _CHUNK + offsets).flatten(1)
    if vocabulary % _CHUNK:
        best = torch.cat([best, logits[:, chunks * _CHUNK :]], dim=-1)
        last = torch.arange(chunks * _CHUNK, vocabulary, device=logits.device)
        tokens = torch.cat([tokens, last.expand(rows, -1)], dim=-1)
    values, indices = best.topk(count, dim=-1)
    return values, tokens.gather(1, indices)


def remaining(finished: Bool[Tensor, " sentences"]) -> Int[Tensor, " remaining"] | None:
    """The unfinished sentences, if any is finished; None: none is, so that nothing changes."""
    return (~finished).nonzero().squeeze(1) if bool(finished.any()) else None
