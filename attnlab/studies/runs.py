"""The study of many runs at once: a table of them, chosen and sorted.

A thousand runs are listed within two seconds, without importing torch.
"""

import csv
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from difflib import get_close_matches
from fnmatch import fnmatchcase
from io import StringIO
from typing import Any

from attnlab.evaluation.metrics import NAMES
from attnlab.run.summary import RunSummary, State
from attnlab.support.errors import UsageError
from attnlab.support.table import table


def _best(summary: RunSummary) -> float | None:
    return summary.best.get(str(summary.settings.get("stopping.metric", "loss")))


COLUMNS: dict[str, Callable[[RunSummary], Any]] = {
    "run": lambda summary: summary.name,
    "model": lambda summary: summary.settings.get("model.name"),
    "score": lambda summary: summary.settings.get("score.name"),
    "data": lambda summary: summary.settings.get("data.name"),
    "seed": lambda summary: summary.settings.get("seed"),
    "parameters": lambda summary: summary.parameters,
    "updates": lambda summary: summary.updates,
    "time": lambda summary: summary.seconds,
    "tokens/s": lambda summary: summary.tokens_per_second,
    "best": _best,
    "state": lambda summary: summary.state.value,
    "error": lambda summary: summary.error,
    "folder": lambda summary: str(summary.folder),
} | {metric: (lambda summary, name=metric: summary.best.get(name)) for metric in ("loss", *NAMES)}
"""Value of each column; metrics are of the best validation. Other columns are settings."""

SHOWN = [*COLUMNS][: [*COLUMNS].index("error")]


def value(summary: RunSummary, column: str) -> Any:
    """The cell of one column, which may be a setting, such as optimiser.learning_rate."""
    of = COLUMNS.get(column)
    return summary.setting(column) if of is None else of(summary)


def require_columns(names: Sequence[str], summaries: Sequence[RunSummary]) -> None:
    """Refuse a column that is neither one of `COLUMNS` nor a setting of any run.

    Raises:
        UsageError: the message names the nearest column that there is.
    """
    known = {*COLUMNS, *(key for summary in summaries for key in summary.settings)}
    for name in names:
        if name not in known and f"{name}.name" not in known and summaries:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "."
            raise UsageError(
                f"'{name}': there is no such column, and no run has such a setting{hint} Columns "
                f"are {', '.join(COLUMNS)}, and every setting, such as optimiser.learning_rate"
            )


def chosen(summaries: Sequence[RunSummary], filters: Sequence[str]) -> list[RunSummary]:
    """The runs for which every filter KEY=VALUE holds.

    VALUE may have `*` and `?`, or be several, separated by commas, of which one has to fit.
    Numbers are compared as numbers: 1e-3 is 0.001.

    Raises:
        UsageError: a filter has no `=`, or its key is in no run.
    """
    for each in filters:
        key, equals, wanted = each.partition("=")
        if not equals:
            raise UsageError(f"--filter {each}: write KEY=VALUE, such as --filter model=bahdanau")
        require_columns([key], summaries)
        summaries = [
            summary
            for summary in summaries
            if any(_fits(value(summary, key), one) for one in wanted.split(","))
        ]
    return list(summaries)


def _fits(found: Any, wanted: str) -> bool:
    if isinstance(found, int | float) and not isinstance(found, bool):
        with suppress(ValueError):
            return float(wanted) == found
    text = "null" if found is None else str(found).lower() if type(found) is bool else str(found)
    return fnmatchcase(text, wanted)


def ordered(summaries: Sequence[RunSummary], column: str) -> list[RunSummary]:
    """The runs by one column, the smallest first, or with `-` before its name the largest.

    Runs without a value come last.
    """
    name = column.removeprefix("-")
    require_columns([name], summaries)
    having = [summary for summary in summaries if value(summary, name) is not None]
    rest = [summary for summary in summaries if value(summary, name) is None]

    def key(summary: RunSummary) -> tuple[bool, float, str]:
        found = value(summary, name)
        is_number = isinstance(found, int | float)
        return not is_number, float(found) if is_number else 0.0, "" if is_number else str(found)

    return sorted(having, key=key, reverse=column.startswith("-")) + rest


def as_text(summaries: Sequence[RunSummary], columns: Sequence[str]) -> str:
    """An aligned table, and below it the errors of failed and unreadable runs."""
    rows = [[_shown(value(summary, each), each) for each in columns] for summary in summaries]
    left = next((at for at, each in enumerate(columns) if _is_numeric(summaries, each)), None)
    text = table(columns, rows, left=len(columns) if left is None else left)
    errors = [
        f"{summary.name}: {summary.error}"
        for summary in summaries
        if summary.error and "error" not in columns
    ]
    return "\n\n".join([text, *(["\n".join(errors)] if errors else [])])


def _is_numeric(summaries: Sequence[RunSummary], column: str) -> bool:
    return any(isinstance(value(summary, column), int | float) for summary in summaries)


def _shown(found: Any, column: str) -> str:
    if found is None:
        return "-"
    if column == "time":
        return str(timedelta(seconds=round(found)))
    if isinstance(found, int) and not isinstance(found, bool) and column != "seed":
        return f"{found:,}"
    if column in ("best", *NAMES, "loss"):
        return f"{found:.3f}" if column == "loss" or found < 10 else f"{found:.1f}"
    if column == "tokens/s":
        return f"{found:,.0f}"
    return " ".join(str(found).split())


def as_json(summaries: Sequence[RunSummary]) -> str:
    """A list of objects with all that is known of each run, its settings included."""
    fields = ("parameters", "updates", "seconds", "tokens_per_second", "best", "error", "settings")
    return json.dumps(
        [
            {"run": each.name, "folder": str(each.folder), "state": each.state.value}
            | {name: getattr(each, name) for name in fields}
            for each in summaries
        ],
        indent=2,
        ensure_ascii=False,
    )


def as_csv(summaries: Sequence[RunSummary], columns: Sequence[str]) -> str:
    """The table as comma-separated values, unrounded; an empty cell where nothing is known."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([value(each, column) for column in columns] for each in summaries)
    return text.getvalue().rstrip("\n")


def counts(summaries: Sequence[RunSummary]) -> str:
    """How many runs are in which state, such as `3 finished, 1 failed`."""
    return ", ".join(
        f"{count} {state.value}"
        for state in State
        if (count := sum(each.state is state for each in summaries))
    )
