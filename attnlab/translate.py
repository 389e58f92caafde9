"""Text to text: a model with its vocabulary and a search around it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from attnlab.data.batching import like_lengths_together, pad_sources
from attnlab.data.reading.lines import is_blank, normalise
from attnlab.data.vocabulary import VocabularyPair
from attnlab.models.interface import EncoderDecoder
from attnlab.search import Search

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Translation:
    """A source sentence and what the model made of it: texts, and token ids without begin and end.

    `log_probability` is the natural logarithm of p(target | source), and 0 where there was
    nothing to translate.
    """

    source: str
    text: str
    source_tokens: list[int]
    target_tokens: list[int]
    log_probability: float


class Translator:
    """Translates any number of sentences, like lengths together, `batch_tokens` at a time.

    Of a sentence, `max_characters` are read: as many as data.max_characters trains on, since more
    would take minutes and gigabytes.
    """

    def __init__(
        self,
        model: EncoderDecoder[Any],
        vocabulary: VocabularyPair,
        search: Search,
        batch_tokens: int,
        max_characters: int = 1000,
    ) -> None:
        self._model = model
        self._vocabulary = vocabulary
        self._search = search
        self._batch_tokens = batch_tokens
        self._max_characters = max_characters

    def translate(
        self,
        sentences: Sequence[str],
        report: Callable[[int], None] = lambda _: None,
        first: int = 1,
    ) -> list[Translation]:
        """A translation of each sentence, in their order; one without visible text stays empty.

        Sentences over `max_characters` are cut there, with a warning that counts from `first`.

        `report` is told the number of sentences that were translated since it was last called.
        """
        texts = [self._bounded(normalise(text), n) for n, text in enumerate(sentences, first)]
        encoded = self._vocabulary.source.encode_many(texts)
        translations = [Translation(text, "", [], [], 0.0) for text in texts]
        asked = [i for i, ids in enumerate(encoded) if ids and not is_blank(texts[i])]
        device = next(self._model.parameters()).device
        was_training = self._model.training
        self._model.eval()
        lengths = [len(encoded[i]) + 1 for i in asked]
        for group in like_lengths_together(lengths, self._batch_tokens):
            chosen = [asked[place] for place in group]
            source, mask = pad_sources([encoded[i] for i in chosen])
            found = self._search(self._model, source.to(device), mask.to(device))
            for i, hypothesis in zip(chosen, found, strict=True):
                translations[i] = Translation(
                    source=texts[i],
                    text=self._vocabulary.target.decode(hypothesis.tokens),
                    source_tokens=encoded[i],
                    target_tokens=hypothesis.tokens,
                    log_probability=hypothesis.log_probability,
                )
            report(len(chosen))
        self._model.train(was_training)
        return translations

    def _bounded(self, text: str, number: int) -> str:
        most = self._max_characters
        if len(text) <= most:
            return text
        logger.warning(
            "sentence %d has %s characters; its first %s alone are translated: cut it into "
            "sentences",
            number,
            f"{len(text):,}",
            f"{most:,}",
        )
        return text[:most].rstrip()
