"""Validation: loss and metrics on the validation split, and samples for TensorBoard."""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from attnlab.config import ExperimentConfig
from attnlab.data.batching import TrainingBatches
from attnlab.data.pairs import SentencePair
from attnlab.data.vocabulary import VocabularyPair, encode_pairs
from attnlab.evaluation.metrics import bleu_remark, measure, require_tokeniser, tokeniser_remark
from attnlab.evaluation.moses import require_moses
from attnlab.inspection.drawing import Choice, draw_translation
from attnlab.inspection.maps import attention_maps
from attnlab.models.interface import EncoderDecoder, evaluation_mode
from attnlab.run.loaded import build_translator
from attnlab.support.errors import UsageError
from attnlab.trainer.tracking import Tracker
from attnlab.training.distributed import ALONE, ProcessGroup
from attnlab.training.objective import total_cross_entropy
from attnlab.training.schedule import Schedule
from attnlab.training.selection import LOSS, Validation
from attnlab.translate import Translation

logger = logging.getLogger(__name__)


class ValidationInterrupted(BaseException):
    """A validation was interrupted before anything was recorded."""


_TOKENS = 2048
"""At least so many a batch: without gradients, few large batches are faster than many."""


class Validator:
    """Measures `model` on the validation split.

    The processes of `group` share the work and all have its result; the first records samples.
    """

    def __init__(
        self,
        config: ExperimentConfig,
        model: EncoderDecoder[Any],
        vocabulary: VocabularyPair,
        pairs: Sequence[SentencePair],
        tracker: Tracker,
        group: ProcessGroup = ALONE,
    ) -> None:
        self._model, self._vocabulary, self._tracker = model, vocabulary, tracker
        self._group = group
        wanted = [*config.validate_metrics, config.stopping.metric]
        self._metrics = [metric for metric in dict.fromkeys(wanted) if metric != LOSS]
        translated = config.validate_sentences if self._metrics else config.watch_sentences
        self._translated = pairs[:translated]
        self._tokeniser, self._language = config.bleu_tokeniser, config.data.target_language
        if "tokenised" in self._metrics:
            require_moses()
        if "bleu" in self._metrics:
            require_tokeniser(self._tokeniser)
            references = [pair.reference for pair in self._translated]
            for remark in (
                tokeniser_remark(self._tokeniser, self._language),
                bleu_remark(references, self._tokeniser),
            ):
                if remark is not None and group.is_first:
                    logger.warning("validation: %s", remark)
        watched = config.watch_sentences if group.is_first else 0
        self._watched = range(min(watched, len(self._translated)))
        encoded = encode_pairs(vocabulary, ((pair.source, pair.target) for pair in pairs))
        self._search, self._batch_tokens = config.search, max(config.batch_tokens, _TOKENS)
        self._max_characters = config.data.max_characters
        self._batches = TrainingBatches(encoded, self._batch_tokens, config.seed)

    def validate(self, update: int, measuring: AbstractContextManager[None]) -> Validation:
        """Measure within `measuring`; then record scores and samples at `update`."""
        with measuring:
            found, translations = self._measure()
        tracked = {f"valid/{metric}": score for metric, score in found.scores.items()}
        self._tracker.scalars(update, tracked)
        for index in self._watched:
            reference = self._translated[index].target
            self._show(update, index + 1, translations[index], reference)
        return found

    def _measure(self) -> tuple[Validation, list[Translation]]:
        # A new one each time, so that sampling does not depend on where a run was resumed.
        translator = build_translator(
            *(self._model, self._vocabulary, self._search, self._batch_tokens),
            self._max_characters,
        )
        sources = [pair.source for pair in self._translated]
        translate = partial(translator.translate, scored=False)
        translations = self._group.divide(translate, sources)
        references = [pair.reference for pair in self._translated]
        texts = [each.text for each in translations]
        scores = {
            metric: measure(
                *(metric, texts, references), tokeniser=self._tokeniser, language=self._language
            ).score
            for metric in self._metrics
        }
        return Validation({LOSS: self._loss(), **scores}), translations

    def _loss(self) -> float:
        device = next(self._model.parameters()).device
        total, tokens = 0.0, 0.0
        with evaluation_mode(self._model):
            for batch in self._group.shard(self._batches.epoch(0)):
                batch = batch.to(device)
                total += float(total_cross_entropy(self._model, batch))
                tokens += batch.target_tokens
        total, tokens = self._group.sum([total, tokens])
        return total / tokens

    def _show(self, update: int, number: int, translation: Translation, reference: str) -> None:
        rows = (
            ("source", translation.source),
            ("hypothesis", translation.text),
            ("reference", reference),
        )
        table = "".join(f"| {name} | {text.replace('|', '&#124;')} |\n" for name, text in rows)
        self._tracker.text(update, f"valid/sentence_{number}", f"| | |\n|---|---|\n{table}")
        maps = attention_maps(
            self._model,
            self._vocabulary,
            translation.source_tokens,
            translation.target_tokens,
            source=translation.source,
        )
        if maps:
            figure = draw_translation(
                maps,
                [Choice(kind="cross", average=frozenset({"heads"}))],
                heading=f"{translation.source}\n→ {translation.text}",
            )
            self._tracker.figure(update, f"attention/sentence_{number}", figure)


def require_validation(config: ExperimentConfig, schedule: Schedule) -> None:
    """Refuse, for a corpus without a validation split, the settings that need one."""
    settings = {
        f"schedule={config.schedule.name}": schedule.observes,
        f"stopping.patience={config.stopping.patience}": config.stopping.patience is not None,
    }
    for setting, follows in settings.items():
        if follows:
            raise UsageError(
                f"{setting} follows validation, and data={config.data.name} has no validation "
                "split; name its file with data.valid=, or take a share of train with "
                "data.held_out_fraction="
            )
