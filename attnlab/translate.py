"""Translation of texts by a model, its vocabulary and a search."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from attnlab.data.batching import group_by_length, pad_sources
from attnlab.data.reading.lines import is_blank, normalise
from attnlab.data.tokens import UNKNOWN
from attnlab.data.vocabulary import VocabularyPair
from attnlab.models.stepping import Searchable
from attnlab.search import Hypothesis, Search
from attnlab.support.errors import UsageError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Translation:
    """A source sentence and its translation: texts, and token ids without begin and end.

    `log_probability`: log p(target | source) in nats; 0 for a blank source. `hypotheses`: the
    search's n-best list, whose first one this is; empty for a blank source.
    """

    source: str
    text: str
    source_tokens: list[int]
    target_tokens: list[int]
    log_probability: float
    hypotheses: list[Hypothesis] = field(default_factory=list)


class Translator:
    """Translates texts in batches of like lengths, of at most `batch_tokens` source tokens.

    A longer sentence is cut to `max_characters` (data.max_characters of the training), since it
    would take minutes and gigabytes.
    """

    def __init__(
        self,
        model: Searchable,
        vocabulary: VocabularyPair,
        search: Search,
        batch_tokens: int,
        max_characters: int = 1000,
    ) -> None:
        self._model = model
        self._vocabulary = vocabulary
        self._search = search
        self._batch_tokens = batch_tokens
        self.max_characters = max_characters

    def translate(
        self,
        sentences: Sequence[str],
        report: Callable[[int], None] = lambda _: None,
        first: int = 1,
        *,
        scored: bool = True,
        prefix: str = "",
    ) -> list[Translation]:
        """Translate each of `sentences`; the translation of a blank one is empty.

        `report` is called with the number of newly translated sentences. The warning of a cut
        sentence counts from `first`. Without `scored`, log p may be NaN (see `Search`). Each
        translation begins with the text `prefix`.

        Raises:
            UsageError: the vocabulary lacks a character of `prefix`.
        """
        begun = self._prefix(prefix)
        texts = [self._cut(normalise(text), n) for n, text in enumerate(sentences, first)]
        encoded = self._vocabulary.source.encode_many(texts)
        translations = [Translation(text, "", [], [], 0.0) for text in texts]
        filled = [i for i, ids in enumerate(encoded) if ids and not is_blank(texts[i])]
        device = self._model.device
        lengths = [len(encoded[i]) + 1 for i in filled]
        for group in group_by_length(lengths, self._batch_tokens):
            chosen = [filled[index] for index in group]
            source, mask = pad_sources([encoded[i] for i in chosen])
            prefixes = [begun] * len(chosen) if begun else None
            hypotheses = self._search(
                self._model, source.to(device), mask.to(device), prefixes, scored=scored
            )
            for i, n_best in zip(chosen, hypotheses, strict=True):
                hypothesis = n_best[0]
                translations[i] = Translation(
                    source=texts[i],
                    text=self._vocabulary.target.decode(hypothesis.tokens),
                    source_tokens=encoded[i],
                    target_tokens=hypothesis.tokens,
                    log_probability=hypothesis.log_probability,
                    hypotheses=n_best,
                )
            report(len(chosen))
        return translations

    def _prefix(self, text: str) -> list[int]:
        """The tokens of a text that translations are to begin with; its last word may go on."""
        tokens = self._vocabulary.target.encode(normalise(text))
        if UNKNOWN in tokens:
            raise UsageError(
                f"prefix {text!r}: the target vocabulary lacks a character of it; the pieces that "
                f"it has are: {' '.join(self._vocabulary.target.pieces(tokens))}"
            )
        return tokens

    def _cut(self, text: str, number: int) -> str:
        most = self.max_characters
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
