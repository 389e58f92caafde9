"""Small models of chance weights, as torch has them and as a page has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from attnlab.data.reading.lines import normalise, read_raw_lines
from attnlab.data.tokens import END
from attnlab.data.vocabulary import VocabularyPair
from attnlab.models import EncoderDecoder, VocabularySizes
from attnlab.search import SEARCHES, Hypothesis
from attnlab.studies.web.graphs import by_name
from attnlab.studies.web.model import WebModel, packed
from attnlab.studies.web.page import ShownModel
from attnlab.support.folders import shipped_folder
from tests.conftest import shipped_values, small_model

LENGTHS = {"max_length_factor": 1.0, "max_length_extra": 5}
"""Short translations, since most of chance weights never end."""

LAYERS = {
    "rnn": {"layers": 1},
    "bahdanau": {"layers": 1},
    "convolutional": {"encoder_layers": 1, "decoder_layers": 1},
    "transformer": {"encoder_layers": 1, "decoder_layers": 1},
}


def corpus(count: int) -> list[str]:
    """The first sentences of the built-in corpus, English and French."""
    lines = read_raw_lines(shipped_folder("data") / "train.tsv")
    return list(islice((normalise(text) for line in lines for text in line.split("\t")[:2]), count))


@dataclass(frozen=True)
class Made:
    """A model, its vocabulary, and its export for a page."""

    name: str
    vocabulary: VocabularyPair
    model: EncoderDecoder[Any]
    web: WebModel

    @property
    def shown(self) -> ShownModel:
        facts = [("model", self.name)]
        return ShownModel(
            name=self.name, facts=facts, graphs=self.web.json, weights=self.web.weights
        )

    def search(self, text: str, prefix: Sequence[int] = (), **changes: Any) -> list[Hypothesis]:
        """What torch finds with it, best first; `changes` are to the shipped beam."""
        values = shipped_values("search", changes.get("name", "beam")) | LENGTHS | changes
        search = SEARCHES.build(SEARCHES.config(values["name"])(**values))
        source = torch.tensor([[*self.vocabulary.source.encode(normalise(text)), END]])
        forced = [list(prefix)] if prefix else None
        (found,) = search(self.model, source, torch.ones_like(source, dtype=torch.bool), forced)
        return found

    def translate(self, text: str, **changes: Any) -> str:
        """The text of the best."""
        return self.vocabulary.target.decode(self.search(text, **changes)[0].tokens)


def chance_model(
    vocabulary: VocabularyPair, name: str, score: str, *, scale: float = 1, **changes: Any
) -> EncoderDecoder[Any]:
    """A model with the seed of the moment, in float32; `changes` as in `small_model`.

    With a `scale` of 1.5 sentences have different translations; logits behind batch norms then
    become so large that float32 itself has no four digits of them.
    """
    sizes = VocabularySizes(
        source=len(vocabulary.source), target=len(vocabulary.target), shared=vocabulary.shared
    )
    model = small_model(name, score, sizes, **LAYERS[name] | changes).float()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(scale)
    return model


def exported(model: EncoderDecoder[Any], vocabulary: VocabularyPair) -> WebModel:
    """Its export, which takes seconds."""
    search = {"search": "beam"} | by_name(LENGTHS)
    return packed(model, vocabulary, {"maxCharacters": 1000, "search": search})
