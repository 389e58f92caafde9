"""One run's training: its parts, and what is done before, between and after its steps."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import asdict

from attnlab.attention.recording import attends, attentions
from attnlab.data.token_cache import TokenisedCorpus
from attnlab.run.folder import Run, mark_finished, mark_going_on, writing_to
from attnlab.support.files import remove_leftovers
from attnlab.support.folders import shown_path
from attnlab.support.interruption import Interrupted, StopRequest, deferred_signals
from attnlab.trainer.attention_history import AttentionHistory
from attnlab.trainer.build import assemble
from attnlab.trainer.initial import InitialRun, initialise
from attnlab.trainer.monitor import Monitor, NonFiniteBatches, watched_pairs
from attnlab.trainer.progress import (
    Outcome,
    ProgressDisplay,
    log_resume,
    log_start,
    progress_display,
)
from attnlab.trainer.tracking import Tracker
from attnlab.trainer.validation import ValidationInterrupted, Validator, require_validation
from attnlab.training.averaging import MovingAverage
from attnlab.training.distributed import ProcessGroup
from attnlab.training.loop import NonFinite
from attnlab.training.profiling import Profiler
from attnlab.training.resuming import Checkpoints
from attnlab.training.schedule import SCHEDULES
from attnlab.training.selection import LOSS, Validation
from attnlab.training.snapshots import drop_snapshots_after
from attnlab.training.state import Step, StepSums, TrainState

logger = logging.getLogger(__name__)


class Training:
    """All that one run trains with; `finish` trains it.

    `group` are the processes that train it together, seen from this one. `initial`: the run whose
    weights it begins with; None in processes but the first, for random weights, and where a
    checkpoint is resumed.
    """

    def __init__(
        self,
        run: Run,
        corpus: TokenisedCorpus,
        resume: bool,
        group: ProcessGroup,
        initial: InitialRun | None = None,
    ) -> None:
        config, vocabulary = run.config, corpus.vocabulary
        self._run, self._group, self._limits = run, group, config.limits
        self._schedule = SCHEDULES.build(config.schedule)
        self._assembly = assemble(config, corpus, group)
        self._model = self._assembly.model
        if config.init_from is not None:
            initialise(self._model, vocabulary, initial, group)
        self._average = MovingAverage(config.averaging, self._model)
        self._saved, self._request = False, StopRequest()
        self._checkpoints = Checkpoints(
            run.checkpoints,
            self._model,
            self._assembly.optimiser,
            self._schedule,
            self._average,
            group=group,
            identity=run.identity,
        )
        restored = self._checkpoints.restore(self._check) if resume else None
        if restored is not None:
            config.stopping.require_metric(restored.metric)
            self._checkpoints.replace_lost_best(restored)
        self._state = restored or TrainState(config.stopping.metric)
        self._non_finite = NonFiniteBatches(run, vocabulary, writes=group.is_first)
        self._tracker = Tracker(None)
        self._validator, self._history, self._profiler = None, None, None
        update = self._state.update
        if group.is_first:
            with writing_to(run.folder):
                for folder in (run.folder, run.checkpoints, run.attention, run.profile):
                    remove_leftovers(folder)
                drop_snapshots_after(run.checkpoints, update)
                at = update if restored else None
                self._tracker = Tracker(run.folder, at, self._state.recorded)
                self._tracker.hyperparameters(asdict(config))
                metrics = dict.fromkeys([*config.validate_metrics, config.stopping.metric])
                shown = [each for each in metrics if each != LOSS]
                self._tracker.layout(shown if corpus.valid else [], attentions(self._model))
                if corpus.valid:
                    watched = corpus.valid[: config.watch_sentences]
                    self._history = AttentionHistory(
                        run.attention, self._model, vocabulary, watched, update
                    )
            if config.profile:
                self._profiler = Profiler(config.profiling, run.profile)
        if corpus.valid:
            self._validator = Validator(
                config, self._model, vocabulary, corpus.valid, self._tracker, group
            )
        else:
            require_validation(config, self._schedule)
        watch_every = config.watch_every if group.is_first else None
        self._monitor = Monitor(self._model, watched_pairs(corpus), watch_every)
        log_start(config, vocabulary, self._model, group)
        if resume:
            log_resume(restored, group)

    def finish(self) -> Outcome:
        """Train until a limit is reached.

        Raises:
            Interrupted: by a signal; everything is saved.
        """
        steps = self._assembly.steps(self._schedule, self._limits, self._state, self._average)
        several, shown = self._group.size > 1, self._group.is_first
        begun = self._state.update
        self._group.remember(self._run.folder)
        # Files are closed before any failure is reported.
        with ExitStack() as ending:
            ending.enter_context(writing_to(self._run.folder))
            if shown:
                mark_going_on(self._run.folder)
            ending.enter_context(closing(self._tracker))
            if self._profiler is not None:
                ending.enter_context(closing(self._profiler))
                self._profiler.start(self._state.update)
            with deferred_signals(several) as self._request, progress_display(shown) as display:
                try:
                    stopped = self._go_on(steps, display)
                except ValidationInterrupted:
                    raise self._interrupted() from None
                self._save_last()
                self._tracker.finished()
            why = stopped or f"it has reached {self._limit()}"
            if shown:
                mark_finished(self._run.folder, self._state.update, why)
            if stopped is None and self._state.update == begun:
                logger.info("nothing is left to train: %s; raise it, and it goes on", why)
        self._group.wait()
        if not several and (number := self._request.signal_number) is not None:  # of a sweep, say
            raise Interrupted(number, f"stopped when {self._run.folder} was done, and saved")
        best, seconds_taken = self._state.best, self._state.seconds()
        return Outcome(
            self._run, best, self._state.update, seconds_taken, stopped, attends(self._model)
        )

    def _go_on(self, steps: Iterator[Step | NonFinite], display: ProgressDisplay) -> str | None:
        """Take the steps, with all that is due between them; returns why training stopped early."""
        is_new = self._state.update == 0 and self._state.validated is None
        if is_new and self._run.config.init_from is not None:
            self._save_last()  # from here on the other run is not needed
            self._validate(display)
        if self._is_validation_due() and self._state.validated != self._state.update:
            self._validate_and_adjust(display)  # which the run was interrupted in
        self._monitor.before(self._state.update + 1)
        while (stopped := self._reason_to_stop()) is None:
            step = next(steps, None)
            if step is None:
                break
            if isinstance(step, NonFinite):
                self._non_finite.handle(step, self._state)
                continue
            self._after(step, display)
            if self._asked_to_end():
                raise self._interrupted()
        if self._state.unreported.steps:
            self._report()
        if self._state.validated != self._state.update:
            self._validate(display)
        return stopped

    def _asked_to_end(self) -> int:
        """The signal that asked any of the processes to end; 0 is none."""
        return self._group.all_reduce_max(self._request.signal_number or 0)

    def _interrupted(self) -> Interrupted:
        """Save everything; returns the exception that says so."""
        signal_number = self._asked_to_end()
        self._save_last()
        self._group.wait()  # torchrun kills all as soon as one ends
        return Interrupted(
            signal_number,
            f"stopped at update {self._state.update:,}, and saved; go on with: "
            f"attnlab train --resume {shown_path(self._run.folder)}",
        )

    def _reason_to_stop(self) -> str | None:
        return self._run.config.stopping.reason_to_stop(self._state.patience)

    def _check(self, state: TrainState) -> None:
        """Refuse, with a ValueError, a state that this run's corpus cannot lead to."""
        if state.batch > self._assembly.batches.batches_in(state.epoch):
            raise ValueError("batch is out of range")

    def _limit(self) -> str:
        """The limit that training has reached, as NAME=VALUE."""
        batches = self._assembly.batches.batches_in(self._state.epoch)
        name = self._limits.reached(self._state, batches)
        value = self._run.config.max_time if name == "max_time" else getattr(self._limits, name)
        return f"{name}={value}"

    def _after(self, step: Step, display: ProgressDisplay) -> None:
        """Show `step`, and do what is due after it."""
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
        report["seconds/training"] = self._state.seconds()
        if self._run.config.on_non_finite == "skip":
            report["train/skipped"] = self._state.skipped
        self._tracker.scalars(self._state.update, report)
        self._state.unreported, self._saved = StepSums(), False

    def _is_validation_due(self) -> bool:
        update = self._state.update
        return update > 0 and update % self._run.config.validate_every == 0

    def _validate_and_adjust(self, display: ProgressDisplay) -> None:
        """Validate, and let schedule and patience observe the quality."""
        found, stopping = self._validate(display), self._run.config.stopping
        if found is not None:
            quality = found.quality(stopping.metric)
            self._schedule.observe(quality)
            self._state.patience.observe(quality, stopping.minimum_improvement)

    def _validate(self, display: ProgressDisplay) -> Validation | None:
        """Measure the model, or its average, and save it if it is the best so far.

        None where the corpus has no validation split.

        Raises:
            ValidationInterrupted: by a signal; nothing was recorded.
        """
        self._saved = False
        with self._average.applied():
            self._checkpoints.save_snapshot(self._state.update, self._run.config.keep_checkpoints)
            if self._validator is None:
                self._state.validated = self._state.update
                self._checkpoints.save_best(self._state.update)
                return None
            with display.validating():
                found = self._validator.validate(self._state.update, self._measuring())
                if self._history is not None:
                    epochs = self._assembly.epochs(self._state)
                    self._history.record(self._state.update, epochs, found.scores)
            self._state.validated = self._state.update
            is_best = self._state.take(found)
            if is_best:
                self._tracker.best(self._state.update, found.scores)
                self._checkpoints.save_best(self._state.update)
        remark = "  (the best so far)" if is_best else ""
        logger.info("update %s · valid %s%s", f"{self._state.update:,}", found, remark)
        return found

    def _measuring(self) -> AbstractContextManager[None]:
        """A block that a signal ends at once; not with several processes, of which all must end."""
        return (
            self._request.raising(ValidationInterrupted) if self._group.size == 1 else nullcontext()
        )

    def _save_last(self) -> None:
        """Save everything into the last checkpoint, unless it is there already."""
        if not self._saved:
            self._state.recorded = self._tracker.flush()
            recorded = [self._run.folder / name for name in self._state.recorded]
            self._checkpoints.save_last(self._state, recorded)
            self._saved = True
