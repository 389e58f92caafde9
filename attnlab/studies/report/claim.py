"""A claim about attention: its question, what was published, and what it expects of one's own runs.

`configs/claims/NAME.yaml` has one. An expectation is a weighted sum of mean scores that the claim
says is above 0; it is computed for each seed, and its mean over seeds has a 95 % t-interval.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from attnlab.config import from_yaml
from attnlab.evaluation.metrics import NAMES
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.folders import CLAIMS, shipped_folder
from attnlab.support.registry import config_folders
from attnlab.support.schema import from_node

ERROR_RATE, ACCURACIES = "aer", ("contrast", "focus")
METRICS = (*NAMES, ERROR_RATE, *ACCURACIES)
"""Metrics of expectations: sacreBLEU's, the alignment error rate, and what splits ask for."""

_LEVEL = 0.95


@dataclass(kw_only=True)
class Term:
    """`weight` times the mean score of the runs with these `settings` on `split`.

    `settings`: by key, as `attnlab runs --columns` takes them. `group`: a tag or a range of lengths
    of the split's sentences, such as `21 to 30 source words`; null is all.
    """

    weight: float
    settings: dict[str, Any]
    split: str
    group: str | None = None

    def __str__(self) -> str:
        settings = " ".join(f"{key}={value}" for key, value in self.settings.items())
        place = self.split if self.group is None else f"{self.split}, {self.group}"
        return f"{self.weight:+g} · {settings or 'all runs'} on {place}"


@dataclass(kw_only=True)
class Expectation:
    """What the claim expects: that the sum of the `terms` by `metric` is above 0."""

    says: str
    metric: str = "bleu"
    terms: list[Term]


@dataclass(kw_only=True)
class Published:
    """A published table with its `source`."""

    source: str
    columns: list[str]
    rows: list[list[Any]]
    note: str = ""


@dataclass(kw_only=True)
class Claim:
    """A claim with the splits, metrics and groups in which a report shows it."""

    question: str
    claim: str = ""
    splits: list[str]
    metrics: list[str] = field(default_factory=lambda: ["bleu"])
    group_by: list[str] = field(default_factory=list)
    published: Published | None = None
    expectations: list[Expectation] = field(default_factory=list)

    @property
    def scored(self) -> list[str]:
        """Metrics of translations that the claim needs."""
        wanted = [*self.metrics, *(each.metric for each in self.expectations)]
        return [each for each in dict.fromkeys(wanted) if each in NAMES] or ["bleu"]

    @property
    def read(self) -> list[str]:
        """Splits that the claim needs."""
        terms = (term.split for each in self.expectations for term in each.terms)
        return list(dict.fromkeys([*self.splits, *terms]))


def _folders(config_dir: Path | None) -> Iterator[Path]:
    if config_dir is not None:
        yield config_dir / CLAIMS
    yield from (folder / CLAIMS for _, folder in config_folders())
    yield shipped_folder("configs") / CLAIMS


def claim_names(config_dir: Path | None = None) -> list[str]:
    """Names of all claims: shipped, of plug-ins, and in `config_dir`."""
    return sorted({path.stem for folder in _folders(config_dir) for path in folder.glob("*.yaml")})


def load_claim(name: str, config_dir: Path | None = None) -> Claim:
    """The claim called `name`.

    Raises:
        UsageError: there is none, or its file is no claim; the message names the fault.
    """
    paths = [folder / f"{name}.yaml" for folder in _folders(config_dir)]
    path = next((each for each in paths if Path(name).name == name and each.is_file()), None)
    if path is None:
        names = ", ".join(claim_names(config_dir)) or "none"
        raise UsageError(f"claim '{name}': there is no such claim; there are: {names}")
    try:
        claim = from_node(Claim, from_yaml(path))
        _check(claim)
    except AttnlabError as error:
        text = str(error)
        raise UsageError(text if text.startswith(str(path)) else f"{path}: {text}") from error
    return claim


def _check(claim: Claim) -> None:
    if not claim.splits:
        raise UsageError("splits names no split; such as: splits: [test]")
    for metric in claim.metrics:
        if metric not in NAMES:
            raise UsageError(f"metrics: {metric} is none of: {', '.join(NAMES)}")
    if claim.published is not None:
        width = len(claim.published.columns)
        for row in claim.published.rows:
            if len(row) != width:
                raise UsageError(f"published: {width} columns, and a row of {len(row)}: {row}")
    for each in claim.expectations:
        if each.metric not in METRICS:
            raise UsageError(
                f"expectation '{each.says}': metric {each.metric} is none of: {', '.join(METRICS)}"
            )
        if not each.terms:
            raise UsageError(f"expectation '{each.says}' has no terms")
        if each.metric == ERROR_RATE and any(term.group for term in each.terms):
            raise UsageError(f"expectation '{each.says}': {ERROR_RATE} is not measured by group")


class Verdict(StrEnum):
    """What one's own runs say of an expectation."""

    REPRODUCED = "reproduced"
    CONTRADICTED = "contradicted"
    NOT_DECIDED = "not decided"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Finding:
    """An expectation with its sum for each seed; `missing`: why it is not measured."""

    expectation: Expectation
    sums: dict[Any, float]
    missing: str = ""

    @property
    def mean(self) -> float:
        """Mean over seeds."""
        return mean(self.sums.values())

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % t-interval of the mean over seeds; None with a single one."""
        return t_interval(list(self.sums.values()))

    @property
    def verdict(self) -> Verdict:
        """Whether the interval is above 0, below, or neither."""
        if not self.sums:
            return Verdict.NOT_MEASURED
        if (interval := self.interval) is None:
            return Verdict.NOT_DECIDED
        if interval[0] > 0:
            return Verdict.REPRODUCED
        return Verdict.CONTRADICTED if interval[1] < 0 else Verdict.NOT_DECIDED

    @property
    def numbers(self) -> str:
        """What the verdict rests on, in words."""
        if not self.sums:
            return self.missing
        seeds = len(self.sums)
        if (interval := self.interval) is None:
            return f"{self.mean:+.2f} with one seed, which has no interval"
        low, high = interval
        why = ""
        if self.verdict is Verdict.NOT_DECIDED:
            why = ", which contains 0; more seeds narrow it"
        return f"{self.mean:+.2f}, 95 % interval {low:+.2f} to {high:+.2f} over {seeds} seeds{why}"

    def __str__(self) -> str:
        return f"{self.verdict}: {self.numbers}"


def t_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Student's 95 % interval of the mean of `values`; None of fewer than two.

    `mean ± t(0.975, n − 1) · s / √n`, with s the sample's standard deviation.
    """
    if len(values) < 2:
        return None
    from scipy.stats import t as student_t  # takes a second: only where there are several seeds

    quantile = float(student_t.ppf((1 + _LEVEL) / 2, len(values) - 1))
    half = quantile * stdev(values) / sqrt(len(values))
    return mean(values) - half, mean(values) + half
