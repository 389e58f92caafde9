"""Settings that a new run takes over from the run that it begins with, `init_from`.

They stand between the shipped values and those of the command line: a group that is chosen there
(`model=`) is taken as its file has it, and a single setting (`model.dropout=`) changes the other
run's value. Score and positions come with a chosen model. The corpus, and the settings of a new
vocabulary, are not taken over where an `experiment=` is chosen, which has its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from hydra.core.override_parser.types import ChoiceSweep, QuotedString
from omegaconf import DictConfig, OmegaConf, open_dict

from attnlab.run.folder import find_run, open_run
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.folders import expanded
from attnlab.support.overrides import parsed

_GROUPS = ("data", "vocabulary", "model", "score", "normaliser", "positions")


class Inherited:
    """What a config takes over from the run called `name`, given the `overrides` typed for it.

    `choices`: overrides that choose the run's groups, to stand before those that were typed.
    `offers` says whether a group has a file of some name.

    Raises:
        AttnlabError: there is no such run, or it cannot be read.
    """

    def __init__(
        self, name: str, overrides: Sequence[str], offers: Callable[[str, str], bool]
    ) -> None:
        self._keys = {each.key_or_group: each for each in filter(None, map(parsed, overrides))}
        root = _value(self._keys.get("runs_root")) or "runs"
        try:
            folder = find_run(expanded(name, "init_from"), expanded(root, "runs_root")).absolute()
            self._run = open_run(folder)
        except AttnlabError as error:
            raise AttnlabError(f"init_from={name}: {error}") from error
        groups = set(_GROUPS) - self._keys.keys()
        if "model" in self._keys:
            groups -= {"score", "positions"}
        if "experiment" in self._keys:
            groups -= {"data"}
        self._groups = groups
        chosen = groups - ({"vocabulary"} if "experiment" in self._keys else set())
        names = {group: str(getattr(self._run.config, group).name) for group in sorted(chosen)}
        self.choices = [f"{group}={name}" for group, name in names.items() if offers(group, name)]

    def fill_in(self, config: DictConfig) -> None:
        """Put the run's settings into a composed config, and with them its absolute folder.

        Raises:
            UsageError: settings of a vocabulary are given, and `init.vocabulary=keep`.
        """
        with open_dict(config):
            config.init_from = str(self._run.folder)
            config.init.vocabulary = self._vocabulary(str(config.init.vocabulary))
            groups = set(self._groups)
            if config.init.vocabulary == "keep":
                groups.add("vocabulary")
            elif "experiment" in self._keys:
                groups.discard("vocabulary")
            for group in groups:
                node = OmegaConf.create(asdict(getattr(self._run.config, group)))
                for key in self._keys:
                    if key.startswith(f"{group}."):
                        value = OmegaConf.select(config, key)
                        OmegaConf.update(node, key.removeprefix(f"{group}."), value)
                config[group] = node
            typed = config.hydra.overrides.task
            config.hydra.overrides.task = [each for each in typed if each not in self.choices]

    def _vocabulary(self, wanted: str) -> str:
        """The value of init.vocabulary, in place of auto."""
        given = [key for key in self._keys if key.partition(".")[0] == "vocabulary"]
        given = [key for key in given if not key.startswith("vocabulary.sampling")]
        if wanted == "keep" and given:
            raise UsageError(
                f"{given[0]}= is of a vocabulary to be learnt, and init.vocabulary=keep takes that "
                f"of {self._run.folder}; leave one of them out"
            )
        if wanted == "auto":
            return "new" if given else "keep"
        return wanted


def inherited(
    overrides: Sequence[str], offers: Callable[[str, str], bool], default: str | None = None
) -> Inherited | None:
    """What is taken over from the run that `overrides` name; None where they name none.

    `default` is the value of init_from where no override has one. Of a sweep's runs it is the
    first.
    """
    read = filter(None, map(parsed, overrides))
    names = [each for each in read if each.key_or_group == "init_from"]
    name = _value(names[-1]) if names else default
    return None if name is None else Inherited(name, overrides, offers)


def _value(override: Any) -> str | None:
    """An override's value as text; the first of a sweep's."""
    value = None if override is None else override.value()
    if isinstance(value, ChoiceSweep):
        value = value.list[0]
    if isinstance(value, QuotedString):
        value = value.text
    return None if value is None else str(value)
