"""Converted Transformers in CTranslate2 against the same in torch."""

import math
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from attnlab.data.vocabulary import VocabularyPair
from attnlab.engines.ctranslate2_model import convert, require_convertible
from attnlab.models import MODELS, EncoderDecoder, ModelConfig
from attnlab.models.stepping import FunctionalSteps
from attnlab.search import NEVER_CHOSEN, SEARCHES
from attnlab.support.errors import UsageError
from tests.conftest import SMALL, attention_config, shipped_values, small_model
from tests.engines.conftest import sentences

ctranslate2 = pytest.importorskip("ctranslate2")
from attnlab.engines.ctranslate2_search import CTranslate2Model, CTranslate2Search  # noqa: E402

CONVERTIBLE: list[dict[str, Any]] = [
    {},
    {"norm": "post", "activation": "gelu"},
    {"normalisation": "rms", "activation": "swiglu", "encoder_layers": 1},
    {"score": "dot", "positions": "none"},
    {"score": "general", "positions": "learned", "longest": 4},
    {
        "normaliser": "temperature",
        "positions": "rotary",
        "query_size": 6,
        "key_size": 6,
        "value_size": 6,
    },
    {"tie_embeddings": "none"},
]


class Pieces:
    """A vocabulary of so many pieces without texts."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __len__(self) -> int:
        return self.number

    def pieces(self, ids: Any) -> list[str]:
        special = ["<pad>", "<unk>", "<s>", "</s>"]
        return [special[i] if i < 4 else f"piece{i}" for i in ids]


VOCABULARY: Any = VocabularyPair(Pieces(19), Pieces(23))  # type: ignore[arg-type]


def described(
    score: str = "scaled_dot",
    normaliser: str = "softmax",
    positions: str = "sinusoidal",
    name: str = "transformer",
    **changes: Any,
) -> tuple[ModelConfig, Any]:
    of_positions = {key: changes.pop(key) for key in list(changes) if key == "longest"}
    values = shipped_values("model", name) | SMALL[name] | {"tie_embeddings": "target"}
    attention = attention_config(score, normaliser, positions, **of_positions)
    return MODELS.config(name)(**values | changes), attention


def converted(folder: Path, **changes: Any) -> tuple[EncoderDecoder[Any], CTranslate2Model]:
    config, attention = described(**changes)
    require_convertible(config, attention)
    model = small_model("transformer", **{"score": "scaled_dot"} | changes).float()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(1.5)  # so that translations differ
    convert(model, config, attention, VOCABULARY, folder, "float32")
    return model, CTranslate2Model(folder, VOCABULARY, "float32")


@pytest.mark.parametrize("changes", CONVERTIBLE, ids=str)
def test_probabilities_of_tokens_equal_those_in_torch(changes, tmp_path):
    model, other = converted(tmp_path, **changes)
    source, target = torch.randint(4, 19, (1, 7)), torch.randint(4, 23, (1, 6))
    source[0, -1] = 3
    given = torch.cat([torch.tensor([[2]]), target], dim=1)
    with torch.no_grad():
        logits, _ = model.decode(given, model.encode(source, torch.ones_like(source).bool()))
    expected = logits[0].log_softmax(-1).gather(1, torch.tensor([*target[0], 3]).unsqueeze(1))
    (found,) = other.translator.score_batch(
        [Pieces(19).pieces(source[0, :-1].tolist())], [Pieces(23).pieces(target[0].tolist())]
    )
    torch.testing.assert_close(
        torch.tensor(found.log_probs), expected.squeeze(1), atol=1e-4, rtol=0
    )


class AmongWords(FunctionalSteps):
    """CTranslate2's probabilities: those of tokens that may be chosen sum to 1."""

    def decode(self, tokens: torch.Tensor) -> torch.Tensor:
        logits = super().decode(tokens)
        logits[:, NEVER_CHOSEN] = -torch.inf
        return logits


def searched(name: str, **changes: Any) -> Any:
    return SEARCHES.config(name)(**shipped_values("search", name) | changes)


@pytest.mark.parametrize(
    "config",
    [
        searched("greedy"),
        searched("greedy", min_length=3, no_repeat_ngram=1),
        searched("beam", beam_size=3, n_best=2, length_penalty=0.0),
        searched("beam", beam_size=4, length_penalty=1.0),
    ],
    ids=str,
)
def test_searches_find_what_those_of_attnlab_find(config, tmp_path):
    model, other = converted(tmp_path)
    source, mask = sentences()
    for row, length in enumerate(mask.sum(1).tolist()):
        source[row, length - 1] = 3
    source, mask = source[mask.sum(1) > 1], mask[mask.sum(1) > 1]
    model.step_decoder = partial(AmongWords, model)
    expected = SEARCHES.build(config)(model, source, mask)
    found = CTranslate2Search(config)(other, source, mask)
    for one, two in zip(expected, found, strict=True):
        assert [each.tokens for each in one] == [each.tokens for each in two]
        if config.no_repeat_ngram:
            continue  # the probability of what is left sums to 1, too
        for ours, theirs in zip(one, two, strict=True):
            assert math.isclose(ours.log_probability, theirs.log_probability, abs_tol=1e-3)
            assert math.isclose(ours.score, theirs.score, abs_tol=1e-3)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": "bahdanau", "positions": "none"}, "model=bahdanau"),
        ({"score": "additive"}, "score=additive"),
        ({"normaliser": "sparsemax"}, "normaliser=sparsemax"),
        ({"positions": "alibi"}, "positions=alibi"),
        ({"score": "general", "positions": "rotary"}, "score=general"),
        ({"norm": "none"}, "model.norm=none"),
        ({"normalisation": "batch"}, "model.normalisation=batch"),
        ({"key_value_heads": 1}, "model.key_value_heads=1"),
        ({"query_size": 5}, "query_size"),
    ],
)
def test_what_it_does_not_know_is_refused_by_name(changes, named):
    with pytest.raises(UsageError, match=named):
        require_convertible(*described(**changes))


@pytest.mark.parametrize(
    ("name", "changes", "named"),
    [
        ("sampling", {}, "search=sampling"),
        ("beam", {"length_normalisation": "wu"}, "length_normalisation=wu"),
        ("beam", {"coverage_penalty": 0.2}, "coverage_penalty=0.2"),
        ("beam", {"beam_size": 4, "groups": 2}, "groups=2"),
    ],
)
def test_searches_that_it_does_not_have_are_refused_by_name(name, changes, named):
    with pytest.raises(UsageError, match=named):
        CTranslate2Search(searched(name, **changes))
