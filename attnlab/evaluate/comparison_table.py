"""The table of a comparison: a row for each setting, its scores, and tests against the baseline."""

from typing import Any

from attnlab.evaluate.comparison import Comparison, Figure, Row
from attnlab.evaluation.metrics import NAMES
from attnlab.evaluation.significance import TRIALS


def cells(found: Comparison, split: str, metric: str) -> tuple[list[str], list[list[str]]]:
    """Heading and rows of one metric; columns in which no row has anything are left out."""
    settings = list(found.baseline.settings) or ["run"]
    head = [*settings, "runs", NAMES[metric], "difference", "95 % interval"]
    head += ["p exchange", "p bootstrap", "p runs", "parameters", "updates", "tokens/s"]
    key, rows = (split, metric), []
    for row in found.rows:
        named = [_plain(each) for each in row.settings.values()] or [row.label]
        score, tests = _score(row.figures[key]), _tests(found, row, key)
        rows.append([*named, str(len(row.runs)), score, *tests])
    used = [at for at in range(len(head)) if any(row[at] for row in rows)]
    return [head[at] for at in used], [[row[at] for at in used] for row in rows]


def _plain(value: Any) -> str:
    return "null" if value is None else str(value)


def _score(figure: Figure) -> str:
    deviation = "" if figure.deviation is None else f" ± {figure.deviation:.2f}"
    return f"{figure.mean:.2f}{deviation}"


def _tests(found: Comparison, row: Row, key: tuple[str, str]) -> list[str]:
    sizes = [row.average(name) for name in ("parameters", "updates", "tokens_per_second")]
    measured = ["" if each is None else f"{each:,.0f}" for each in sizes]
    values = test_values(found, row, key)
    if not values:
        return ["baseline", "", "", "", "", *measured]
    p_values = [values[name] for name in ("p_exchange", "p_bootstrap", "p_runs")]
    return [
        f"{values['difference']:+.2f}",
        f"{values['low']:+.2f} to {values['high']:+.2f}",
        *("" if each is None else _p(each) for each in p_values),
        *measured,
    ]


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else f"{value:.0e}"


def explanation(found: Comparison) -> list[str]:
    """Lines on the settings of the metrics, and on the question that each test answers."""
    tests = [
        figure.tested
        for row in found.rows
        for figure in row.figures.values()
        if figure.tested is not None
    ]
    lines = [
        f"{NAMES[metric]}: {found.baseline.figures[found.splits[0], metric].signature}"
        for metric in found.metrics
    ]
    recipes = dict.fromkeys(run.recipe.searched for row in found.rows for run in row.runs)
    lines += [f"search: {each}" for each in recipes]
    lines.append(f"baseline: {found.baseline.label}; the mean ± standard deviation is over runs")
    correction = ""
    if len(found.rows) > 2:
        correction = f", corrected for {len(found.rows) - 1} comparisons (Holm)"
    lines.append(
        "p exchange, p bootstrap, interval: tests over sentences, for these very runs: approximate "
        f"randomisation and paired bootstrap, {TRIALS:,} trials{correction}"
    )
    if any(test.over_runs is not None for test in tests):
        lines.append(
            "p runs: test over runs, for other seeds: exact permutation of the runs, which with "
            f"three of each is never below 0.1{correction}"
        )
    else:
        lines.append(
            "no test over runs: that takes two runs or more of each setting, such as seed=1,2,3"
        )
    if any(
        len({test.pairs, len(row.runs), len(found.baseline.runs)}) > 1
        for row in found.rows
        for figure in row.figures.values()
        if (test := figure.tested) is not None
    ):
        lines.append("where numbers of runs differ, tests over sentences take as many of each")
    if found.folded:
        lines.append(f"settings that differ within rows: {', '.join(found.folded)}")
    return lines


def test_values(found: Comparison, row: Row, key: tuple[str, str]) -> dict[str, Any]:
    """The tests of one figure by name; an empty dictionary for the baseline."""
    figure = row.figures[key]
    if figure.tested is None:
        return {}
    low, high = figure.tested.compared.interval
    return {
        "difference": figure.mean - found.baseline.figures[key].mean,
        "low": low,
        "high": high,
        "p_exchange": figure.tested.randomisation,
        "p_bootstrap": figure.tested.bootstrap,
        "p_runs": figure.tested.over_runs,
    }
