"""attnlab from Python, in scripts and notebooks: runs, their translations and their attention.

    import attnlab

    run = attnlab.load("builtin-transformer")
    translation = run.translate("The cat sleeps.")
    translation.attention["decoder.layer2.cross"]  # (heads, queries, keys)
    translation.plot()

It is a thin layer over what the commands use. Failures are raised as `AttnlabError`, whose message
names the thing and the remedy.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from html import escape
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from attnlab import launch
from attnlab.attention.recording import attends, attentions
from attnlab.config import ExperimentConfig, InferenceConfig
from attnlab.data.pairs import SentencePair
from attnlab.data.reading.lines import normalise
from attnlab.evaluate.sentences import Inspected, inspect_pair, sentences_of
from attnlab.evaluate.splits import Evaluation, evaluate_splits
from attnlab.evaluation.metrics import NAMES
from attnlab.inspection.forced import kind_and_layer, log_likelihoods
from attnlab.models import EncoderDecoder
from attnlab.plotting import Figure
from attnlab.plotting.saving import save_page
from attnlab.run.folder import find_run
from attnlab.run.loaded import LoadedRun, load_run, require_attention
from attnlab.studies.explorer.job import draw_explorer
from attnlab.studies.plot_attention.plot import PlotOptions, draw_sentence
from attnlab.support.console import messages_to
from attnlab.support.errors import AttnlabError as AttnlabError  # for those who use the API
from attnlab.support.errors import UsageError as UsageError
from attnlab.support.folders import expanded
from attnlab.support.interruption import Interrupted, ignoring_repeated_signals
from attnlab.trainer import train as trainer
from attnlab.trainer.progress import Outcome, log_outcome
from attnlab.training.distributed import ALONE
from attnlab.translate import Translation

_EXPLORER_HEIGHT = 760  # pixels of a page within a notebook


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
    def translate(self, text: str) -> "SentenceTranslation": ...

    @overload
    def translate(self, text: list[str]) -> "list[SentenceTranslation]": ...

    def translate(self, text: str | list[str]) -> "SentenceTranslation | list[SentenceTranslation]":
        """Translate a sentence, or each of several, with the run's search.

        A sentence longer than data.max_characters is cut, with a warning. The translation of a
        blank one is empty.
        """
        texts = [text] if isinstance(text, str) else list(text)
        found = [
            self._searched(f"text-{number}", SentencePair(each.source, ""), each)
            for number, each in enumerate(self.loaded.translator.translate(texts), start=1)
        ]
        return found[0] if isinstance(text, str) else found

    def sentence(
        self, number: int, split: str = "test", *, reference: bool = False
    ) -> "SentenceTranslation":
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

    def force(self, source: str, target: str) -> "SentenceTranslation":
        """Have the model decode `target`, whatever it would have said itself: forced decoding."""
        return self._given("text-1", SentencePair(normalise(source), normalise(target)))

    def _searched(self, name: str, pair: SentencePair, found: Translation) -> "SentenceTranslation":
        return SentenceTranslation(
            source=found.source,
            text=found.text,
            log_probability=found.log_probability,
            run=self,
            name=name,
            pair=pair,
            target_tokens=found.target_tokens,
            is_given=False,
        )

    def _given(self, name: str, pair: SentencePair) -> "SentenceTranslation":
        texts = [(pair.source, pair.target)]
        model, vocabulary = self.loaded.model, self.loaded.vocabulary
        [log_probability] = log_likelihoods(model, vocabulary, texts, self.config.batch_tokens)
        return SentenceTranslation(
            source=pair.source,
            text=pair.target,
            log_probability=log_probability,
            run=self,
            name=name,
            pair=pair,
            target_tokens=vocabulary.target.encode(pair.target),
            is_given=True,
        )

    def explorer(
        self, translations: "Sequence[SentenceTranslation]", *, pieces: bool = False
    ) -> "ExplorerPage":
        """One page on which the attention of `translations` can be explored, over words or pieces.

        Raises:
            AttnlabError: the model has no attention.
            UsageError: there are no sentences, one is blank, or some are forced and some are not.
        """
        require_attention(self.loaded, "explore")
        if len({each.is_given for each in translations}) != 1:
            raise UsageError(
                "a page shows one sentence or more, and either translations or forced targets; "
                "make a page of each"
            )
        page = draw_explorer(
            self.loaded,
            [each.inspected(pieces=pieces) for each in translations],
            "your own" if translations[0].name.startswith("text-") else "the corpus's",
            reference=translations[0].is_given,
            pieces=pieces,
        )
        return ExplorerPage(page)

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


@dataclass(frozen=True)
class SentenceTranslation:
    """A sentence and its translation, or a target that the model was forced to decode.

    Attributes:
        source: The sentence.
        text: Its translation.
        log_probability: log p(text | source) in nats, with the end of the sentence; 0 for a blank
            source.
        run: The run that has translated it.
        name: "text-1", or "test-7" for a sentence of the corpus.
        pair: The corpus's pair, or the sentence with an empty target.
        target_tokens: Ids of the pieces of `text`.
        is_given: Whether `text` was given, and not found by search.
    """

    source: str
    text: str
    log_probability: float
    run: TrainedRun = field(repr=False)
    name: str = field(repr=False)
    pair: SentencePair = field(repr=False)
    target_tokens: list[int] = field(repr=False)
    is_given: bool = field(repr=False)

    @property
    def pieces(self) -> list[str]:
        """The pieces of the translation; "▁" begins a word."""
        return self.run.loaded.vocabulary.target.pieces(self.target_tokens)

    @property
    def source_pieces(self) -> list[str]:
        """The pieces of the sentence."""
        vocabulary = self.run.loaded.vocabulary.source
        return vocabulary.pieces(vocabulary.encode(self.source))

    @cached_property
    def attention(self) -> Mapping[str, NDArray[np.float32]]:
        """Weights over pieces by attention, each (heads, queries, keys); `axes` names the rest.

        By forced decoding of the whole translation, which gives the weights of its search.

        Raises:
            AttnlabError: the model has no attention.
            UsageError: the sentence is blank.
        """
        maps = self.inspected(pieces=True).maps
        return {
            name: np.stack([each.weights for each in maps if (each.kind, each.layer) == which])
            for name, which in self._names.items()
        }

    @cached_property
    def axes(self) -> Mapping[str, dict[str, list[Any]]]:
        """The labels of the axes of each attention: "head", from 1; "query" and "key", pieces.

        A query of the decoder's own attention is the piece that it reads, from the beginning on;
        one of cross-attention the piece that it predicts, up to the end.
        """
        maps = self.inspected(pieces=True).maps
        found: dict[str, dict[str, list[Any]]] = {}
        for name, which in self._names.items():
            of_heads = [each for each in maps if (each.kind, each.layer) == which]
            heads = [each.head for each in of_heads]
            first = of_heads[0]
            found[name] = {"head": heads, "query": first.queries, "key": first.keys}
        return found

    @property
    def _names(self) -> dict[str, tuple[str, int]]:
        return {name: kind_and_layer(name) for name in attentions(self.run.model)}

    def inspected(self, *, pieces: bool = False) -> Inspected:
        """What studies work with: maps over words or `pieces`, and gold links if there are any.

        Raises:
            AttnlabError: the model has no attention.
            UsageError: the sentence is blank.
        """
        return self._over_pieces if pieces else self._over_words

    @cached_property
    def _over_words(self) -> Inspected:
        return self._inspect(pieces=False)

    @cached_property
    def _over_pieces(self) -> Inspected:
        return self._inspect(pieces=True)

    def _inspect(self, *, pieces: bool) -> Inspected:
        if not self.source_pieces:
            raise UsageError("an empty sentence has no attention to look into; give it some words")
        return inspect_pair(
            self.run.loaded,
            self.name,
            self.pair,
            self.text,
            self.target_tokens,
            reference=self.is_given,
            pieces=pieces,
        )

    def plot(
        self,
        kinds: str | Sequence[str] = "cross",
        *,
        layers: Sequence[int] = (),
        heads: Sequence[int] = (),
        average: Collection[str] = (),
        best: bool = False,
        gold: bool = True,
        pieces: bool = False,
        numbers: bool = False,
        title: str | None = None,
        caption: bool = True,
    ) -> Figure:
        """Draw attention as heatmaps, as `attnlab plot-attention` does.

        Returns a figure of matplotlib's, which a notebook shows and `savefig` writes.

        Args:
            kinds: Of "cross", "encoder" and "decoder", or "all".
            layers: Numbers from 1; all if empty.
            heads: Likewise.
            average: "heads", "layers" or both, over which the mean is drawn.
            best: Draw the head of each kind that aligns best on the test split, or has the lowest
                entropy where the corpus has no alignments.
            gold: Outline the corpus's word alignment.
            pieces: Label with pieces instead of words.
            numbers: Print the weights into the cells of small maps.
            title: Heading in place of the sentence and its translation; "" for none.
            caption: Name the run under the figure.

        Raises:
            AttnlabError: the model has no attention.
            UsageError: there is no such kind, layer or head.
        """
        loaded = self.run.loaded
        require_attention(loaded, "plot")
        options = PlotOptions(
            kinds=[kinds] if isinstance(kinds, str) else list(kinds),
            layers=layers,
            heads=heads,
            average=average,
            best=best,
            gold=gold,
            pieces=pieces,
            print_weights=numbers,
            title=title,
            captions=caption,
        )
        choices, reason = options.choose(loaded, "test")
        return draw_sentence(
            self.inspected(pieces=pieces),
            choices,
            options,
            (loaded.described, reason),
            reference=self.is_given,
        )

    def explorer(self, *, pieces: bool = False) -> "ExplorerPage":
        """A page on which every head can be explored, over words or pieces.

        Raises:
            AttnlabError: the model has no attention.
            UsageError: the sentence is blank.
        """
        return self.run.explorer([self], pieces=pieces)

    def _repr_html_(self) -> str:
        if attends(self.run.model) and self.source_pieces:
            return self.explorer()._repr_html_()
        return f"<p>{escape(self.source)}<br>→ {escape(self.text)}</p>"


@dataclass(frozen=True, repr=False)
class ExplorerPage:
    """A page for the browser in one file; a notebook shows it in a frame of its own."""

    html: str

    def save(self, path: str | Path) -> Path:
        """Write the page to `path`, and return it.

        Raises:
            AttnlabError: a place that cannot be written to.
        """
        place = Path(expanded(str(path), "path"))
        save_page(self.html, place)
        return place

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.html)}" title="attention" width="100%" '
            f'height="{_EXPLORER_HEIGHT}" style="border: 0"></iframe>'
        )
