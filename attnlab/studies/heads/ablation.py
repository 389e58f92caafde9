"""Ablation of single heads: BLEU and loss of the model without each (Michel et al. 2019, 3.1).

A removed head has zero weights, in forced decoding and in search. The only head of an attention is
that attention as a whole.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attnlab.attention.intervention import intervene, silence
from attnlab.config import InferenceConfig
from attnlab.data.pairs import SentencePair
from attnlab.data.vocabulary import encode_pairs
from attnlab.evaluate.atlas import Head
from attnlab.evaluation.metrics import Measured, measure, require_tokeniser
from attnlab.evaluation.significance import Compared, compare
from attnlab.inspection.forced import log_likelihoods
from attnlab.run.loaded import LoadedRun, build_translator
from attnlab.support.console import counting
from attnlab.support.interruption import deferred_signals
from attnlab.trainer.progress import clock

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AblatedHead:
    """The model without `head`: its BLEU, compared with that of the whole model, and its loss."""

    head: Head
    bleu: Compared
    loss: float


@dataclass(frozen=True)
class Ablation:
    """The whole model's BLEU and loss (nats per target token), and those without each head.

    `signal_number`: the signal that ended the ablation before all heads were measured, if any.
    """

    sentences: int
    bleu: Measured
    loss: float
    heads: list[AblatedHead]
    signal_number: int | None


def ablate_heads(
    trained: LoadedRun,
    config: InferenceConfig,
    pairs: Sequence[SentencePair],
    heads: Sequence[Head],
) -> Ablation:
    """Translate `pairs` and compute the loss with the whole model, then without each of `heads`.

    A signal ends it after the current head.
    """
    tokeniser = trained.run.config.bleu_tokeniser
    require_tokeniser(tokeniser)
    work = (len(heads) + 1) * len(pairs)
    with (
        deferred_signals() as request,
        counting("without one head each", work) as advance,
    ):
        started = time.monotonic()
        whole, loss = _translate_and_read(trained, config, pairs, advance)
        taken = time.monotonic() - started
        logger.info(
            "translating %s sentences took %s; without each of %d heads it will take about %s",
            f"{len(pairs):,}",
            clock(taken),
            len(heads),
            clock(taken * len(heads)),
        )
        texts: dict[str, list[str]] = {}
        losses: dict[str, float] = {}
        for head in heads:
            with intervene(trained.model, {head.attention: silence([head.head])}):
                found = _translate_and_read(trained, config, pairs, advance)
            texts[head.name], losses[head.name] = found
            if request.signal_number is not None:
                break
    references = [pair.reference for pair in pairs]
    compared = compare("bleu", whole, texts, references, tokeniser)
    return Ablation(
        sentences=len(pairs),
        bleu=measure("bleu", whole, references, tokeniser=tokeniser),
        loss=loss,
        heads=[
            AblatedHead(head, compared[head.name], losses[head.name])
            for head in heads
            if head.name in compared
        ],
        signal_number=request.signal_number,
    )


def _translate_and_read(
    trained: LoadedRun,
    config: InferenceConfig,
    pairs: Sequence[SentencePair],
    advance: Callable[[int], None],
) -> tuple[list[str], float]:
    """Translations by the model in its present state, and its loss on the references."""
    # A new search each time, so that sampling starts from the same seed.
    translator = build_translator(
        *(trained.model, trained.vocabulary, config.search, config.batch_tokens),
        trained.run.config.data.max_characters,
    )
    translations = translator.translate([pair.source for pair in pairs], advance)
    return [each.text for each in translations], mean_loss(trained, config, pairs)


def mean_loss(trained: LoadedRun, config: InferenceConfig, pairs: Sequence[SentencePair]) -> float:
    """Cross-entropy on the references in nats per target token, ends included."""
    texts = [(pair.source, pair.target) for pair in pairs]
    tokens = sum(len(each.target) + 1 for each in encode_pairs(trained.vocabulary, texts))
    found = log_likelihoods(trained.model, trained.vocabulary, texts, config.batch_tokens)
    return -sum(found) / tokens
