"""Train a new run, resume one, or take part in one as a further process."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig

from attnlab.config import ExperimentConfig, with_absolute_paths
from attnlab.jobs import job
from attnlab.run.folder import (
    Run,
    create_run,
    finished_by,
    mark_failed,
    open_run,
    write_config,
)
from attnlab.run.loaded import pick_device, update_of_checkpoint
from attnlab.support.errors import AttnlabError, described
from attnlab.support.files import run_lock
from attnlab.support.schema import from_node
from attnlab.trainer.broadcast import RunBroadcast
from attnlab.trainer.changes import changed_config, changes
from attnlab.trainer.preparing import load, with_new_vocabulary, with_own_corpus
from attnlab.trainer.progress import Outcome, announce
from attnlab.trainer.training import Training
from attnlab.training.execution import resolve_precision
from attnlab.training.resuming import has_checkpoint

logger = logging.getLogger(__name__)


def train_job(node: DictConfig, broadcast: RunBroadcast) -> float | None:
    """One job of `attnlab train`, as Hydra's launchers call it.

    Returns stopping.metric at its best, for sweepers that search (loss and ter are to be minimised,
    the others maximised).
    """
    config = from_node(ExperimentConfig, node)
    config.data = with_absolute_paths(config.data)
    device = pick_device(broadcast.group.own_device(config.device))
    config.precision = resolve_precision(config.precision, device)
    current = job()
    with current.new_folder(config.runs_root, config.name) as new, run_lock(new.path):
        run = create_run(new.path, config, current.overrides)
        run, corpus = with_new_vocabulary(run)
        broadcast.send(run, corpus, resume=False)
        training = Training(run, corpus, resume=False, group=broadcast.group)
        new.keep()  # until here any failure, and Ctrl-C, removes it
        outcome = _finish(training, run.folder)
    announce(outcome)
    return outcome.best.scores[config.stopping.metric] if outcome.best else None


def resume(folder: Path, overrides: Sequence[str], broadcast: RunBroadcast) -> None:
    """Train the run in `folder` on from its last checkpoint, with `overrides` on its config.

    A run that was interrupted before its first checkpoint begins again, with the same result.
    """
    with run_lock(folder):
        before = open_run(folder)
        run = replace(before, config=changed_config(before.config, overrides))
        run.config.precision = resolve_precision(
            run.config.precision, pick_device(broadcast.group.own_device(run.config.device))
        )
        if has_checkpoint(run.checkpoints):
            corpus = with_own_corpus(run)
        else:  # perhaps its vocabulary is not whole either
            _require_no_loss(before)
            run, corpus = with_new_vocabulary(run)
        broadcast.send(run, corpus, resume=True)
        training = Training(run, corpus, resume=True, group=broadcast.group)
        for key, (old, new) in changes(before.config, run.config).items():
            logger.info("resuming with %s=%s (was %s)", key, new, old)
        write_config(run)
        outcome = _finish(training, run.folder)
    announce(outcome)


def _finish(training: Training, folder: Path) -> Outcome:
    """Train to the end; an error leaves its message in `folder`."""
    try:
        return training.finish()
    except Exception as error:
        with suppress(OSError):
            mark_failed(folder, described(error))
        raise


def _require_no_loss(run: Run) -> None:
    """Refuse to begin a run again whose checkpoints were deleted."""
    updates = update_of_checkpoint(run, "last")
    if finished_by(run.folder) is not None or updates > run.config.checkpoint_every:
        raise AttnlabError(
            f"{run.checkpoints}: neither last nor previous is there, so the run cannot be resumed; "
            "put one of them back, or train a new run"
        )


def take_part(broadcast: RunBroadcast) -> None:
    """Train the run that the first process of the group trains."""
    shared, corpus = broadcast.receive(lambda shared: load(shared.run.config, shared.vocabulary))
    Training(shared.run, corpus, shared.resume, broadcast.group).finish()
