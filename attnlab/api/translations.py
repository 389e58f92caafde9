"""A sentence and its translation from Python: weights as numpy, figures, pages for a notebook."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.attention.recording import attends, attentions
from attnlab.data.pairs import SentencePair
from attnlab.evaluate.sentences import Inspected, inspect_pair
from attnlab.inspection.forced import kind_and_layer
from attnlab.plotting import Figure
from attnlab.plotting.saving import save_page
from attnlab.run.loaded import LoadedRun, require_attention
from attnlab.studies.explorer.job import draw_explorer
from attnlab.studies.plot_attention.plot import PlotOptions, draw_sentence
from attnlab.support.errors import UsageError
from attnlab.support.folders import expanded

_EXPLORER_HEIGHT = 760  # pixels of a page within a notebook


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


@dataclass(frozen=True)
class SentenceTranslation:
    """A sentence and its translation, or a target that the model was forced to decode.

    Attributes:
        source: The sentence.
        text: Its translation.
        log_probability: log p(text | source) in nats, with the end of the sentence; 0 for a blank
            source.
        loaded: The run that has translated it.
        name: "text-1", or "test-7" for a sentence of the corpus.
        pair: The corpus's pair, or the sentence with an empty target.
        target_tokens: Ids of the pieces of `text`.
        is_given: Whether `text` was given, and not found by search.
    """

    source: str
    text: str
    log_probability: float
    loaded: LoadedRun = field(repr=False)
    name: str = field(repr=False)
    pair: SentencePair = field(repr=False)
    target_tokens: list[int] = field(repr=False)
    is_given: bool = field(repr=False)

    @property
    def pieces(self) -> list[str]:
        """The pieces of the translation; "▁" begins a word."""
        return self.loaded.vocabulary.target.pieces(self.target_tokens)

    @property
    def source_pieces(self) -> list[str]:
        """The pieces of the sentence."""
        vocabulary = self.loaded.vocabulary.source
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
        return {name: kind_and_layer(name) for name in attentions(self.loaded.model)}

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
            self.loaded,
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
        require_attention(self.loaded, "plot")
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
        choices, reason = options.choose(self.loaded, "test")
        return draw_sentence(
            self.inspected(pieces=pieces),
            choices,
            options,
            (self.loaded.described, reason),
            reference=self.is_given,
        )

    def explorer(self, *, pieces: bool = False) -> ExplorerPage:
        """A page on which every head can be explored, over words or pieces.

        Raises:
            AttnlabError: the model has no attention.
            UsageError: the sentence is blank.
        """
        return explore(self.loaded, [self], pieces=pieces)

    def _repr_html_(self) -> str:
        if attends(self.loaded.model) and self.source_pieces:
            return self.explorer()._repr_html_()
        return f"<p>{escape(self.source)}<br>→ {escape(self.text)}</p>"


def explore(
    loaded: LoadedRun, translations: Sequence[SentenceTranslation], *, pieces: bool
) -> ExplorerPage:
    """One page on which the attention of `translations` by a run can be explored.

    Raises:
        AttnlabError: the model has no attention.
        UsageError: there are no sentences, one is blank, or some are forced and some are not.
    """
    require_attention(loaded, "explore")
    if len({each.is_given for each in translations}) != 1:
        raise UsageError(
            "a page shows one sentence or more, and either translations or forced targets; "
            "make a page of each"
        )
    page = draw_explorer(
        loaded,
        [each.inspected(pieces=pieces) for each in translations],
        "your own" if translations[0].name.startswith("text-") else "the corpus's",
        reference=translations[0].is_given,
        pieces=pieces,
    )
    return ExplorerPage(page)
