"""Changes of settings with which a run is resumed."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from omegaconf import DictConfig, OmegaConf

from attnlab.config import ExperimentConfig, with_absolute_paths
from attnlab.support.errors import UsageError
from attnlab.support.schema import flatten, from_node

RESUMABLE = (
    *("max_updates", "max_epochs", "max_time", "default_epochs", "stopping"),
    *("validate_every", "validate_sentences", "validate_metrics", "search"),
    *("watch_sentences", "watch_every", "log_every", "profile", "profiling"),
    *("checkpoint_every", "keep_checkpoints", "on_non_finite", "accumulate"),
    *("optimiser", "schedule", "objective", "averaging"),
    *("precision", "compile", "device", "distributed", "claim"),
    *("data.root", "data.train", "data.valid", "data.test", "data.more_splits"),
)
"""The settings and groups that `attnlab train --resume` may change, except any group's `name`."""

FIXED = {
    "data": "it decides what is trained on",
    "seed": "it decides what is held out, and the order of batches",
    "vocabulary": "the vocabulary was learnt with it",
    **dict.fromkeys(("model", "score", "normaliser", "positions"), "the weights depend on it"),
    **dict.fromkeys(("batch_tokens", "batch_sentences"), "the batches of an epoch depend on it"),
    **dict.fromkeys(("optimiser", "schedule"), "what it has gathered so far would be lost"),
    **dict.fromkeys(("init_from", "init"), "it says what a new run begins with"),
    "stopping": "the best checkpoint was chosen by it",
    **dict.fromkeys(("name", "runs_root"), "it says where a new run goes; move the folder instead"),
}
"""Why other settings cannot change, by their group."""


def is_resumable(setting: str) -> bool:
    """Whether a resumed run may have another value of the setting with this full name."""
    if setting == "stopping.metric" or setting.endswith(".name"):
        return False
    return any(setting == each or setting.startswith(f"{each}.") for each in RESUMABLE)


def changed_config(config: ExperimentConfig, overrides: Sequence[str]) -> ExperimentConfig:
    """The config of a run with `overrides` such as max_epochs=40.

    Raises:
        UsageError: an unknown setting, a value out of range, or a setting that cannot change.
    """
    node = OmegaConf.create(asdict(config))
    for override in overrides:
        _merge(node, override)
    try:
        changed = from_node(ExperimentConfig, node)
    except UsageError as error:
        # Of a setting that cannot change, this is the reason that helps.
        for key, value in flatten(asdict(config)).items():
            asked = OmegaConf.select(node, key)
            if not isinstance(value, list) and asked != value and key not in str(error):
                _require_resumable(key, value, asked)
        raise
    changed.data = with_absolute_paths(changed.data)
    for key, (before, now) in changes(config, changed).items():
        _require_resumable(key, before, now)
    return changed


def _require_resumable(key: str, before: Any, now: Any) -> None:
    if not is_resumable(key):
        reason = FIXED.get(key.partition(".")[0], "it would be another run")
        raise UsageError(
            f"{key}={now} cannot be set on a run that was trained with {key}={before}: "
            f"{reason}; leave it out, or train a new run"
        )


def changes(before: ExperimentConfig, now: ExperimentConfig) -> dict[str, tuple[Any, Any]]:
    """Both values of each setting that differs, by full name."""
    one, two = flatten(asdict(before)), flatten(asdict(now))
    return {key: (one.get(key), two.get(key)) for key in one | two if one.get(key) != two.get(key)}


def _merge(node: DictConfig, override: str) -> None:
    key, equals, value = override.partition("=")
    if not (equals and re.fullmatch(r"\w+(\.\w+)*", key)) or "${" in value:
        raise UsageError(
            f"'{override}': with --resume, settings are written like max_epochs=10, with no other "
            "signs before the name and no ${…} in the value"
        )
    if isinstance(node.get(key), DictConfig):
        raise UsageError(
            f"'{override}': a run keeps its {key}; train a new one, or change a single setting of "
            f"it, like {key}.NAME=VALUE"
        )
    try:
        node.merge_with(OmegaConf.from_dotlist([override]))
    except Exception as error:  # OmegaConf and its YAML parser raise many kinds
        raise UsageError(
            f"'{override}': the value cannot be read; write it as in YAML, such as {key}=10, "
            f"{key}=text or '{key}=[a,b]'"
        ) from error
