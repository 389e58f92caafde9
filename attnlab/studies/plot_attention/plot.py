"""`attnlab plot-attention`: sentences translated, looked into and drawn, a figure each."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from attnlab.evaluate.inspected import Inspected, inspect_sentences
from attnlab.inspection.choice import ALL, Choice, kinds_of
from attnlab.inspection.drawing import REFERENCE, TRANSLATION, draw_translation
from attnlab.plotting import Figure
from attnlab.run.loaded import LoadedRun, require_attention
from attnlab.studies.plot_attention.best_head import find_best_heads
from attnlab.studies.plot_attention.files import Destination, file_stem, write_figures
from attnlab.support.errors import UsageError

Remark = Callable[[Inspected], str]
"""A line under the figure of a sentence."""
Remarks = Callable[[LoadedRun, Sequence[Choice], str], Remark]
"""Makes it of a model, of what is drawn and of the split that it is compared with."""

_NO_GOLD = (
    "no gold alignment is outlined, since it is that of the reference, and this translation is "
    "another"
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which maps are drawn, and how; `kinds` may hold "all", `best` leaves one head of each kind.

    `average`: "heads", "layers" or both. `gold`: whether gold links are outlined. `remarks`:
    what else a line under each figure says. `title`: of
    every figure, in place of its sentence; "" is none. `captions`: whether anything is said under
    a figure, and in a filmstrip above it.

    Raises:
        UsageError: two of them contradict each other.
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
        """What stands over a sentence's figure."""
        return f"{source}\n→ {target}" if self.title is None else self.title

    def note(self, *lines: str) -> str:
        """What stands under a figure: those of the `lines` that are not empty, or nothing."""
        return "\n".join(filter(None, lines)) if self.captions else ""


@dataclass(frozen=True)
class Resolved:
    """What is drawn of one model: a choice for each kind, and why, where that was measured."""

    choices: list[Choice]
    reason: str


def resolve(trained: LoadedRun, wanted: Wanted, split: str) -> Resolved:
    """The choices that `wanted` comes to with this model; `split` decides which head is best.

    Raises:
        UsageError: the model has no attention of such a kind.
    """
    kinds = kinds_of(trained.model, wanted.kinds)
    if wanted.best:
        found = find_best_heads(trained, split, kinds)
        reasons = [
            f"{each.kind}: {each.reason}" if len(found) > 1 else each.reason for each in found
        ]
        return Resolved([each.choice for each in found], "\n".join(reasons))
    choice = Choice(
        kind="",
        layers=tuple(wanted.layers),
        heads=tuple(wanted.heads),
        average=frozenset(wanted.average),
    )
    return Resolved([replace(choice, kind=kind) for kind in kinds], "")


def plot_translations(
    trained: LoadedRun,
    *,
    texts: Sequence[str],
    split: str,
    numbers: Sequence[int],
    reference: bool,
    wanted: Wanted,
    output: Path | None,
    suffix: str,
) -> Iterator[Path]:
    """Translate and draw `texts`, or else the sentences of a split with these `numbers` (from 1).

    With `reference`, the model reads the corpus's translation in place of its own. Gives each
    file's path once it is written: `output` if that names a file, or a file in it, or in the run's
    own folder. A PDF that is named has a page for each sentence.

    Raises:
        AttnlabError: the model has no attention, or a figure cannot be written.
        UsageError: there is no such sentence, kind, layer or head; or several figures are to be
            one picture.
    """
    require_attention(trained, "plot")
    destination = Destination(output or trained.run.plots, suffix)
    destination.require_room_for(len(texts or numbers))
    resolved = resolve(trained, wanted, split)
    remark = wanted.remarks(trained, resolved.choices, split) if wanted.remarks else None
    sentences = inspect_sentences(
        trained,
        texts=texts,
        split=split,
        numbers=numbers,
        reference=reference,
        pieces=wanted.pieces,
    )
    yield from write_figures(
        (
            (
                file_stem(sentence.name, resolved.choices, wanted.best),
                _figure(trained, sentence, resolved, wanted, reference, remark),
            )
            for sentence in sentences
        ),
        destination,
    )


def _figure(
    trained: LoadedRun,
    sentence: Inspected,
    resolved: Resolved,
    wanted: Wanted,
    reference: bool,
    remark: Remark | None,
) -> Figure:
    is_cross = any(choice.kind == "cross" for choice in resolved.choices)
    misses_gold = wanted.gold and is_cross and sentence.pair.alignment and sentence.gold is None
    remarks = [trained.described, resolved.reason, _NO_GOLD if misses_gold else ""]
    remarks += [remark(sentence)] if remark else []
    return draw_translation(
        sentence.maps,
        resolved.choices,
        heading=wanted.heading(sentence.source, sentence.target),
        note=wanted.note(*remarks),
        target_name=REFERENCE if reference else TRANSLATION,
        gold=sentence.gold if wanted.gold else None,
        print_weights=wanted.print_weights,
    )
