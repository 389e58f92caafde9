"""Runs side by side, as text, Markdown, LaTeX, CSV and JSON: scores, and whether it was chance."""

import csv
from collections.abc import Callable, Sequence
from io import StringIO
from typing import Any

from attnlab.evaluate.comparison import Comparison
from attnlab.evaluate.comparison_table import cells, explanation, test_values
from attnlab.evaluation.metrics import NAMES
from attnlab.evaluation.significance import TRIALS
from attnlab.support.table import latex_table, markdown_table, table

_TABLES: dict[str, Callable[[Sequence[str], Sequence[Sequence[str]], int], str]] = {
    "text": table,
    "markdown": markdown_table,
    "latex": latex_table,
}


def as_table(found: Comparison, kind: str = "text") -> str:
    """Tables of each split and metric, one under the other, and what their columns mean."""
    parts = []
    for split in found.splits:
        for metric in found.metrics:
            head, rows = cells(found, split, metric)
            body = _TABLES[kind](head, rows, len(found.baseline.settings) or 1)
            parts.append(f"{NAMES[metric]} of {split}\n{body}" if kind == "text" else body)
    explained = "\n".join(explanation(found))
    if kind == "latex":
        explained = "\n".join(f"% {line}" for line in explained.splitlines())
    return "\n\n".join([*parts, explained])


def as_csv(found: Comparison) -> str:
    """One line a row, split and metric, unrounded."""
    keys = list(found.baseline.settings) or ["run"]
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    measures = ["parameters", "updates", "tokens_per_second"]
    tests = ["difference", "low", "high", "p_exchange", "p_bootstrap", "p_runs"]
    writer.writerow([*keys, "split", "metric", "runs", "mean", "deviation", *tests, *measures])
    for row in found.rows:
        for key, figure in row.figures.items():
            values = test_values(found, row, key)
            writer.writerow(
                [
                    *(row.settings.values() or [row.label]),
                    *(*key, len(row.runs), figure.mean, figure.deviation),
                    *(values.get(name) for name in tests),
                    *(row.average(name) for name in measures),
                ]
            )
    return text.getvalue().rstrip("\n")


def as_json(found: Comparison) -> dict[str, Any]:
    """Rows with their runs, settings, scores and tests."""
    return {
        "baseline": found.baseline.label,
        "trials": TRIALS,
        "comparisons": len(found.rows) - 1,
        "differs_within_rows": found.folded,
        "rows": [
            {
                "settings": row.settings,
                "runs": [
                    {"run": str(run.summary.folder), "seed": run.seed} | run.recipe.as_json()
                    for run in row.runs
                ],
                "parameters": row.average("parameters"),
                "updates": row.average("updates"),
                "tokens_per_second": row.average("tokens_per_second"),
                "figures": [
                    {
                        "split": key[0],
                        "metric": key[1],
                        "signature": figure.signature,
                        "scores": figure.scores,
                        "mean": figure.mean,
                        "deviation": figure.deviation,
                    }
                    | test_values(found, row, key)
                    for key, figure in row.figures.items()
                ],
            }
            for row in found.rows
        ],
    }
