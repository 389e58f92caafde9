"""Runs with their scores: those that `attnlab eval` left in the run, else evaluated now."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attnlab.config import InferenceConfig
from attnlab.evaluate.splits import evaluate_splits
from attnlab.evaluate.stored import StoredSplit, stored_split
from attnlab.evaluation.metrics import require_tokeniser
from attnlab.evaluation.significance import Statistics, statistics
from attnlab.run.folder import Run, find_run, open_run
from attnlab.run.loaded import Recipe, load_run, with_choices
from attnlab.run.summary import RunSummary, State, find_runs, summarise
from attnlab.support.errors import AttnlabError, UsageError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ScoredRun:
    """A run, and what it scored on each split by one search."""

    summary: RunSummary
    splits: dict[str, StoredSplit]
    recipe: Recipe
    _statistics: dict[tuple[str, str], Statistics] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def seed(self) -> Any:
        """Seed of its training."""
        return self.summary.settings.get("seed")

    def statistics(self, split: str, metric: str) -> Statistics:
        """Counts of each sentence of `split` by `metric`, of which any group's score is made."""
        key = split, metric
        if key not in self._statistics:
            texts = self.splits[split]
            self._statistics[key] = statistics(
                metric,
                texts.hypotheses,
                *texts.references,
                tokeniser=texts.reading.tokeniser,
                language=texts.reading.language,
            )
        return self._statistics[key]


def named_folders(names: Sequence[str], runs_root: str) -> list[Path]:
    """Folders of all runs that the `names` stand for: a run, or all in a folder of runs.

    A folder without runs is named and left out.

    Raises:
        AttnlabError: there is no such run, or none in any of the folders.
    """
    folders: list[Path] = []
    for name in names:
        for folder in (Path(name), Path(runs_root) / name):
            if found := find_runs(folder):
                folders += found
                break
        else:
            if Path(name).is_dir():
                logger.warning("left out: %s: there are no runs here", name)
            else:
                folders.append(find_run(name, runs_root))  # which says what there is
    if not folders:
        raise AttnlabError(
            f"{', '.join(names)}: there are no runs; name a sweep, or train one: attnlab train -m"
        )
    return list(dict.fromkeys(folder.absolute() for folder in folders))


def score_runs(
    folders: Sequence[Path], config: InferenceConfig, splits: Sequence[str], metrics: Sequence[str]
) -> list[ScoredRun]:
    """The runs in `folders` with their scores; those that have none are named and left out.

    Raises:
        UsageError: fewer than two runs are named.
        AttnlabError: fewer than two can be scored, or their scores cannot be compared.
    """
    if len(folders) < 2:
        raise UsageError(
            "comparing takes two runs or more: attnlab compare RUN RUN, or a folder that holds "
            "several, such as a sweep's"
        )
    scored = []
    for folder in folders:
        try:
            scored.append(score_run(folder, config, splits, metrics))
        except AttnlabError as error:
            logger.warning("left out: %s: %s", folder, error)
    if len(scored) < 2:
        raise AttnlabError(
            f"only {len(scored)} of {len(folders)} runs can be scored, and comparing takes two"
        )
    for other in scored[1:]:
        require_comparable(scored[0], other)
    return scored


def score_run(
    folder: Path, config: InferenceConfig, splits: Sequence[str], metrics: Sequence[str]
) -> ScoredRun:
    """The run in `folder` with its scores, as stored, or else by an evaluation now.

    Raises:
        AttnlabError: the run cannot be read or scored.
    """
    summary = summarise(folder)
    if summary.state is State.UNREADABLE:
        raise AttnlabError(str(summary.error))
    run = with_choices(open_run(folder), config)
    if "bleu" in metrics:
        require_tokeniser(run.config.bleu_tokeniser)
    return _score_run(run, summary, config, splits, metrics)


def _score_run(
    run: Run,
    summary: RunSummary,
    config: InferenceConfig,
    splits: Sequence[str],
    metrics: Sequence[str],
) -> ScoredRun:
    recipe = Recipe.of(run, config)
    found = {split: stored_split(run, recipe, split, metrics) for split in splits}
    missing = [split for split, scores in found.items() if scores is None]
    if missing:
        logger.info("evaluating %s on %s", summary.name, ", ".join(missing))
        evaluate_splits(load_run(run.folder, config), config, missing, metrics)
        found |= {split: stored_split(run, recipe, split, metrics) for split in missing}
    whole = {split: scores for split, scores in found.items() if scores is not None}
    if len(whole) < len(splits):
        raise AttnlabError(f"{run.scores}: scores cannot be kept there; permit writing there")
    return ScoredRun(summary, whole, recipe)


def require_comparable(first: ScoredRun, other: ScoredRun) -> None:
    """Refuse two runs that were scored on different references, or by different signatures.

    Raises:
        AttnlabError: they were.
    """
    names = f"{first.summary.name} and {other.summary.name}"
    for split, ours in first.splits.items():
        theirs = other.splits[split]
        if ours.references != theirs.references:
            raise AttnlabError(
                f"{names} were scored on different references of split {split}; compare runs of "
                "one corpus, or score both on one file: attnlab eval --source FILE --reference FILE"
            )
        for metric, measured in ours.metrics.items():
            if theirs.metrics[metric].signature != measured.signature:
                raise AttnlabError(
                    f"{names} were scored by different signatures of {metric}: "
                    f"{measured.signature} and {theirs.metrics[metric].signature}; give "
                    "bleu_tokeniser= for both"
                )
