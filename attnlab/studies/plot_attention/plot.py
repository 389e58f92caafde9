"""Figures of `attnlab plot-attention`: a sentence each, its attention maps as heatmaps."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from attnlab.evaluate.sentences import Inspected, inspect_sentences
from attnlab.inspection.drawing import (
    ALL,
    REFERENCE,
    TRANSLATION,
    Choice,
    draw_translation,
    kinds_of,
)
from attnlab.plotting import Figure
from attnlab.plotting.saving import figure_suffix, save_figure, save_pages
from attnlab.run.loaded import LoadedRun, require_attention
from attnlab.studies.plot_attention.animation import GIF
from attnlab.studies.plot_attention.best_head import find_best_heads
from attnlab.support.errors import UsageError

Remark = Callable[[Inspected], str]
"""Makes a further line of the caption of a sentence's figure."""
Remarks = Callable[[LoadedRun, Sequence[Choice], str], Remark]
"""Makes a `Remark` for a model, the maps that are drawn, and a split to compare with."""

_NO_GOLD = "no gold alignment is outlined: it is that of the reference, this translation is another"


@dataclass(frozen=True, kw_only=True)
class PlotOptions:
    """Which maps are drawn, and how.

    Attributes:
        kinds: Kinds of attention, or "all".
        layers, heads: Their numbers from 1; empty for all.
        average: "heads", "layers" or both, over which the mean is drawn.
        best: Draw one head of each kind, the best.
        gold: Outline gold links.
        pieces: Label with pieces instead of words.
        print_weights: Print weights into the cells of small maps.
        title: Heading in place of the sentence; "" for none.
        captions: Write lines about the run under each figure.
        remarks: Makes a further line of the caption.

    Raises:
        UsageError: Two of them contradict each other.
    """

    kinds: Sequence[str]
    layers: Sequence[int]
    heads: Sequence[int]
    average: Collection[str]
    best: bool
    gold: bool
    pieces: bool
    print_weights: bool
    title: str | None = None
    captions: bool = True
    remarks: Remarks | None = None

    def __post_init__(self) -> None:
        others = (("--layer", self.layers), ("--head", self.heads), ("--average", self.average))
        for option, value in others:
            if self.best and value:
                raise UsageError(f"--best chooses one head by itself; leave out {option} or --best")
        if not self.kinds:
            raise UsageError(f"no kind of attention is named; choose one, or {ALL}")

    def heading(self, source: str, target: str) -> str:
        """Heading of a sentence's figure."""
        return f"{source}\n→ {target}" if self.title is None else self.title

    def note(self, *lines: str) -> str:
        """Caption of a figure, of the `lines` that are not empty."""
        return "\n".join(filter(None, lines)) if self.captions else ""

    def choose(self, trained: LoadedRun, split: str) -> tuple[list[Choice], str]:
        """The maps of each kind, and why the best head is chosen, measured on `split`.

        Raises:
            UsageError: the model has no attention of such a kind.
        """
        kinds = kinds_of(trained.model, self.kinds)
        if self.best:
            found = find_best_heads(trained, split, kinds)
            reasons = [
                f"{each.kind}: {each.reason}" if len(found) > 1 else each.reason for each in found
            ]
            return [each.choice for each in found], "\n".join(reasons)
        choice = Choice(
            kind="",
            layers=tuple(self.layers),
            heads=tuple(self.heads),
            average=frozenset(self.average),
        )
        return [replace(choice, kind=kind) for kind in kinds], ""

    def stem(self, sentence: str, choices: Sequence[Choice]) -> str:
        """Name of a figure's file without suffix, as `test-7-cross-layer2-head1`."""
        first = choices[0]
        parts = [sentence, *(choice.kind for choice in choices)]
        if self.best:
            return "-".join([*parts, "best"])
        parts += [f"layer{number}" for number in first.layers]
        parts += [f"head{number}" for number in first.heads]
        return "-".join([*parts, *(f"mean-of-{what}" for what in sorted(first.average))])


@dataclass(frozen=True)
class Destination:
    """Where figures are written: the file `output`, or files with `suffix` in the folder `output`.

    A file's own suffix decides its format.
    """

    output: Path
    suffix: str

    @property
    def file(self) -> Path | None:
        """The one file, where `output` names one."""
        return self.output if self.output.suffix and not self.output.is_dir() else None

    @property
    def format(self) -> str:
        """Suffix of what is written, in lower case."""
        return self.suffix if self.file is None else self.file.suffix.lower()

    def path(self, stem: str) -> Path:
        """The one file, or that of this name in the folder."""
        return self.file or self.output / f"{stem}{self.suffix}"

    def require_room_for(self, figures: int) -> None:
        """Refuse, before anything is drawn, what cannot be written.

        Raises:
            UsageError: several figures for one file that holds a single one.
            AttnlabError: figures are not written with such a suffix.
        """
        if self.file is None:
            return
        if self.format != GIF:
            figure_suffix(self.file)
        if figures > 1 and self.format != ".pdf":
            raise UsageError(
                f"--output {self.file} is one file for {figures} figures; name a folder, a .pdf, "
                "which has pages, or choose one --sentence"
            )

    def write(self, figures: Iterable[tuple[str, Figure]]) -> Iterator[Path]:
        """Write figures by stem, a file each or the pages of a PDF; yields each written path."""
        if self.file is not None and self.format == ".pdf":
            save_pages((figure for _, figure in figures), self.file)
            yield self.file
            return
        for stem, figure in figures:
            path = self.path(stem)
            save_figure(figure, path)
            yield path


def draw_sentence(
    sentence: Inspected,
    choices: Sequence[Choice],
    options: PlotOptions,
    described: Sequence[str],
    *remarks: str,
    reference: bool,
) -> Figure:
    """Draw the `choices` among the maps of one sentence.

    `described`: lines of the caption about the run; `remarks`: further ones, about the sentence.
    With `reference`, the target is the corpus's translation in place of the model's own.
    """
    shows_gold = options.gold and any(choice.kind == "cross" for choice in choices)
    misses_gold = shows_gold and sentence.pair.alignment and sentence.gold is None
    return draw_translation(
        sentence.maps,
        choices,
        heading=options.heading(sentence.source, sentence.target),
        note=options.note(*described, _NO_GOLD if misses_gold else "", *remarks),
        target_name=REFERENCE if reference else TRANSLATION,
        gold=sentence.gold if options.gold else None,
        print_weights=options.print_weights,
    )


def plot_translations(
    trained: LoadedRun,
    *,
    texts: Sequence[str],
    split: str,
    numbers: Sequence[int],
    reference: bool,
    options: PlotOptions,
    output: Path | None,
    suffix: str,
) -> Iterator[Path]:
    """Translate and draw `texts`, or else the sentences of a split with these `numbers` (from 1).

    With `reference`, the corpus's translation is drawn in place of the model's own. `output` is a
    file or a folder, by default the run's own; a PDF has a page for each sentence. Yields each
    written path.

    Raises:
        AttnlabError: the model has no attention, or a figure cannot be written.
        UsageError: there is no such sentence, kind, layer or head; or several figures are to be
            one picture.
    """
    require_attention(trained, "plot")
    destination = Destination(output or trained.run.plots, suffix)
    destination.require_room_for(len(texts or numbers))
    choices, reason = options.choose(trained, split)
    remark = options.remarks(trained, choices, split) if options.remarks else None

    def figure(sentence: Inspected) -> Figure:
        more = remark(sentence) if remark else ""
        described = (trained.described, reason)
        return draw_sentence(sentence, choices, options, described, more, reference=reference)

    sentences = inspect_sentences(
        trained,
        texts=texts,
        split=split,
        numbers=numbers,
        reference=reference,
        pieces=options.pieces,
    )
    yield from destination.write(
        (options.stem(each.name, choices), figure(each)) for each in sentences
    )
