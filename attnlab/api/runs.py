"""Runs from Python: loaded or trained, and asked for translations, pages and scores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, overload

from attnlab import launch
from attnlab.api.translations import ExplorerPage, SentenceTranslation, explore
from attnlab.config import ExperimentConfig, InferenceConfig
from attnlab.data.pairs import SentencePair
from attnlab.data.reading.lines import normalise
from attnlab.evaluate.sentences import sentences_of
from attnlab.evaluate.splits import Evaluation, evaluate_splits
from attnlab.evaluation.metrics import NAMES
from attnlab.inspection.forced import log_likelihoods
from attnlab.models import EncoderDecoder
from attnlab.run.folder import find_run
from attnlab.run.loaded import LoadedRun, load_run
from attnlab.support.console import messages_to
from attnlab.support.errors import UsageError
from attnlab.support.folders import expanded
from attnlab.support.interruption import Interrupted, ignoring_repeated_signals
from attnlab.trainer import train as trainer
from attnlab.trainer.progress import Outcome, log_outcome
from attnlab.training.distributed import ALONE
from attnlab.translate import Translation


def load(
    run: str | Path | None = None,
    overrides: str | Sequence[str] = (),
    *,
    config_dir: str | Path | None = None,
) -> "TrainedRun":
    """Load a trained run.

    Args:
        run: Its folder, NAME/RUN under runs_root, or NAME for the latest of that name; None is the
            latest of all.
        overrides: Settings such as "search=greedy", "checkpoint=last" and "device=cpu", as behind
            the run in `attnlab eval`.
        config_dir: A folder with config groups of your own.

    Raises:
        AttnlabError: there is no such run, or it is damaged.
        UsageError: an override names no setting, or gives it a wrong value.
    """
    config = launch.compose_inference(_listed(overrides), _path(config_dir))
    name = None if run is None else expanded(str(run), "run")
    folder = find_run(name, expanded(config.runs_root, "runs_root"))
    return TrainedRun(load_run(folder, config), config)


def train(
    overrides: str | Sequence[str] = (),
    *,
    resume: str | Path | None = None,
    listen: Callable[[str], None] | None = None,
    config_dir: str | Path | None = None,
) -> "TrainedRun":
    """Train a new run, and load it with its best weights.

    Messages and progress go to standard error. Ctrl-C, or a notebook's button, ends the training
    with a checkpoint, from which `resume` goes on.

    Args:
        overrides: Settings such as "model=transformer" and "max_updates=200", as behind
            `attnlab train`.
        resume: A run to go on with instead of a new one; `overrides` then change its settings.
        listen: Called with each message, which is then not printed.
        config_dir: A folder with config groups of your own.

    Raises:
        AttnlabError: the corpus cannot be read, the run cannot be written, or its loss is not
            finite.
        UsageError: an override names no setting, or gives it a wrong value.
        KeyboardInterrupt: a signal stopped the training, which is saved.
    """
    outcomes: list[Outcome] = []

    def report(outcome: Outcome) -> None:
        log_outcome(outcome)
        outcomes.append(outcome)

    broadcast = trainer.RunBroadcast(ALONE)
    try:
        with messages_to(listen), ignoring_repeated_signals():
            if resume is not None:
                folder = find_run(expanded(str(resume), "resume"), "runs", trained=False)
                trainer.resume(folder, _listed(overrides), broadcast, report=report)
            else:
                launch.run(
                    partial(trainer.train_job, broadcast=broadcast, report=report),
                    _listed(overrides),
                    config_dir=_path(config_dir),
                    sweeps=False,
                )
    except Interrupted as interruption:
        raise KeyboardInterrupt(str(interruption)) from None
    [outcome] = outcomes
    return load(outcome.run.folder)


def _listed(overrides: str | Sequence[str]) -> list[str]:
    return [overrides] if isinstance(overrides, str) else list(overrides)


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


@dataclass(frozen=True, repr=False)
class TrainedRun:
    """A trained run: its model, in evaluation mode, with its vocabulary and a search.

    `loaded` is what attnlab's own code works with; `config` are the settings that it was loaded
    with.
    """

    loaded: LoadedRun
    config: InferenceConfig

    def __repr__(self) -> str:
        return f"<{self.loaded.described}>"

    @property
    def folder(self) -> Path:
        """Its folder."""
        return self.loaded.run.folder

    @property
    def settings(self) -> ExperimentConfig:
        """The settings of its training: `settings.score.name`, `settings.seed` and so on."""
        return self.loaded.run.config

    @property
    def model(self) -> EncoderDecoder[Any]:
        """The model, a `torch.nn.Module`."""
        return self.loaded.model

    @overload
    def translate(self, text: str, *, prefix: str = "") -> SentenceTranslation: ...

    @overload
    def translate(self, text: list[str], *, prefix: str = "") -> list[SentenceTranslation]: ...

    def translate(
        self, text: str | list[str], *, prefix: str = ""
    ) -> SentenceTranslation | list[SentenceTranslation]:
        """Translate a sentence, or each of several, with the run's search.

        A sentence longer than data.max_characters is cut, with a warning. The translation of a
        blank one is empty. Translations begin with the text `prefix`.

        Raises:
            UsageError: the vocabulary lacks a character of `prefix`.
        """
        texts = [text] if isinstance(text, str) else list(text)
        found = [
            self._searched(f"text-{number}", SentencePair(each.source, ""), each)
            for number, each in enumerate(
                self.loaded.translator.translate(texts, prefix=prefix), start=1
            )
        ]
        return found[0] if isinstance(text, str) else found

    def sentence(
        self, number: int, split: str = "test", *, reference: bool = False
    ) -> SentenceTranslation:
        """Translate a sentence of the run's corpus, by its `number` in a split, from 1.

        With `reference`, the model decodes the corpus's own translation instead.

        Raises:
            UsageError: there is no such split or sentence.
        """
        [(name, pair)] = sentences_of(self.loaded, split, [number]).items()
        if reference:
            return self._given(name, pair)
        [found] = self.loaded.translator.translate([pair.source])
        return self._searched(name, pair, found)

    def force(self, source: str, target: str) -> SentenceTranslation:
        """Have the model decode `target`, whatever it would have said itself: forced decoding."""
        return self._given("text-1", SentencePair(normalise(source), normalise(target)))

    def _searched(self, name: str, pair: SentencePair, found: Translation) -> SentenceTranslation:
        return SentenceTranslation(
            source=found.source,
            text=found.text,
            log_probability=found.log_probability,
            loaded=self.loaded,
            name=name,
            pair=pair,
            target_tokens=found.target_tokens,
            is_given=False,
        )

    def _given(self, name: str, pair: SentencePair) -> SentenceTranslation:
        texts = [(pair.source, pair.target)]
        model, vocabulary = self.loaded.model, self.loaded.vocabulary
        [log_probability] = log_likelihoods(model, vocabulary, texts, self.config.batch_tokens)
        return SentenceTranslation(
            source=pair.source,
            text=pair.target,
            log_probability=log_probability,
            loaded=self.loaded,
            name=name,
            pair=pair,
            target_tokens=vocabulary.target.encode(pair.target),
            is_given=True,
        )

    def explorer(
        self, translations: Sequence[SentenceTranslation], *, pieces: bool = False
    ) -> ExplorerPage:
        """One page on which the attention of `translations` can be explored, over words or pieces.

        Raises:
            AttnlabError: the model has no attention.
            UsageError: there are no sentences, one is blank, or some are forced and some are not.
        """
        return explore(self.loaded, translations, pieces=pieces)

    def score(
        self,
        split: str = "test",
        metrics: Sequence[str] = ("bleu", "chrf", "exact"),
        *,
        by: Sequence[str] = (),
        alignment: bool = False,
        lowercase: bool = False,
    ) -> Evaluation:
        """Translate a split of the run's corpus and score it, as `attnlab eval` does.

        Texts and scores are kept in the run's folder. `score()["bleu"]` is a number, `print` shows
        all with their signatures, and `as_json()` has everything.

        Args:
            split: A split, or "all" for all but train.
            metrics: Some of bleu, chrf, exact, ter and tokenised.
            by: Groups of sentences that are scored, too: "tag" or "length".
            alignment: Whether to measure how well each head aligns words, against gold links.
            lowercase: Whether metrics ignore case.

        Raises:
            UsageError: there is no such split, metric or grouping.
        """
        for each in metrics:
            if each not in NAMES:
                raise UsageError(f"metric {each} is none of: {', '.join(NAMES)}")
        return evaluate_splits(self.loaded, self.config, [split], metrics, by, alignment, lowercase)
