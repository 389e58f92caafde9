"""What does each head cost, if it is taken away? One at a time (Michel et al. 2019, section 3.1).

A head is silenced: it looks at nothing, so that it adds nothing, in reading references and in
search alike. The only head of an attention is that attention as a whole.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attnlab.attention.intervention import intervene, silence
from attnlab.config import InferenceConfig
from attnlab.data.encoding import encode_pairs
from attnlab.data.pairs import SentencePair
from attnlab.evaluation.languages import require_tokeniser
from attnlab.evaluation.metrics import Measured, measure
from attnlab.evaluation.significance import Compared, compare_bleu
from attnlab.inspection.likelihood import log_likelihoods
from attnlab.run.loaded import LoadedRun, build_translator
from attnlab.studies.heads.atlas import Head
from attnlab.support.console import counting
from attnlab.trainer.interruption import deferred_signals
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
    """The whole model's BLEU and loss (nats a target token), and those without each head.

    `signal_number`: that of the signal which asked for an end before all were measured, if one did.
    """

    sentences: int
    bleu: Measured
    loss: float
    heads: list[AblatedHead]
    signal_number: int | None


def ablate(
    trained: LoadedRun,
    config: InferenceConfig,
    pairs: Sequence[SentencePair],
    heads: Sequence[Head],
) -> Ablation:
    """Translate and read `pairs` with the whole model, and then without each of `heads`.

    Who asks for an end gets it after the head of the moment.
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
    compared = compare_bleu(whole, texts, references, tokeniser)
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
    """The model's own translations, and its loss on the references, as it is at the moment."""
    # A new search each time: sampling begins alike.
    translator = build_translator(
        *(trained.model, trained.vocabulary, config.search, config.batch_tokens),
        trained.run.config.data.max_characters,
    )
    translations = translator.translate([pair.source for pair in pairs], advance)
    return [each.text for each in translations], mean_loss(trained, config, pairs)


def mean_loss(trained: LoadedRun, config: InferenceConfig, pairs: Sequence[SentencePair]) -> float:
    """The cross-entropy on the references in nats a target token, ends included."""
    texts = [(pair.source, pair.target) for pair in pairs]
    tokens = sum(len(each.target) + 1 for each in encode_pairs(trained.vocabulary, texts))
    found = log_likelihoods(trained.model, trained.vocabulary, texts, config.batch_tokens)
    return -sum(found) / tokens
