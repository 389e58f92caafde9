"""What is too dear to be measured at each update, measured every so many: inside the model.

Watching changes nothing: no random number is drawn, no weight and no gradient touched.
"""

from collections.abc import Sequence
from typing import Any

from attnlab.attention.recording import attends
from attnlab.data.batching import EncodedPair, collate
from attnlab.data.token_cache import TokenisedCorpus
from attnlab.data.vocabulary import encode_pairs
from attnlab.evaluation.entropy import head_entropies
from attnlab.inspection.forced import record_batch, visible_keys
from attnlab.models import EncoderDecoder
from attnlab.training.ratios import Weights, update_ratios, weights_now

_SENTENCES = 16


def watched_pairs(corpus: TokenisedCorpus) -> list[EncodedPair]:
    """The few pairs whose attention is measured: the first of valid or, without it, of train."""
    if corpus.valid:
        texts = [(pair.source, pair.target) for pair in corpus.valid[:_SENTENCES]]
        return encode_pairs(corpus.vocabulary, texts)
    source, target = corpus.train.source, corpus.train.target
    places = range(min(_SENTENCES, len(corpus.train)))
    return [EncodedPair(source[place], target[place]) for place in places]


class Monitor:
    """Measures the updates whose number is a multiple of `every`; none of them where it is None.

    Of each part of the model its update's ratio, and of each head its entropy on `pairs`.
    """

    def __init__(
        self, model: EncoderDecoder[Any], pairs: Sequence[EncodedPair], every: int | None
    ) -> None:
        self._model, self._every = model, every
        self._batch = collate(pairs) if pairs and attends(model) else None
        self._before: Weights | None = None

    def before(self, update: int) -> None:
        """To be called before the update of that number, on the weights that it will change."""
        if self._every is not None and update % self._every == 0:
            self._before = weights_now(self._model)

    def after(self, update: int) -> dict[str, float]:
        """What there is to tell of the update of that number, just made, by name; often nothing."""
        if self._before is None or self._every is None or update % self._every != 0:
            return {}
        found = {
            f"update_ratio/{part}": ratio
            for part, ratio in update_ratios(self._model, self._before).items()
        }
        self._before = None
        return found | self._entropies()

    def _entropies(self) -> dict[str, float]:
        """Of each head of each attention, while the model reads the sentences as a whole."""
        found: dict[str, float] = {}
        if self._batch is None:
            return found
        for name, weights in record_batch(self._model, self._batch).items():
            visible = visible_keys(name, self._batch).numpy()
            heads = head_entropies(weights.float().cpu().numpy(), visible)
            for number, entropy in enumerate(heads, start=1):
                head = f"{name}.head{number}" if len(heads) > 1 else name
                found[f"attention_entropy/{head}"] = entropy.normalised
                found[f"attention_entropy_nats/{head}"] = entropy.nats
        return found
