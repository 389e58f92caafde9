"""Figures of `plot-attention --through-training`: attention to a sentence at each validation."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from attnlab.evaluate.sentences import at_most, find_gold
from attnlab.evaluation.metrics import NAMES
from attnlab.inspection.drawing import REFERENCE, Choice, choose_maps, draw_translation, panel
from attnlab.inspection.maps import label_maps
from attnlab.plotting import Figure
from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.run.loaded import LoadedRun, require_attention
from attnlab.studies.plot_attention.animation import GIF, save_animation
from attnlab.studies.plot_attention.plot import Destination, PlotOptions
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.trainer.attention_history import AttentionSnapshot, read_snapshot, recorded_updates
from attnlab.training.selection import LOSS

SPLIT = "valid"
STRIP_FRAMES = 12
"""Default number of frames of a filmstrip: as many as fit a page."""


def plot_through_training(
    trained: LoadedRun,
    *,
    numbers: Sequence[int],
    most_frames: int | None,
    options: PlotOptions,
    output: Path | None,
    suffix: str,
) -> Iterator[Path]:
    """Draw the watched sentences with these `numbers` (from 1) at each validation of a run.

    Each is a filmstrip, or a GIF by its suffix, of at most `most_frames`, evenly chosen, with the
    first and the last. The best head is that of the trained model. Yields each written path.

    Raises:
        AttnlabError: no attention was recorded, or a figure cannot be written.
        UsageError: there is no such sentence, kind, layer or head; or several figures are to be
            one picture.
    """
    destination = Destination(output or trained.run.plots, suffix)
    destination.require_room_for(len(numbers))
    is_gif = destination.format == GIF
    files = _recorded(trained)
    frames = [
        read_snapshot(files[place])
        for place in evenly(len(files), most_frames or (len(files) if is_gif else STRIP_FRAMES))
    ]
    watched = min(len(frame.sentences) for frame in frames)
    for number in numbers:
        if not 1 <= number <= watched:
            raise UsageError(
                f"--sentence {number}: training watched the sentences 1 to {watched} of {SPLIT} "
                "(watch_sentences)"
            )
    choices, reason = options.choose(trained, SPLIT)
    remark = "" if len(frames) == len(files) else f"{len(frames)} of {len(files)} validations"

    notes = [reason] if is_gif else [reason, remark]

    def sentence(number: int) -> _WatchedSentence:
        return _WatchedSentence(trained, options, choices, frames, number, notes)

    named = [(options.stem(f"{SPLIT}-{n}-through-training", choices), n) for n in numbers]
    if not is_gif:
        yield from destination.write((stem, sentence(number).strip()) for stem, number in named)
        return
    for stem, number in named:
        path = destination.path(stem)
        save_animation(sentence(number).figures(), path)
        yield path


def first_watched(trained: LoadedRun, count: int) -> range:
    """Numbers of the first `count` watched sentences, or of all where they are fewer."""
    available = len(read_snapshot(_recorded(trained)[-1]).sentences)
    return range(1, at_most(available, count, f"what training watched of {SPLIT}") + 1)


def _recorded(trained: LoadedRun) -> list[Path]:
    """The files of all validations.

    Raises:
        AttnlabError: no attention was recorded.
    """
    require_attention(trained, "plot")
    files = list(recorded_updates(trained.run.attention).values())
    if not files:
        raise AttnlabError(
            f"{trained.run.folder}: no attention was recorded while it trained, since no sentence "
            "of a validation split was watched; train a run with watch_sentences=3"
        )
    return files


def evenly(count: int, most: int) -> list[int]:
    """At most `most` of the indices below `count`, evenly spaced: the last, then also the first."""
    if most == 1:
        return [count - 1]
    indices: list[int] = np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist()
    return indices


class _WatchedSentence:
    """One sentence in several frames, drawn as one figure or as one per frame."""

    def __init__(
        self,
        trained: LoadedRun,
        options: PlotOptions,
        choices: Sequence[Choice],
        frames: Sequence[AttentionSnapshot],
        number: int,
        notes: Sequence[str],
    ) -> None:
        self._options, self._choices = options, choices
        self._captions = [describe(frame, trained.run.config.stopping.metric) for frame in frames]
        watched = [frame.sentences[number - 1] for frame in frames]
        pair, tokens = watched[-1].pair, watched[-1].tokens
        self._maps = [
            label_maps(
                each.weights,
                trained.vocabulary,
                each.tokens.source,
                each.tokens.target,
                pieces=options.pieces,
                source=each.pair.source,
                target=each.pair.target,
            )
            for each in watched
        ]
        pieces = {"source_pieces": options.pieces, "target_pieces": options.pieces}
        name = f"{SPLIT}-{number}"
        self._gold = find_gold(trained, name, pair, tokens, **pieces) if options.gold else None
        self._heading = options.heading(pair.source, pair.target)
        self._note = options.note(f"run {trained.run.name}", *notes)

    def figures(self) -> list[Figure]:
        """A figure per frame, alike but for the weights and the caption."""
        return [
            draw_translation(
                maps,
                self._choices,
                heading=self._heading,
                caption=caption,
                note=self._note,
                target_name=REFERENCE,
                gold=self._gold,
                print_weights=self._options.print_weights,
            )
            for maps, caption in zip(self._maps, self._captions, strict=True)
        ]

    def strip(self) -> Figure:
        """All frames of one map in a grid; of several maps a row each."""
        chosen = [
            [each for choice in self._choices for each in choose_maps(maps, choice)]
            for maps in self._maps
        ]
        is_one = len(chosen[0]) == 1
        panels = [
            panel(
                maps[place],
                REFERENCE,
                self._gold,
                caption if is_one or frame else f"{maps[place].title}\n{caption}",
            )
            for place in range(len(chosen[0]))
            for frame, (maps, caption) in enumerate(zip(chosen, self._captions, strict=True))
        ]
        return draw_heatmaps(
            panels,
            heading=self._heading,
            caption=chosen[0][0].title if is_one else "",
            note=self._note,
            columns=None if is_one else len(chosen),
            print_weights=self._options.print_weights,
            repeat_labels=False,
        )


def describe(frame: AttentionSnapshot, metric: str) -> str:
    """Caption of a frame: `update 400 · epoch 1.2 · BLEU 54.1`."""
    parts = [f"update {frame.update:,}", f"epoch {frame.epoch:.1f}"]
    if metric in frame.scores and metric != LOSS:
        parts.append(f"{NAMES[metric]} {frame.scores[metric]:.1f}")
    else:
        parts.append(f"loss {frame.scores[LOSS]:.3f}")
    return " · ".join(parts)
