"""Train a run: from its config to checkpoints, metrics and a TensorBoard log."""

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from attnlab import launch
from attnlab.config import ExperimentConfig, from_node, seconds, with_absolute_paths
from attnlab.errors import AttnlabError
from attnlab.experiment.interruption import Interrupted, deferred_signals
from attnlab.experiment.progress import ProgressDisplay, clock, progress_display
from attnlab.experiment.trained import build_model, pick_device
from attnlab.experiment.validation import Validation, Validator
from attnlab.models import EncoderDecoder
from attnlab.run import Run, create_run, open_run, write_config
from attnlab.text.batching import EncodedPair, TrainingBatches
from attnlab.text.corpus import Corpus, load_corpus
from attnlab.text.reading import SentencePair
from attnlab.text.vocabulary import VocabularyPair
from attnlab.training.allocator import keep_freed_memory
from attnlab.training.checkpoint import restore_training, save_checkpoint, training_state
from attnlab.training.loop import Limits, Progress, Step, optimise
from attnlab.training.optimiser import OPTIMISERS
from attnlab.training.precision import resolve_precision
from attnlab.training.schedule import SCHEDULES
from attnlab.training.tracking import Tracker

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """A finished training: its run, how it was validated at its best, and how long it took."""

    run: Run
    best: Validation | None
    updates: int
    seconds: float


def train_job(node: DictConfig) -> float | None:
    """One job of `attnlab train`, as Hydra's launchers call it.

    Returns the best valid BLEU, for sweepers that search (they are to maximise it).
    """
    folder = launch.job_folder()
    with _nothing_left_if_refused(folder):
        config = from_node(ExperimentConfig, node)
        config.data = with_absolute_paths(config.data)
        config.precision = resolve_precision(config.precision, pick_device(config.device))
        run = create_run(folder, config, launch.job_overrides())
        corpus = _load(config)
        vocabulary = VocabularyPair.train(corpus.splits["train"], config.vocabulary)
        vocabulary.save(folder)
        training = _Training(run, corpus, vocabulary, resume=False)
    outcome = training.finish()
    announce(outcome)
    return outcome.best.bleu if outcome.best else None


def resume(folder: Path, overrides: Sequence[str]) -> None:
    """Go on with the run in `folder` from its last checkpoint, with `overrides` on its config."""
    run = open_run(folder, overrides)
    training = _Training(run, _load(run.config), VocabularyPair.load(folder), resume=True)
    write_config(folder, run.config)
    announce(training.finish())


@contextmanager
def _nothing_left_if_refused(folder: Path) -> Iterator[None]:
    """A run that is refused before it began leaves no folder, unless there was something in it."""
    was_empty = not any(folder.iterdir())
    try:
        yield
    except AttnlabError:
        if was_empty:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _load(config: ExperimentConfig) -> Corpus:
    corpus = load_corpus(config.data, config.seed)
    for report in corpus.reports.values():
        logger.info("%s", report)
    return corpus


def announce(outcome: Outcome) -> None:
    """Say what came out and what to type next; the run's folder goes to standard output."""
    best = f" · best {outcome.best}" if outcome.best else ""
    logger.info("trained %s updates in %s%s", f"{outcome.updates:,}", clock(outcome.seconds), best)
    folder = outcome.run.folder
    shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    print(shown)  # noqa: T201 - the result, for scripts
    logger.info(
        "what to type next:\n"
        "  attnlab eval %(run)s --bleu\n"
        "  attnlab plot-attention %(run)s\n"
        "  attnlab translate %(run)s\n"
        "  tensorboard --logdir %(root)s",
        {"run": shown, "root": outcome.run.config.runs_root},
    )


def encode(pairs: Sequence[SentencePair], vocabulary: VocabularyPair) -> list[EncodedPair]:
    """Sentence pairs as token ids."""
    sources = vocabulary.source.encode_many([pair.source for pair in pairs])
    targets = vocabulary.target.encode_many([pair.target for pair in pairs])
    return [EncodedPair(source, target) for source, target in zip(sources, targets, strict=True)]


def limits_of(config: ExperimentConfig) -> Limits:
    """When the configured training ends."""
    return Limits(
        max_updates=config.max_updates,
        max_epochs=config.max_epochs,
        max_seconds=None if config.max_time is None else seconds(config.max_time),
    )


class _Training:
    """Everything that one run trains with, put together; `finish` does the training."""

    def __init__(self, run: Run, corpus: Corpus, vocabulary: VocabularyPair, resume: bool) -> None:
        config = run.config
        self._run, self._limits = run, limits_of(config)
        self._schedule = SCHEDULES.build(config.schedule)
        keep_freed_memory()
        torch.manual_seed(config.seed)
        device = pick_device(config.device)
        self._model: EncoderDecoder[Any] = build_model(config, vocabulary, device)
        self._optimiser = OPTIMISERS.build(config.optimiser, self._model)
        self._progress, best = Progress(), None
        if resume:
            self._progress, best = restore_training(
                run.checkpoints / "last", self._model, self._optimiser
            )
        self._best = Validation(*best) if best is not None else None
        self._batches = TrainingBatches(
            encode(corpus.splits["train"], vocabulary), config.batch_tokens, config.seed
        )
        self._tracker = Tracker(run.folder, self._progress.update)
        self._validator = None
        if corpus.splits.get("valid"):
            valid = corpus.splits["valid"]
            self._validator = Validator(
                config, self._model, vocabulary, valid, encode(valid, vocabulary), self._tracker
            )
        parameters = sum(parameter.numel() for parameter in self._model.parameters())
        logger.info(
            "%s · %s parameters · vocabulary %s · score %s · %s products · %s, %d thread%s",
            config.model.name,
            f"{parameters:,}",
            f"{len(vocabulary.target):,}",
            config.score.name,
            config.precision,
            device,
            torch.get_num_threads(),
            "" if torch.get_num_threads() == 1 else "s",
        )
        if resume:
            logger.info("going on from update %s", f"{self._progress.update:,}")

    def finish(self) -> Outcome:
        """Train until a limit is reached or somebody asks for an end.

        Raises:
            Interrupted: somebody did; the last checkpoint is that of the moment.
        """
        config = self._run.config
        steps = optimise(
            self._model,
            self._batches,
            self._optimiser,
            self._schedule,
            self._limits,
            self._progress,
            learning_rate=config.optimiser.learning_rate,
            label_smoothing=config.label_smoothing,
            clip_norm=config.optimiser.clip_norm,
            precision=config.precision,
        )
        since_log: list[Step] = []
        try:
            with deferred_signals() as request, progress_display() as display:
                for step in steps:
                    display.step(step)
                    since_log.append(step)
                    if step.update % config.log_every == 0:
                        self._log(since_log)
                    if step.update % config.validate_every == 0:
                        self._validate(display)
                    if step.update % config.checkpoint_every == 0:
                        self._save_last()
                    if request.signal_number is not None:
                        self._save_last()
                        raise Interrupted(
                            request.signal_number,
                            f"stopped at update {step.update:,}, and saved; go on with: "
                            f"attnlab train --resume {self._run.folder}",
                        )
                if since_log:
                    self._log(since_log)
                if self._progress.update % config.validate_every or not self._progress.update:
                    self._validate(display)
            self._save_last()
            self._conclude()
        finally:
            self._tracker.close()
        return Outcome(self._run, self._best, self._progress.update, self._progress.seconds())

    def _log(self, steps: list[Step]) -> None:
        """Record the mean of `steps`, each target token counting alike, and forget them."""
        tokens = sum(step.target_tokens for step in steps)
        self._tracker.scalars(
            steps[-1].update,
            {
                "train/loss": sum(step.loss * step.target_tokens for step in steps) / tokens,
                "train/gradient_norm": sum(step.gradient_norm for step in steps) / len(steps),
                "train/learning_rate": steps[-1].learning_rate,
                "train/tokens_per_second": tokens / sum(step.seconds for step in steps),
                "train/epoch": steps[-1].epoch,
            },
        )
        steps.clear()

    def _validate(self, display: ProgressDisplay) -> None:
        """Measure the model as it is; keep it if it is the best so far."""
        best_folder = self._run.checkpoints / "best"
        if self._validator is None:
            save_checkpoint(best_folder, self._model)
            return
        with display.validating():
            found = self._validator.validate(self._progress.update)
        is_best = self._best is None or found.is_better_than(self._best)
        if is_best:
            self._best = found
            save_checkpoint(best_folder, self._model)
        told = "  (the best so far)" if is_best else ""
        logger.info("update %s · valid %s%s", f"{self._progress.update:,}", found, told)

    def _save_last(self) -> None:
        best = None if self._best is None else [self._best.bleu, self._best.loss]
        save_checkpoint(
            self._run.checkpoints / "last",
            self._model,
            training_state(self._model, self._optimiser, self._progress, best),
        )

    def _conclude(self) -> None:
        if self._best is None:
            return
        flat = flatten(asdict(self._run.config))
        results = {"best/bleu": self._best.bleu, "best/loss": self._best.loss}
        self._tracker.hyperparameters(flat, results)


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"model": {"size": 3}}` as `{"model.size": 3}`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
