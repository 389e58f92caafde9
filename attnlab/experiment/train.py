"""Train a run, resume one, or take part in one: its config, its folder and its corpus."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from attnlab import launch
from attnlab.config import ExperimentConfig, with_absolute_paths
from attnlab.experiment.occupied import sole_writer
from attnlab.experiment.outcome import announce
from attnlab.experiment.preparing import load, with_new_vocabulary
from attnlab.experiment.together import Orders
from attnlab.experiment.trained import pick_device
from attnlab.experiment.training import Training
from attnlab.run import create_run, open_run, write_config
from attnlab.schema import from_node
from attnlab.text.vocabulary import VocabularyPair
from attnlab.training.precision import resolve_precision
from attnlab.training.resuming import has_checkpoint


def train_job(node: DictConfig, orders: Orders) -> float | None:
    """One job of `attnlab train`, as Hydra's launchers call it.

    Returns stopping.metric at its best, for sweepers that search (loss and ter are to be minimised,
    the others maximised).
    """
    config = from_node(ExperimentConfig, node)
    config.data = with_absolute_paths(config.data)
    device = pick_device(orders.group.own_device(config.device))
    config.precision = resolve_precision(config.precision, device)
    job = launch.job()
    with job.new_folder(config.runs_root, config.name) as new, sole_writer(new.path):
        run = create_run(new.path, config, job.overrides)
        corpus = with_new_vocabulary(run)
        orders.give(run, corpus, resume=False)
        training = Training(run, corpus, resume=False, group=orders.group)
        new.keep()  # until here any failure, and Ctrl-C, removes it
        outcome = training.finish()
    announce(outcome)
    return outcome.best.scores[config.stopping.metric] if outcome.best else None


def resume(folder: Path, overrides: Sequence[str], orders: Orders) -> None:
    """Go on with the run in `folder` from its last checkpoint, with `overrides` on its config.

    A run that was cut before its first checkpoint begins once more, as it began before.
    """
    with sole_writer(folder):
        run = open_run(folder, overrides)
        if has_checkpoint(run.checkpoints):
            corpus = load(run.config, VocabularyPair.load(folder))
        else:  # it may have been cut before its vocabulary was whole
            corpus = with_new_vocabulary(run)
        orders.give(run, corpus, resume=True)
        training = Training(run, corpus, resume=True, group=orders.group)
        write_config(folder, run.config)
        outcome = training.finish()
    announce(outcome)


def take_part(orders: Orders) -> None:
    """Train what the first process of the group is asked to train."""
    work, corpus = orders.take(lambda work: load(work.run.config, work.vocabulary))
    Training(work.run, corpus, work.resume, orders.group).finish()
