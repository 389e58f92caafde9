"""Train a new run, resume one, or take part in one as a further process."""

import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from omegaconf import DictConfig

from attnlab.config import ExperimentConfig, with_absolute_paths
from attnlab.data.token_cache import TokenisedCorpus, tokenised_corpus
from attnlab.data.vocabulary import VocabularyPair
from attnlab.jobs.job import job, set_run_folder
from attnlab.run.environment import record_environment
from attnlab.run.folder import (
    Run,
    create_run,
    finished_by,
    mark_failed,
    open_run,
    run_lock,
    write_config,
    writing_to,
)
from attnlab.run.loaded import pick_device, update_of_checkpoint
from attnlab.run.summary import find_runs, summarise
from attnlab.support.errors import AttnlabError, described
from attnlab.support.files import sync
from attnlab.support.folders import shown_path
from attnlab.support.schema import from_node
from attnlab.trainer.changes import changed_config, changes
from attnlab.trainer.initial import InitialRun, corpus_for, load_initial
from attnlab.trainer.progress import Outcome, announce
from attnlab.trainer.training import Training
from attnlab.training.distributed import ProcessGroup
from attnlab.training.execution import resolve_precision
from attnlab.training.resuming import has_checkpoint
from attnlab.training.selection import quality

_SECONDS_TO_END = 60.0  # for a job of a sweep that was killed: it notices, and saves its run

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SharedRun:
    """A run that all processes train, and whether it is resumed."""

    run: Run
    vocabulary: VocabularyPair
    resume: bool


class RunBroadcast:
    """Sends the first process's run, or the error that it failed with, to the others of `group`."""

    def __init__(self, group: ProcessGroup) -> None:
        self.group = group
        self._is_sent = False

    def send(self, content: SharedRun | AttnlabError) -> None:
        """Send, from the first process, what `receive` returns or raises in the others."""
        self._is_sent = True
        self.group.broadcast(content)

    @contextmanager
    def sending_failure(self) -> Iterator[None]:
        """A block with a `send`; an error before it is sent instead, so that no process waits.

        Other exceptions become an `AttnlabError`, since not all of them can be pickled.
        """
        try:
            yield
        except BaseException as error:
            if not self._is_sent:
                text = described(error) if isinstance(error, Exception) else type(error).__name__
                ended = AttnlabError(f"the first process of this training has ended: {text}")
                with suppress(RuntimeError):  # the others may have ended
                    self.send(error if isinstance(error, AttnlabError) else ended)
            raise

    def receive(self) -> SharedRun:
        """The first process's run, in the other processes.

        Raises:
            AttnlabError: the first process failed, with this error.
        """
        content: SharedRun | AttnlabError | None = self.group.broadcast(None)
        if isinstance(content, AttnlabError):
            raise content
        assert isinstance(content, SharedRun)
        return content


def _load_together(
    load_corpus: Callable[[], TokenisedCorpus], group: ProcessGroup
) -> TokenisedCorpus:
    """The corpus that each process loads from its machine's own files.

    Raises:
        AttnlabError: one of them cannot, or has other sentences than the first.
    """
    with group.raise_together():
        corpus = load_corpus()
    found = group.gather((socket.gethostname(), corpus.digest))
    for rank, (machine, digest) in enumerate(found):
        if digest != found[0][1]:
            raise AttnlabError(
                f"process {rank} ({machine}) has other sentences than process 0 ({found[0][0]}); "
                "give every machine the same files in the place that data.root= names"
            )
    return corpus


def _with_new_vocabulary(run: Run, initial: InitialRun | None) -> tuple[Run, TokenisedCorpus]:
    """Load the run's corpus and write its vocabulary, perhaps that of `initial`, to its folder.

    The returned run has the digests of both in its identity.
    """
    corpus = corpus_for(run.config, initial)
    if run.identity is not None:
        digests = {"corpus": corpus.digest, "vocabulary": corpus.vocabulary.digest}
        run = replace(run, identity=replace(run.identity, **digests))
    with writing_to(run.folder):
        write_config(run)
        corpus.vocabulary.save(run.folder)
        files = [path for path in run.folder.iterdir() if path.is_file()]
        sync([*files, run.folder, *list(run.folder.absolute().parents)[:2]])
    return run, corpus


def _with_own_corpus(run: Run) -> TokenisedCorpus:
    """Load the corpus of a run to be resumed, in the run's own vocabulary.

    Raises:
        AttnlabError: the vocabulary or the sentences are not those that it was trained on.
    """
    corpus = tokenised_corpus(run.config.data, run.config.seed, run.load_vocabulary())
    if run.identity is None or run.identity.corpus is None:
        logger.warning(
            "%s: was begun by an attnlab that recorded no digest of its corpus; the training goes "
            "on with what the files hold now",
            run.folder,
        )
    elif corpus.digest != run.identity.corpus:
        files = dict.fromkeys(path for each in corpus.reports.values() for path in each.paths)
        raise AttnlabError(
            f"{', '.join(files)}: not the sentences that {run.folder} was trained on (their digest "
            "is another); put those back, name where they are with data.root= or data.train=, or "
            "train a new run"
        )
    return corpus


def _training(
    run: Run,
    corpus: TokenisedCorpus,
    broadcast: RunBroadcast,
    initial: InitialRun | None,
    resume: bool = False,
) -> Training:
    """The first process's training, after the others have the same run and corpus."""
    record_environment(run.folder)
    broadcast.send(SharedRun(run, corpus.vocabulary, resume))
    _load_together(lambda: corpus, broadcast.group)
    return Training(run, corpus, resume, broadcast.group, initial)


def take_part(broadcast: RunBroadcast) -> None:
    """Train, as a further process, the run that the first process trains."""
    shared, group = broadcast.receive(), broadcast.group
    config = shared.run.config
    corpus = _load_together(
        lambda: tokenised_corpus(config.data, config.seed, shared.vocabulary), group
    )
    Training(shared.run, corpus, shared.resume, group).finish()


def train_job(
    node: DictConfig,
    broadcast: RunBroadcast,
    continued: bool = False,
    report: Callable[[Outcome], None] = announce,
) -> float | None:
    """One job of `attnlab train`, as Hydra's launchers call it; `report` is told its outcome.

    Where a sweep is `continued`, a run of the same name and overrides stands for the job: a
    finished one is left alone, any other is resumed. Returns stopping.metric at its best, for
    sweepers that search (`is_minimised` says in which direction). A job that its launcher requeued
    goes on with its run likewise.
    """
    config = from_node(ExperimentConfig, node)
    config.data = with_absolute_paths(config.data)
    device = pick_device(broadcast.group.own_device(config.device))
    config.precision = resolve_precision(config.precision, device)
    current = job()
    goes_on = continued or current.is_requeued
    begun = _begun_by(current.overrides, config) if goes_on else None
    if begun is not None:
        set_run_folder(begun)
        if finished_by(begun) is None:
            return resume(begun, [], broadcast, most_seconds=_SECONDS_TO_END, report=report)
        logger.info("%s is finished", shown_path(begun))
        return summarise(begun).best.get(config.stopping.metric)
    initial = load_initial(config)
    with current.new_folder(config.runs_root, config.name) as new, run_lock(new.path):
        run = create_run(new.path, config, current.overrides)
        run, corpus = _with_new_vocabulary(run, initial)
        training = _training(run, corpus, broadcast, initial)
        new.keep()  # until here any failure, and Ctrl-C, removes it
        set_run_folder(new.path)
        outcome = _finish(training, run.folder)
    report(outcome)
    return _best_score(outcome)


def is_minimised(node: DictConfig) -> bool:
    """Whether a lower value of `train_job` is better."""
    return quality(node.stopping.metric, 1.0) < 0


def _begun_by(overrides: Sequence[str], config: ExperimentConfig) -> Path | None:
    """The latest run of a config's name that was begun with these overrides; a finished one first.

    Overrides tell jobs apart: precision, say, may have been resolved to another value since.
    """
    folders = []
    for folder in find_runs(Path(config.runs_root).absolute() / config.name):
        with suppress(OSError, ValueError, RecursionError, yaml.YAMLError):
            text = (folder / "overrides.yaml").read_text(encoding="utf-8")
            if yaml.safe_load(text) == list(overrides):
                folders.append(folder)
    finished = [folder for folder in folders if finished_by(folder) is not None]
    return next(reversed(finished or folders), None)


def _best_score(outcome: Outcome) -> float | None:
    metric = outcome.run.config.stopping.metric
    return outcome.best.scores[metric] if outcome.best else None


def resume(
    folder: Path,
    overrides: Sequence[str],
    broadcast: RunBroadcast,
    *,
    most_seconds: float = 0,
    report: Callable[[Outcome], None] = announce,
) -> float | None:
    """Train the run in `folder` on from its last checkpoint, with `overrides` on its config.

    A run that was interrupted before its first checkpoint begins again, with the same result.
    Another process that still has it is given `most_seconds` to end. `report` is told the outcome.
    Returns stopping.metric at its best.
    """
    with run_lock(folder, most_seconds=most_seconds):
        before = open_run(folder)
        run = replace(before, config=changed_config(before.config, overrides))
        run.config.precision = resolve_precision(
            run.config.precision, pick_device(broadcast.group.own_device(run.config.device))
        )
        initial = None
        if has_checkpoint(run.checkpoints):
            corpus = _with_own_corpus(run)
        else:  # perhaps its vocabulary is not whole either
            _require_no_loss(before)
            initial = load_initial(run.config)
            run, corpus = _with_new_vocabulary(run, initial)
        training = _training(run, corpus, broadcast, initial, resume=True)
        for key, (old, new) in changes(before.config, run.config).items():
            values = ("null" if each is None else each for each in (new, old))
            logger.info("resuming with %s=%s (was %s)", key, *values)
        write_config(run)
        outcome = _finish(training, run.folder)
    report(outcome)
    return _best_score(outcome)


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
