"""What several tests need: small models of every kind, made from the shipped YAML files."""

import signal
import threading
from collections.abc import Iterator
from itertools import cycle, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import jaxtyping
import pytest
import torch
import yaml
from omegaconf import OmegaConf

from attnlab.attention.config import AttentionConfig
from attnlab.attention.normalisers import NORMALISERS, NormaliserConfig
from attnlab.attention.positions import POSITIONS
from attnlab.attention.scores import SCORES, ScoreConfig
from attnlab.data.vocabulary_config import VocabularyConfig
from attnlab.models import MODELS, EncoderDecoder, VocabularySizes
from attnlab.models.layers import running_statistics
from attnlab.support.folders import shipped_folder
from attnlab.training.objective import ObjectiveConfig
from tests.cases import combinations_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
AXES_CHECKED = ("attention", "inspection", "models", "search")
"""Tests that check the axes of each call; all others would spend half of their time on it."""
torch.set_num_threads(1)  # small models gain nothing from more, and tests run side by side

SMALL: dict[str, dict[str, Any]] = {
    "rnn": {"embedding_size": 11, "hidden_size": 14, "layers": 2},
    "bahdanau": {"embedding_size": 11, "hidden_size": 14, "layers": 2},
    "convolutional": {
        "embedding_size": 11,
        "hidden_size": 14,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_kernel_size": 4,
    },
    "transformer": {
        "size": 12,
        "feedforward_size": 17,
        "heads": 3,
        "encoder_layers": 2,
        "decoder_layers": 2,
    },
}


VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    f"transformer {norm} {normalisation} {activation}": (
        "transformer",
        {"norm": norm, "normalisation": normalisation, "activation": activation},
    )
    for norm, normalisation, activation in (
        ("pre", "rms", "swiglu"),
        ("pre", "batch", "relu"),
        ("post", "layer", "gelu"),
        ("post", "batch", "swiglu"),
        ("none", "layer", "relu"),
    )
} | {"transformer of one layer's weights": ("transformer", {"distinct_layers": 1})}
"""Choices that change what a model does to its words, by a name that `small_model` knows."""


def shipped_values(group: str, name: str) -> dict[str, Any]:
    values = yaml.safe_load((shipped_folder("configs") / group / f"{name}.yaml").read_text())
    values.pop("defaults", None)  # for Hydra
    return values


def score_config(name: str, **changes: Any) -> ScoreConfig:
    return SCORES.config(name)(**shipped_values("score", name) | changes)


def normaliser_config(name: str, **changes: Any) -> NormaliserConfig:
    return NORMALISERS.config(name)(**shipped_values("normaliser", name) | changes)


OWN_POSITIONS = {"convolutional": "sinusoidal", "transformer": "sinusoidal"}
"""What the models' YAML files choose; the others know order by themselves."""


def attention_config(
    score: str = "additive",
    normaliser: str = "softmax",
    positions: str = "none",
    **changes: Any,
) -> AttentionConfig:
    """Of the shipped values, with `changes` to those of positions."""
    return AttentionConfig(
        score=score_config(score),
        normaliser=normaliser_config(normaliser),
        positions=POSITIONS.config(positions)(**shipped_values("positions", positions) | changes),
    )


def small_model(
    name: str,
    score: str = "additive",
    vocabulary: VocabularySizes | None = None,
    *,
    normaliser: str = "softmax",
    positions: str | None = None,
    **changes: Any,
) -> EncoderDecoder[Any]:
    """A small float64 model in evaluation mode, with the seed of the moment.

    `changes` are to the settings of the model, or of positions where it has none of that name.
    What batch norms would have gathered in training is left to chance, too.
    """
    name, variant = VARIANTS.get(name, (name, {}))
    changes = variant | changes
    values = shipped_values("model", name) | SMALL[name] | {"tie_embeddings": "target"} | changes
    vocabulary = vocabulary or VocabularySizes(source=19, target=23, shared=False)
    told = positions or OWN_POSITIONS.get(name, "none")
    of_positions = {
        key: values.pop(key) for key in changes if key in shipped_values("positions", told)
    }
    config = MODELS.config(name)(**values)
    attention = attention_config(score, normaliser, told, **of_positions)
    model = MODELS.build(config, attention, vocabulary).double().eval()
    for statistic in running_statistics(model):
        statistic.uniform_(0.5, 1.5)
    return model


every_model_and_score = combinations_of(
    {"name": [*MODELS, *VARIANTS], "score": list(SCORES)},
    {*product(MODELS, SCORES), *zip(VARIANTS, cycle(SCORES), strict=False)},
)
"""Each family with each score; each variant, whose blocks do not depend on it, with one in turn."""


def objective_config(**changes: Any) -> ObjectiveConfig:
    """The shipped objective with `changes`, by name; a group's are changed one by one."""
    values = yaml.safe_load((shipped_folder("configs") / "train.yaml").read_text())["objective"]
    node = OmegaConf.merge(OmegaConf.structured(ObjectiveConfig), values, changes)
    config: ObjectiveConfig = OmegaConf.to_object(node)
    return config


def vocabulary_config(name: str = "joint", **changes: Any) -> VocabularyConfig:
    """The shipped vocabulary's config with `changes`, likewise."""
    values = shipped_values("vocabulary", name)
    node = OmegaConf.merge(OmegaConf.structured(VocabularyConfig), values, changes)
    config: VocabularyConfig = OmegaConf.to_object(node)
    return config


def shared_data(name: str) -> Path:
    folder = SHARED_DATA / name
    if not folder.is_dir():
        pytest.skip(f"the corpus ../shared/data/{name} is not here")
    return folder


hypothesis.settings.register_profile(  # a machine that is busy with other things fails no test
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")


def pytest_configure() -> None:
    """Ctrl-C is heard: a run in the background ignores it, and so would each process it starts."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Axes are checked where they are the subject, in fixtures of wider scope too."""
    room = item.path.relative_to(Path(__file__).parent).parts[0]
    jaxtyping.config.update("jaxtyping_disable", room not in AXES_CHECKED)
    return (yield)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(1)


@pytest.fixture(autouse=True)
def _empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test finds what its reader has downloaded."""
    monkeypatch.setenv("ATTNLAB_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """One browser for all tests of a module."""
    from tests.browser import running_browser

    with running_browser() as running:
        yield running
