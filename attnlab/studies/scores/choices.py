"""Every scoring function and every normaliser that there is, as their YAML files have them."""

from collections.abc import Iterator

from attnlab import launch
from attnlab.attention.normalisers import NORMALISERS, NormaliserConfig
from attnlab.attention.scores import SCORES, ScoreConfig
from attnlab.config import ExperimentConfig
from attnlab.support.schema import from_node


def shipped_scores() -> Iterator[ScoreConfig]:
    """In the order of the registry, those of plug-ins behind."""
    for name in SCORES:
        yield _composed(f"score={name}").score


def shipped_normalisers() -> Iterator[NormaliserConfig]:
    """Likewise."""
    for name in NORMALISERS:
        yield _composed(f"normaliser={name}").normaliser


def _composed(choice: str) -> ExperimentConfig:
    return from_node(ExperimentConfig, launch.compose(launch.TRAIN, [choice]))
