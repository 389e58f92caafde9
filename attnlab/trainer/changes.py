"""Which settings a resumed run may have otherwise than before, and which it keeps."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from omegaconf import DictConfig, OmegaConf

from attnlab.config import FIXED, ExperimentConfig, is_resumable, with_absolute_paths
from attnlab.support.errors import UsageError
from attnlab.support.schema import flatten, from_node


def changed_config(config: ExperimentConfig, overrides: Sequence[str]) -> ExperimentConfig:
    """The config of a run with `overrides` such as max_epochs=40.

    Raises:
        UsageError: one names no setting, has no such value, or would make it another run.
    """
    node = OmegaConf.create(asdict(config))
    for override in overrides:
        _merge(node, override)
    try:
        changed = from_node(ExperimentConfig, node)
    except UsageError as error:
        # Of a setting that is kept anyway, what else it would have to go with is of no use.
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
    """Both values of each setting that differs, by its full name."""
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
    except Exception as error:  # whatever OmegaConf and its parser of YAML make of a value
        raise UsageError(
            f"'{override}': the value cannot be read; write it as in YAML, such as {key}=10, "
            f"{key}=text or '{key}=[a,b]'"
        ) from error
