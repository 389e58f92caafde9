"""A run at a glance: settings, progress, best validation and state, read without loading the run.

Reading is lenient, since a table of a thousand runs may not stop at one: a run that is damaged, of
another format, or being written at this moment has a summary, too, which gives the reason.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from math import prod
from pathlib import Path
from typing import Any

import yaml

from attnlab.run.layout import FAILED, FINISHED, FORMAT, LOCK, METRICS
from attnlab.run.metrics import is_number, read_metrics, recorded_validations
from attnlab.support.files import is_locked
from attnlab.support.schema import flatten, require_bounded_yaml
from attnlab.training.selection import LOSS, Validation

_SPEED_REPORTS = 20
_TAIL_BYTES = 8 * 1024
_LARGEST_HEADER = 16 * 1024**2


class State(StrEnum):
    """State of a run's training; the summary of an unreadable run has little but an error."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class RunSummary:
    """A run's folder and what is known of it; None where nothing is.

    `settings`: every setting by its full key, such as model.name. `updates`, `seconds` and
    `tokens_per_second` (target tokens): of the training so far. `best`: the metrics of the
    validation that was best by stopping.metric, by name. `error`: why the training failed, or what
    of the run cannot be read.
    """

    folder: Path
    state: State
    settings: dict[str, Any] = field(default_factory=dict)
    parameters: int | None = None
    updates: int | None = None
    seconds: float | None = None
    tokens_per_second: float | None = None
    best: dict[str, float] = field(default_factory=dict)
    error: str | None = None

    @property
    def name(self) -> str:
        """NAME/RUN, by which commands find the run."""
        folder = self.folder.absolute()
        return f"{folder.parent.name}/{folder.name}"

    def setting(self, key: str) -> Any:
        """A setting by its full key, or the choice of a group, such as model; None without it.

        The run that this one began with is NAME/RUN.
        """
        if key == "init_from" and isinstance(path := self.settings.get(key), str):
            return "/".join(Path(path).parts[-2:])
        return self.settings.get(key, self.settings.get(f"{key}.name"))


def find_runs(root: Path) -> list[Path]:
    """Folders of runs: `root` itself, or those up to three folders below it; the oldest first."""
    if (root / "config.yaml").is_file():
        return [root]
    found: list[Path] = []
    for depth in ("*", "*/*", "*/*/*"):
        found += root.glob(f"{depth}/config.yaml")
    return [path.parent for path in sorted(found, key=_modified)]


def _modified(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, str(path)
    except OSError:  # removed at this moment
        return 0.0, str(path)


def summarise(folder: Path) -> RunSummary:
    """The summary of the run in `folder`; raises nothing for what is damaged."""
    try:
        return _summarise(folder)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark is not None else ""
        reason = f"config.yaml is cut short, or no YAML{line}; put back what attnlab wrote there"
        return RunSummary(folder, State.UNREADABLE, error=reason)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return RunSummary(folder, State.UNREADABLE, error=reason)


def _summarise(folder: Path) -> RunSummary:
    settings = _settings(folder / "config.yaml")
    finished, failed = _json_object(folder / FINISHED), _json_object(folder / FAILED)
    if is_locked(folder / LOCK):
        state = State.RUNNING
    elif finished is not None:
        state = State.FINISHED
    else:
        state = State.STOPPED if failed is None else State.FAILED
    updates, seconds, speed, unread = _progress(folder / METRICS)
    metric = str(settings.get("stopping.metric", "loss"))
    error = str(failed.get("error", "")) if state is State.FAILED and failed else None
    if error is None and unread and state is not State.RUNNING:  # which may be writing one
        lines = "its last line" if unread == 1 else f"{unread} of its last lines"
        error = f"{METRICS}: {lines} cannot be read, and the rest is shown"
    return RunSummary(
        *(folder, state, settings, _parameters(folder / "checkpoints"), updates, seconds, speed),
        best=_best(folder, metric),
        error=error,
    )


def _settings(path: Path) -> dict[str, Any]:
    """The flat settings of a config.yaml.

    Raises:
        ValueError: it is of another format, or is no config.
    """
    require_bounded_yaml(path)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    values = _plain(yaml.compose(path.read_bytes(), loader))
    if not isinstance(values, dict):
        raise ValueError("config.yaml holds no settings")
    written = values.pop("format", None)
    if written != FORMAT:
        raise ValueError(f"written in run format {written}; this attnlab reads format {FORMAT}")
    for part in ("attnlab", "identity"):
        values.pop(part, None)
    return flatten(values)


_SCALARS: dict[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:null": lambda _: None,
    "tag:yaml.org,2002:bool": lambda text: text == "true",
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
}


def _plain(node: yaml.Node | None) -> Any:
    """The values of YAML that OmegaConf wrote: a third of the time that yaml.load takes."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value) for value in node.value]
    return None if node is None else _SCALARS.get(node.tag, str)(node.value)


def _json_object(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file; None without the file, an empty one for a damaged file."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _progress(path: Path) -> tuple[int | None, float | None, float | None, int]:
    """Updates, seconds of training, and median of the latest target tokens a second.

    The last number is that of lines near the end that cannot be read, cut short by a crash, say.
    """
    try:
        with path.open("rb") as file:
            start = max(0, path.stat().st_size - _TAIL_BYTES)
            file.seek(start)
            lines = file.read().decode(errors="replace").split("\n")[bool(start) :]
    except FileNotFoundError:
        return None, None, None, 0
    lines = [line for line in lines if line]
    reports = [report for line in lines if (report := read_metrics(line)) is not None]
    unread = len(lines) - len(reports)
    if not reports:
        return None, None, None, unread
    speeds = sorted(_numbers(reports, "train/tokens_per_second")[-_SPEED_REPORTS:])
    seconds = _numbers(reports, "seconds/training")
    return (
        max(update for update, _ in reports),
        seconds[-1] if seconds else None,
        speeds[len(speeds) // 2] if speeds else None,
        unread,
    )


def _numbers(reports: list[tuple[int, dict[str, Any]]], name: str) -> list[float]:
    """The finite values of one name, in the order of the reports."""
    values: Iterator[Any] = (report.get(name) for _, report in reports)
    return [float(each) for each in values if is_number(each)]


def _best(folder: Path, metric: str) -> dict[str, float]:
    best: Validation | None = None
    for found in recorded_validations(folder).values():
        has_both = {metric, LOSS} <= found.scores.keys()
        if has_both and (best is None or found.is_better_than(best, metric)):
            best = found
    return best.scores if best is not None else {}


def _parameters(checkpoints: Path) -> int | None:
    """Parameters in a checkpoint, by the header of its safetensors file; buffers count, too."""
    for checkpoint in ("last", "best"):
        path = checkpoints / checkpoint / "weights.safetensors"
        try:
            with path.open("rb") as file:
                size = int.from_bytes(file.read(8), "little")
                if size > _LARGEST_HEADER:
                    continue
                header = json.loads(file.read(size))
            parts = [part for name, part in header.items() if name != "__metadata__"]
            return sum(int(prod(part["shape"])) for part in parts)
        except (OSError, ValueError, AttributeError, TypeError, KeyError, RecursionError):
            continue
    return None
