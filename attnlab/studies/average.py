"""Checkpoint averaging: the mean of weights of one or several runs (Vaswani et al. 2017, 6.1)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from attnlab.data.vocabulary import VocabularyPair
from attnlab.models.layers import running_statistics
from attnlab.run.folder import Run, open_run, run_lock
from attnlab.run.layout import AVERAGED, METRICS
from attnlab.run.loaded import build_model
from attnlab.run.metrics import recorded_validations
from attnlab.support.errors import AttnlabError
from attnlab.training.checkpoint import (
    RunIdentity,
    load_weights,
    save_checkpoint,
)
from attnlab.training.snapshots import kept_snapshots, snapshot_number

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """Selection of a run's checkpoints: the last `number` of them, or the `best`; None is all."""

    number: int | None
    best: bool

    def __str__(self) -> str:
        return f"--{'best' if self.best else 'last'} {self.number}"


def average_checkpoints(folders: Sequence[Path], choice: Choice) -> Path:
    """Write the mean of chosen checkpoints of the runs in `folders`; returns its folder.

    It is written to the first run, as the checkpoint `averaged`, and replaces an earlier one.

    Raises:
        AttnlabError: a run has none or too few, one is damaged, the runs differ in model or
            vocabulary, or the first is being trained.
    """
    runs = [open_run(folder) for folder in {each.resolve(): each for each in folders}.values()]
    first = runs[0]
    vocabulary = first.load_vocabulary()
    for other in runs[1:]:
        _require_alike(first, other, vocabulary)
    chosen = [(path, run) for run in runs for path in choose_checkpoints(run, choice)]
    averaged = first.checkpoints / AVERAGED
    model = build_model(first.config, vocabulary, torch.device("cpu"))
    with run_lock(first.folder):
        load_mean([(path, run.identity) for path, run in chosen], model)
        latest = max(snapshot_number(path.name) or 0 for path, _ in chosen)
        save_checkpoint(averaged, model, identity=first.identity, update=latest)
    names = ", ".join(path.name for path, _ in chosen)
    logger.info("averaged %s checkpoints: %s", len(chosen), names)
    return averaged


def choose_checkpoints(run: Run, choice: Choice) -> list[Path]:
    """The folders of the `choice` among the numbered checkpoints of `run`, in their order.

    Raises:
        AttnlabError: there are fewer, or none, or no validation scores of them.
    """
    snapshots = kept_snapshots(run.checkpoints)
    wanted = len(snapshots) if choice.number is None else choice.number
    if not snapshots:
        raise AttnlabError(
            f"{run.folder}: no checkpoints were kept to average; train with keep_checkpoints=5 "
            "(the run can go on: attnlab train --resume)"
        )
    if wanted > len(snapshots):
        raise AttnlabError(
            f"{run.folder}: {choice} asks for more than the {len(snapshots)} checkpoints that were "
            f"kept; ask for fewer, or train with keep_checkpoints={wanted}"
        )
    updates = list(snapshots)
    if choice.best:
        qualities = _qualities(run)
        updates = [update for update in snapshots if update in qualities]
        if wanted > len(updates):
            raise AttnlabError(
                f"{run.folder}: {METRICS} has valid/{run.config.stopping.metric} of "
                f"{len(updates)} kept checkpoints only, and {choice} asks for {wanted}; use --last"
            )
        updates.sort(key=lambda update: qualities[update])
    return [snapshots[update] for update in sorted(updates[-wanted:])]


def _qualities(run: Run) -> dict[int, float]:
    """Validation quality by update, by the metric `stopping.metric`."""
    metric = run.config.stopping.metric
    return {
        update: found.quality(metric)
        for update, found in recorded_validations(run.folder).items()
        if metric in found.scores
    }


def _require_alike(run: Run, other: Run, vocabulary: VocabularyPair) -> None:
    """Refuse runs of another model or vocabulary."""
    one, two = run.config.weights_mean, other.config.weights_mean
    for name in one | two:
        if one.get(name) != two.get(name):
            raise AttnlabError(
                f"{other.folder} cannot be averaged with {run.folder}: {name} is "
                f"{two.get(name)} there and {one.get(name)} here; average runs of one model"
            )
    if other.load_vocabulary().digest != vocabulary.digest:
        raise AttnlabError(
            f"{other.folder} cannot be averaged with {run.folder}: its vocabulary is another, so "
            "that the same row of a table is another word's; average runs of one vocabulary"
        )


@torch.no_grad()
def load_mean(checkpoints: Sequence[tuple[Path, RunIdentity | None]], model: nn.Module) -> None:
    """Load the mean of the weights in `checkpoints` into `model`, summed in float64.

    Each checkpoint comes with the identity of its run. Batch norms' running statistics are
    averaged likewise. Raises what `load_weights` does.
    """
    weights = [*model.parameters(), *running_statistics(model)]  # a tied one is there once
    sums = [torch.zeros_like(weight, dtype=torch.float64) for weight in weights]
    for folder, identity in checkpoints:
        load_weights(folder, model, identity)
        for total, weight in zip(sums, weights, strict=True):
            total += weight
    for total, weight in zip(sums, weights, strict=True):
        weight.copy_(total / len(checkpoints))
