"""The lesson of one run or of several: its file, its models and its examples."""

import logging
import os
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnlab.attention.recording import attends
from attnlab.data.corpus import load_split, present_splits
from attnlab.plotting.saving import place, save_page
from attnlab.run.loaded import LoadedRun
from attnlab.studies.web.model import web_model
from attnlab.studies.web.page import ShownModel, lesson_page
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.folders import shown_path

logger = logging.getLogger(__name__)

_LARGEST = 35  # megabytes of a page that is sent by mail, or opened on a phone
_BESIDES = 0.5  # megabytes of a page beside its weights: interface, vocabularies and graphs
_EXAMPLES = 5
_SHORTEST, _LONGEST = 12, 70  # characters of an example, so that it fits on a screen


@dataclass(frozen=True)
class Lesson:
    """A page that was written, and its size."""

    path: Path
    megabytes: float

    def as_json(self) -> dict[str, Any]:
        """The output of `attnlab export --to web --json`."""
        return {"page": str(self.path), "megabytes": self.megabytes}

    def __str__(self) -> str:
        return f"{shown_path(self.path)} ({self.megabytes:.1f} MB)"


def write_lesson(runs: Sequence[LoadedRun], output: Path | None, precision: str = "auto") -> Lesson:
    """Write the page on which `runs` translate: one, or several side by side.

    It is `output`, or web.html in that folder or else with the first run's exports. `precision` of
    the weights: as in `web_model`, or auto, which is float32 unless the page would be too large.

    Raises:
        AttnlabError: a model cannot be run by the page's engine, or the page cannot be written.
        UsageError: `output` is named as something else than a page, or there is no such precision.
    """
    path = place(output, runs[0].run.exports, "web.html")
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--output {path}: a page's name ends with .html; call it so")
    if precision == "auto":
        precision = fitting_precision(sum(map(_parameters, runs)))
    shown = [_shown(each, precision) for each in runs]
    save_page(lesson_page(shown, _examples(runs[0])), path)
    return Lesson(path, path.stat().st_size / 1e6)


def fitting_precision(parameters: int) -> str:
    """float32, or float16, and a message, where a page of so many weights would be too large."""
    megabytes = parameters * 4 * 4 / 3 / 1e6 + _BESIDES  # base64 writes 3 bytes as 4 characters
    if megabytes <= _LARGEST:
        return "float32"
    logger.warning(
        "in float32 the page would have %.0f MB: its weights are rounded to float16, and a few "
        "translations may differ from the run's; --precision float32 keeps them as they are",
        megabytes,
    )
    return "float16"


def open_lesson(path: Path) -> bool:
    """Open the page in the desktop's browser; False where there is no desktop."""
    # Without one, webbrowser would start a browser in this terminal, which runs no script.
    on_desktop = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    return on_desktop and webbrowser.open(path.resolve().as_uri())


def _shown(trained: LoadedRun, precision: str) -> ShownModel:
    config, found = trained.run.config, web_model(trained, precision)
    facts = [("run", trained.run.name), ("model", config.model.name)]
    if attends(trained.model):
        facts += [("score", config.score.name), ("weights", config.normaliser.name)]
    facts += [("parameters", f"{_parameters(trained):,}"), ("checkpoint", trained.recipe.trained)]
    if precision != "float32":
        facts += [("precision", precision)]
    return ShownModel(name=trained.run.name, facts=facts, graphs=found.json, weights=found.weights)


def _parameters(trained: LoadedRun) -> int:
    return sum(each.numel() for each in trained.model.parameters())


def _examples(trained: LoadedRun) -> list[str]:
    """A few sentences that training did not show, from short to long; none without the corpus."""
    config = trained.run.config
    for split in ("test", "valid"):
        try:
            if split in present_splits(config.data):
                pairs = load_split(config.data, config.seed, split)
                break
        except AttnlabError as error:
            logger.warning("the page has no examples, since the corpus cannot be read: %s", error)
            return []
    else:
        return []
    texts = dict.fromkeys(pair.source for pair in pairs)
    fitting = [text for text in texts if _SHORTEST <= len(text) <= _LONGEST] or list(texts)
    ranked = sorted(fitting[:200], key=len)
    count = min(_EXAMPLES, len(ranked))
    return [ranked[(2 * at + 1) * len(ranked) // (2 * count)] for at in range(count)]
