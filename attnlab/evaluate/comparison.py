"""Settings side by side: runs that differ in their seed alone are one row, tested by a baseline.

Two kinds of test are shown, since they answer two questions. A test over sentences asks whether
these very runs would differ on other sentences of this kind; a test over runs asks whether other
seeds would give the same difference.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from attnlab.evaluate.scored import ScoredRun
from attnlab.evaluation.significance import (
    Compared,
    compare_runs,
    compare_systems,
    holm,
)
from attnlab.support.errors import UsageError

_OF_A_RUN = ("name", "runs_root", "seed", "claim")


@dataclass(frozen=True)
class Tested:
    """A score's difference from the baseline's; p-values of both tests over sentences are Holm's.

    `over_runs`: the p-value of the exact permutation test, Holm's too; None with a single run.
    `pairs`: runs of each that the test over sentences took.
    """

    compared: Compared
    randomisation: float
    bootstrap: float
    over_runs: float | None
    pairs: int


@dataclass(frozen=True)
class Figure:
    """A metric on a split: the runs' scores, and the test; None for the baseline itself."""

    scores: list[float]
    signature: str
    tested: Tested | None

    @property
    def mean(self) -> float:
        """Mean over the runs."""
        return mean(self.scores)

    @property
    def deviation(self) -> float | None:
        """Standard deviation over the runs (n - 1); None of a single one."""
        return stdev(self.scores) if len(self.scores) > 1 else None


@dataclass(frozen=True)
class Row:
    """One setting: its runs, the values in which it differs, and figures by (split, metric)."""

    runs: list[ScoredRun]
    settings: dict[str, Any]
    figures: dict[tuple[str, str], Figure]

    @property
    def label(self) -> str:
        """Its settings, such as `model=rnn seed=1`; the run's name where none differs."""
        pairs = [f"{key}={setting_text(found)}" for key, found in self.settings.items()]
        return " ".join(pairs) or self.runs[0].summary.name

    def average(self, name: str) -> float | None:
        """Mean over the runs of what their summaries have, such as parameters."""
        found = [getattr(run.summary, name) for run in self.runs]
        known = [float(each) for each in found if each is not None]
        return mean(known) if known else None


def setting_text(found: Any) -> str:
    """A setting's value as it is written in overrides."""
    return "null" if found is None else str(found).lower() if type(found) is bool else str(found)


@dataclass(frozen=True)
class Comparison:
    """Rows, the first of which is the baseline; `folded`: settings that differ within rows."""

    rows: list[Row]
    splits: list[str]
    metrics: list[str]
    folded: list[str]

    @property
    def baseline(self) -> Row:
        """Row that the others are tested against."""
        return self.rows[0]


def compare_settings(
    scored: Sequence[ScoredRun],
    metrics: Sequence[str],
    group_by: Sequence[str] | None = None,
    baseline: str | None = None,
) -> Comparison:
    """Fold runs into settings and test each against `baseline`, the first if that is None.

    Rows are told apart by the settings `group_by`, or by all that differ but for the seed.
    `baseline` is KEY=VALUE of a row's settings, several separated by spaces or commas, or a run.

    Raises:
        UsageError: no setting is called so, or there is no such row.
    """
    differing = _differing(scored)
    keys = list(group_by) if group_by else differing
    known = {key for run in scored for key in run.summary.settings}
    for key in keys:
        if key not in known and f"{key}.name" not in known:
            raise UsageError(f"--group-by {key}: no run has such a setting")
    groups: dict[tuple[str, ...], list[ScoredRun]] = {}
    for run in scored:
        groups.setdefault(tuple(setting_text(run.summary.setting(key)) for key in keys), []).append(
            run
        )
    members = [
        ({key: runs[0].summary.setting(key) for key in keys}, sorted(runs, key=_by_seed))
        for runs in groups.values()
    ]
    if len(members) == 1:  # of one setting: each run is a row
        members = [({"seed": run.seed}, [run]) for run in members[0][1]]
    members.insert(0, members.pop(_baseline_at(members, baseline)))
    splits = list(scored[0].splits)
    tests = {
        (split, metric): _test_all(members, split, metric) for split in splits for metric in metrics
    }
    rows = [
        Row(runs, settings, {key: figures[at] for key, figures in tests.items()})
        for at, (settings, runs) in enumerate(members)
    ]
    shown = {*keys, *(f"{key}.name" for key in keys)}
    folded = [key for key in differing if key not in shown] if group_by else []
    return Comparison(rows, splits, list(metrics), folded)


def _by_seed(run: ScoredRun) -> tuple[float, str]:
    return (float(run.seed) if isinstance(run.seed, int) else 0.0), run.summary.name


def _differing(scored: Sequence[ScoredRun]) -> list[str]:
    """Settings that differ among the runs, a choice before what follows from it."""
    settings = [run.summary.settings for run in scored]
    keys = dict.fromkeys(key for each in settings for key in each if key not in _OF_A_RUN)
    found = [key for key in keys if len({setting_text(each.get(key)) for each in settings}) > 1]
    chosen = {key.partition(".")[0] for key in found if key.endswith(".name")}
    if {"init_from", "init.checkpoint"} & {*found}:  # from which these follow
        found = [key for key in found if key not in ("init.update", "init.weights")]
    return [
        key.removesuffix(".name")
        for key in found
        if key.partition(".")[0] not in chosen or not _follows_from_choice(key, settings)
    ]


def _follows_from_choice(key: str, settings: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the choice of its group says all of a setting: it needs no mention beside it."""
    if key.endswith(".name"):
        return False
    values: dict[str, set[str]] = defaultdict(set)
    for each in settings:
        choice = setting_text(each.get(f"{key.partition('.')[0]}.name"))
        values[choice].add(setting_text(each.get(key)))
    return all(len(found) == 1 for found in values.values())


def _baseline_at(
    members: Sequence[tuple[dict[str, Any], list[ScoredRun]]], baseline: str | None
) -> int:
    if baseline is None:
        return 0
    wanted = baseline.replace(",", " ").split()
    for at, (settings, runs) in enumerate(members):
        has = {f"{key}={setting_text(found)}" for key, found in settings.items()}
        names = {run.summary.name for run in runs} | {str(run.summary.folder) for run in runs}
        if set(wanted) <= has or baseline in names:
            return at
    rows = "; ".join(
        " ".join(f"{key}={setting_text(found)}" for key, found in settings.items())
        for settings, _ in members
    )
    raise UsageError(f"--baseline {baseline}: no row is called so; there are: {rows}")


def _test_all(
    members: Sequence[tuple[dict[str, Any], list[ScoredRun]]], split: str, metric: str
) -> list[Figure]:
    """The figure of each setting, tested against the first; p-values corrected together."""
    scores = [[run.splits[split].metrics[metric].score for run in runs] for _, runs in members]
    signature = members[0][1][0].splits[split].metrics[metric].signature
    systems = [[run.statistics(split, metric) for run in runs] for _, runs in members]
    compared = []
    for other in systems[1:]:
        pairs = min(len(systems[0]), len(other))
        compared.append((compare_systems(systems[0][:pairs], other[:pairs]), pairs))
    over_runs = [compare_runs(scores[0], other) for other in scores[1:]]
    known = iter(holm([each for each in over_runs if each is not None]))
    over_runs = [None if each is None else next(known) for each in over_runs]
    randomisation = holm([each.p_value for each, _ in compared])
    bootstrap = holm([each.bootstrap_p_value for each, _ in compared])
    tested = [
        Tested(each, exchange, resampling, by_runs, pairs)
        for (each, pairs), exchange, resampling, by_runs in zip(
            compared, randomisation, bootstrap, over_runs, strict=True
        )
    ]
    return [
        Figure(found, signature, test) for found, test in zip(scores, [None, *tested], strict=True)
    ]
