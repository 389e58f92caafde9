"""One run's training: what is done before, between and after its steps.

How a run comes by its config, its folder and its corpus is for `train.py` to know.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import asdict
from typing import Any

from attnlab.attention.recording import attends
from attnlab.data.token_cache import TokenisedCorpus
from attnlab.run.folder import FINISHED, Run, mark_finished
from attnlab.support.files import remove_leftovers, writing_to
from attnlab.support.folders import shown_path
from attnlab.trainer.attention_history import AttentionHistory
from attnlab.trainer.build import assemble
from attnlab.trainer.interruption import Interrupted, Request, deferred_signals
from attnlab.trainer.monitor import Monitor, watched_pairs
from attnlab.trainer.non_finite import NonFiniteBatches
from attnlab.trainer.outcome import Outcome
from attnlab.trainer.preparing import log_resume, log_start
from attnlab.trainer.progress import ProgressDisplay, progress_display
from attnlab.trainer.state import StepSums, TrainState
from attnlab.trainer.stopping import (
    reason_to_stop,
    refuse_to_follow_validation,
    require_same_metric,
)
from attnlab.trainer.tracking import NoTracker, Tracker
from attnlab.trainer.validation import CutShort, Validator
from attnlab.training.averaging import MovingAverage
from attnlab.training.checkpoint import checkpoint_stands, save_checkpoint
from attnlab.training.distributed import ProcessGroup
from attnlab.training.loop import NonFinite, Progress, Step
from attnlab.training.profiling import Profiler
from attnlab.training.resuming import Part, restore_together, training_state
from attnlab.training.schedule import SCHEDULES
from attnlab.training.selection import Validation
from attnlab.training.snapshots import drop_snapshots_after, save_snapshot

logger = logging.getLogger(__name__)


class Training:
    """Everything that one run trains with, put together; `finish` does the training.

    `group` are the processes that train it together, seen from this one.
    """

    def __init__(
        self, run: Run, corpus: TokenisedCorpus, resume: bool, group: ProcessGroup
    ) -> None:
        config, vocabulary = run.config, corpus.vocabulary
        self._run, self._group, self._limits = run, group, config.limits
        self._schedule = SCHEDULES.build(config.schedule)
        self._assembly = assemble(config, corpus, group)
        self._model, self._optimiser = self._assembly.model, self._assembly.optimiser
        self._average = MovingAverage(config.averaging, self._model)
        self._progress, self._state = Progress(), TrainState(config.stopping.metric)
        self._saved, self._request = False, Request()
        restored = None
        if resume:
            restored = restore_together(
                run.checkpoints,
                self._model,
                self._optimiser,
                self._parts(),
                group,
                as_saved=self._average.applied,
                identity=run.identity,
                check=self._check,
            )
        if restored is not None:
            self._progress, self._state = restored.progress, TrainState.from_values(restored.notes)
            require_same_metric(self._state.metric, config.stopping)
            self._replace_lost_best()
        self._non_finite = NonFiniteBatches(run, vocabulary, writes=group.is_first)
        self._tracker: Tracker = NoTracker()
        update = self._progress.update
        if group.is_first:
            with writing_to(run.folder):
                for folder in (run.folder, run.checkpoints, run.attention, run.profile):
                    remove_leftovers(folder)
                drop_snapshots_after(run.checkpoints, update)
                at = update if restored else None
                self._tracker = Tracker(run.folder, at, self._state.recorded)
                self._tracker.hyperparameters(asdict(config))
        self._validator, self._history = None, None
        if valid := corpus.valid:
            self._validator = Validator(
                config, self._model, vocabulary, valid, self._tracker, group
            )
            if group.is_first:
                watched = valid[: config.watch_sentences]
                with writing_to(run.folder):
                    self._history = AttentionHistory(
                        run.attention, self._model, vocabulary, watched, update
                    )
        else:
            refuse_to_follow_validation(config, self._schedule)
        self._profiler = None
        if config.profile and group.is_first:
            self._profiler = Profiler(config.profiling, run.profile)
        watch_every = config.watch_every if group.is_first else None
        self._monitor = Monitor(self._model, watched_pairs(corpus), watch_every)
        log_start(config, vocabulary, self._model, group)
        if resume:
            log_resume(restored, group)

    def finish(self) -> Outcome:
        """Train until a limit is reached or somebody asks for an end.

        Raises:
            Interrupted: somebody did; the last checkpoint is that of the moment.
        """
        steps = self._assembly.steps(self._schedule, self._limits, self._progress, self._average)
        several, shown = self._group.size > 1, self._group.is_first
        begun = self._progress.update
        self._group.remember(self._run.folder)
        # Whoever is told of a failure, or of an end, is told after the last word is written.
        with ExitStack() as ending:
            ending.enter_context(writing_to(self._run.folder))
            if shown:
                (self._run.folder / FINISHED).unlink(missing_ok=True)
            ending.enter_context(closing(self._tracker))
            if self._profiler is not None:
                ending.enter_context(closing(self._profiler))
                self._profiler.start(self._progress.update)
            with deferred_signals(several) as self._request, progress_display(shown) as display:
                try:
                    stopped = self._go_on(steps, display)
                except CutShort:
                    raise self._interrupted() from None
                self._save_last()
                self._tracker.finished()
            why = stopped or f"it has reached {self._limit()}"
            if shown:
                mark_finished(self._run.folder, self._progress.update, why)
            if stopped is None and self._progress.update == begun:
                logger.info("nothing is left to train: %s; raise it, and it goes on", why)
        self._group.wait()
        if not several and (number := self._request.signal_number) is not None:  # of a sweep, say
            raise Interrupted(number, f"stopped when {self._run.folder} was done, and saved")
        best, seconds_taken = self._state.best, self._progress.seconds()
        return Outcome(
            self._run, best, self._progress.update, seconds_taken, stopped, attends(self._model)
        )

    def _go_on(self, steps: Iterator[Step | NonFinite], display: ProgressDisplay) -> str | None:
        """Take the steps, with all that is due between them; returns why no more were taken."""
        if self._is_validation_due() and self._state.validated != self._progress.update:
            self._validate_and_adjust(display)  # the one that the run was cut in
        self._monitor.before(self._progress.update + 1)
        while (stopped := self._reason_to_stop()) is None:
            step = next(steps, None)
            if step is None:
                break
            if isinstance(step, NonFinite):
                self._non_finite.meet(step, self._progress)
                continue
            self._after(step, display)
            if self._asked_to_end():
                raise self._interrupted()
        if self._state.unreported.steps:
            self._report()
        if self._state.validated != self._progress.update:
            self._validate(display)
        return stopped

    def _asked_to_end(self) -> int:
        """By which signal any of the processes was asked to end; 0 by none."""
        return self._group.all_reduce_max(self._request.signal_number or 0)

    def _interrupted(self) -> Interrupted:
        """Save everything, and say so."""
        signal_number = self._asked_to_end()
        self._save_last()
        self._group.wait()  # torchrun kills all as soon as one is gone
        return Interrupted(
            signal_number,
            f"stopped at update {self._progress.update:,}, and saved; go on with: "
            f"attnlab train --resume {shown_path(self._run.folder)}",
        )

    def _reason_to_stop(self) -> str | None:
        return reason_to_stop(self._state.patience, self._run.config.stopping)

    def _check(self, progress: Progress, notes: dict[str, Any]) -> None:
        """Refuse, with a ValueError, what a checkpoint of this run cannot hold."""
        found = TrainState.from_values(notes)
        if found.validated is not None and found.validated > progress.update:
            raise ValueError("notes.validated is out of range")
        if progress.batch > self._assembly.batches.batches_in(progress.epoch):
            raise ValueError("batch is out of range")

    def _limit(self) -> str:
        """The limit that training has reached, as its setting."""
        batches = self._assembly.batches.batches_in(self._progress.epoch)
        name = self._limits.reached(self._progress, batches)
        value = self._run.config.max_time if name == "max_time" else getattr(self._limits, name)
        return f"{name}={value}"

    def _parts(self) -> dict[str, Part]:
        """What has a state of its own besides model and optimiser."""
        return {"schedule": self._schedule, "average": self._average}

    def _after(self, step: Step, display: ProgressDisplay) -> None:
        """Show `step`, and do what is due every so many updates."""
        config = self._run.config
        display.step(step)
        self._state.unreported.add(step)
        self._saved = False
        if step.update % config.log_every == 0:
            self._report()
        if watched := self._monitor.after(step.update):
            self._tracker.scalars(step.update, watched)
        if self._is_validation_due():
            self._validate_and_adjust(display)
        if step.update % config.checkpoint_every == 0:
            self._save_last()
        self._monitor.before(step.update + 1)
        if self._profiler is not None:
            self._profiler.step(step.update)

    def _report(self) -> None:
        """Record the means over the steps since the last report."""
        report = self._state.unreported.report()
        if self._run.config.on_non_finite == "skip":
            report["train/skipped"] = self._progress.skipped
        self._tracker.scalars(self._progress.update, report)
        self._state.unreported, self._saved = StepSums(), False

    def _is_validation_due(self) -> bool:
        update = self._progress.update
        return update > 0 and update % self._run.config.validate_every == 0

    def _validate_and_adjust(self, display: ProgressDisplay) -> None:
        """Measure the model; schedule and patience go by what was found."""
        found, stopping = self._validate(display), self._run.config.stopping
        if found is not None:
            quality = found.quality(stopping.metric)
            self._schedule.observe(quality)
            self._state.patience.observe(quality, stopping.minimum_improvement)

    def _validate(self, display: ProgressDisplay) -> Validation | None:
        """Measure the model, or its average; keep it if it is the best so far.

        None where the corpus has no validation split.

        Raises:
            CutShort: somebody asked for an end; it is to be done once training goes on.
        """
        self._saved = False
        with self._average.applied():
            if self._group.is_first and (keep := self._run.config.keep_checkpoints):
                save_snapshot(
                    self._run.checkpoints,
                    self._progress.update,
                    self._model,
                    keep,
                    self._run.identity,
                )
            if self._validator is None:
                self._state.validated = self._progress.update
                self._save_best()
                return None
            with display.validating():
                found = self._validator.validate(self._progress.update, self._measuring())
                if self._history is not None:
                    epochs = self._assembly.epochs(self._progress)
                    self._history.record(self._progress.update, epochs, found.scores)
            self._state.validated = self._progress.update
            is_best = self._state.take(found)
            if is_best:
                self._tracker.best(self._progress.update, found.scores)
                self._save_best()
        told = "  (the best so far)" if is_best else ""
        logger.info("update %s · valid %s%s", f"{self._progress.update:,}", found, told)
        return found

    def _measuring(self) -> AbstractContextManager[None]:
        """A block that a signal leaves at once.

        Several processes are patient: all would have to give up in the same moment.
        """
        return self._request.raising(CutShort) if self._group.size == 1 else nullcontext()

    def _save_last(self) -> None:
        """Put everything as it is now into the last checkpoint, unless it is there already."""
        if self._saved:
            return
        self._state.recorded = self._tracker.flush()
        notes, parts = self._state.as_values(), self._parts()
        state = training_state(self._optimiser, self._progress, notes, parts, self._group)
        if self._group.is_first:
            with self._average.applied():
                save_checkpoint(
                    self._run.checkpoints / "last",
                    self._model,
                    state,
                    identity=self._run.identity,
                    update=self._progress.update,
                    previous=self._run.checkpoints / "previous",
                    # These are not to lag behind it, even after a power cut.
                    others=[self._run.folder / name for name in self._state.recorded],
                )
        self._saved = True

    def _save_best(self) -> None:
        if self._group.is_first:
            save_checkpoint(
                self._run.checkpoints / "best",
                self._model,
                identity=self._run.identity,
                update=self._progress.update,
            )

    def _replace_lost_best(self) -> None:
        """Have a best checkpoint again where it was deleted, until a validation finds one."""
        best = self._run.checkpoints / "best"
        if self._state.best is None or not self._group.is_first or checkpoint_stands(best):
            return
        logger.warning(
            "%s: is not there; that of update %s takes its place, until the next validation",
            best,
            f"{self._progress.update:,}",
        )
        self._state.best = None
        with self._average.applied():
            self._save_best()
