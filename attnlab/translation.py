"""Text to text: a model with its vocabulary and a search around it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from attnlab.models.interface import EncoderDecoder
from attnlab.search import Search
from attnlab.text.lines import normalise
from attnlab.text.vocabulary import VocabularyPair
from attnlab.tokenised.batching import like_lengths_together, pad_sources


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
    """Translates any number of sentences, like lengths together, `batch_tokens` at a time."""

    def __init__(
        self,
        model: EncoderDecoder[Any],
        vocabulary: VocabularyPair,
        search: Search,
        batch_tokens: int,
    ) -> None:
        self._model = model
        self._vocabulary = vocabulary
        self._search = search
        self._batch_tokens = batch_tokens

    def translate(
        self,
        sentences: Sequence[str],
        report: Callable[[int], None] = lambda _: None,
    ) -> list[Translation]:
        """A translation of each sentence, in their order; an empty one stays empty.

        `report` is told the number of sentences that were translated since it was last called.
        """
        texts = [normalise(sentence) for sentence in sentences]
        encoded = self._vocabulary.source.encode_many(texts)
        translations = [Translation(text, "", [], [], 0.0) for text in texts]
        asked = [i for i, ids in enumerate(encoded) if ids]
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
