"""`attnlab plot-attention --through-training`: a watched sentence's attention as it was learnt."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from attnlab.evaluate.inspected import at_most, find_gold
from attnlab.evaluation.metrics import NAMES
from attnlab.inspection.choice import choose_maps
from attnlab.inspection.drawing import REFERENCE, Cells, draw_translation, panel
from attnlab.inspection.maps import AttentionMap, label_maps
from attnlab.plotting import Figure
from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.run.loaded import LoadedRun, require_attention
from attnlab.studies.plot_attention.animation import GIF, save_animation
from attnlab.studies.plot_attention.files import Destination, file_stem, write_figures
from attnlab.studies.plot_attention.plot import Resolved, Wanted, resolve
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.trainer.attention_history import FilmedSentence, Frame, read_frame, recorded_updates
from attnlab.training.selection import LOSS

SPLIT = "valid"
STRIP_FRAMES = 12
"""In a filmstrip, unless another number is asked for: as many as a page shows well."""


def plot_through_training(
    trained: LoadedRun,
    *,
    numbers: Sequence[int],
    most_frames: int | None,
    wanted: Wanted,
    output: Path | None,
    suffix: str,
) -> Iterator[Path]:
    """Draw the watched sentences with these `numbers` (from 1) at each validation of a run.

    A filmstrip, or a GIF where that is what is written; of at most so many frames, evenly chosen,
    the first and the last among them. Which head is best is decided with the trained model. Gives
    each file's path once it is written.

    Raises:
        AttnlabError: nothing was recorded, or a figure cannot be written.
        UsageError: there is no such sentence, kind, layer or head; or several figures are to be
            one picture.
    """
    destination = Destination(output or trained.run.plots, suffix)
    is_gif = destination.written == GIF
    destination.require_room_for(len(numbers))
    files = _recorded(trained)
    most = most_frames or (len(files) if is_gif else STRIP_FRAMES)
    frames = [read_frame(files[place]) for place in evenly(len(files), most)]
    _require_sentences(numbers, frames)
    resolved = resolve(trained, wanted, SPLIT)
    films = [_Film(trained, frames, number, resolved, wanted) for number in numbers]
    stems = [
        file_stem(f"{SPLIT}-{number}-through-training", resolved.choices, wanted.best)
        for number in numbers
    ]
    if is_gif:
        for stem, film in zip(stems, films, strict=True):
            path = destination.place(stem)
            save_animation(film.scenes(), path)
            yield path
    else:
        remark = "" if len(frames) == len(files) else f"{len(frames)} of {len(files)} validations"
        strips = (film.strip(remark) for film in films)
        yield from write_figures(zip(stems, strips, strict=True), destination)


def first_watched(trained: LoadedRun, count: int) -> range:
    """The numbers of the first `count` watched sentences, or of all where they are fewer."""
    there = len(read_frame(_recorded(trained)[-1]).sentences)
    return range(1, at_most(there, count, f"what training watched of {SPLIT}") + 1)


def _recorded(trained: LoadedRun) -> list[Path]:
    """The files of all validations.

    Raises:
        AttnlabError: nothing was recorded.
    """
    require_attention(trained, "plot")
    files = list(recorded_updates(trained.run.attention).values())
    if not files:
        raise AttnlabError(
            f"{trained.run.folder}: no attention was recorded while it trained, since no sentence "
            "of a validation split was watched; train a run with watch_sentences=3"
        )
    return files


def evenly(there_are: int, most: int) -> list[int]:
    """At most so many of the places from 0 on, evenly apart: the last one, then also the first."""
    if there_are <= most:
        return list(range(there_are))
    if most == 1:
        return [there_are - 1]
    return [round(step * (there_are - 1) / (most - 1)) for step in range(most)]


def _require_sentences(numbers: Sequence[int], frames: Sequence[Frame]) -> None:
    watched = min(len(frame.sentences) for frame in frames)
    for number in numbers:
        if not 1 <= number <= watched:
            raise UsageError(
                f"--sentence {number}: training watched the sentences 1 to {watched} of {SPLIT} "
                "(watch_sentences)"
            )


class _Film:
    """One sentence in several frames, drawn as one figure or as one for each."""

    def __init__(
        self,
        trained: LoadedRun,
        frames: Sequence[Frame],
        number: int,
        resolved: Resolved,
        wanted: Wanted,
    ) -> None:
        self._resolved, self._wanted = resolved, wanted
        filmed = [frame.sentences[number - 1] for frame in frames]
        pair, tokens = filmed[-1].pair, filmed[-1].tokens
        self._heading = wanted.heading(pair.source, pair.target)
        self._run = f"run {trained.run.name}"
        metric = trained.run.config.stopping.metric
        self._captions = [describe(frame, metric) for frame in frames]
        self._maps = [_maps(trained, sentence, wanted.pieces) for sentence in filmed]
        self._gold: Cells | None = None
        if wanted.gold:
            name = f"{SPLIT}-{number}"
            self._gold = find_gold(
                trained,
                name,
                pair,
                tokens,
                source_pieces=wanted.pieces,
                target_pieces=wanted.pieces,
            )

    def scenes(self) -> list[Figure]:
        """A figure a frame, alike but for the weights and the caption."""
        return [
            draw_translation(
                maps,
                self._resolved.choices,
                heading=self._heading,
                caption=caption,
                note=self._wanted.note(self._run, self._resolved.reason),
                target_name=REFERENCE,
                gold=self._gold,
                print_weights=self._wanted.print_weights,
            )
            for maps, caption in zip(self._maps, self._captions, strict=True)
        ]

    def strip(self, remark: str) -> Figure:
        """All frames of a map side by side; of several maps a row each."""
        chosen = [
            [each for choice in self._resolved.choices for each in choose_maps(maps, choice)]
            for maps in self._maps
        ]
        is_one = len(chosen[0]) == 1
        panels = [
            panel(
                of_frame[place],
                REFERENCE,
                self._gold,
                caption if is_one or frame else f"{of_frame[place].title}\n{caption}",
            )
            for place in range(len(chosen[0]))
            for frame, (of_frame, caption) in enumerate(zip(chosen, self._captions, strict=True))
        ]
        return draw_heatmaps(
            panels,
            heading=self._heading,
            caption=chosen[0][0].title if is_one else "",
            note=self._wanted.note(self._run, self._resolved.reason, remark),
            columns=None if is_one else len(chosen),
            print_weights=self._wanted.print_weights,
            repeat_labels=False,
        )


def _maps(trained: LoadedRun, filmed: FilmedSentence, pieces: bool) -> list[AttentionMap]:
    return label_maps(
        filmed.weights,
        trained.vocabulary,
        filmed.tokens.source,
        filmed.tokens.target,
        pieces=pieces,
        source=filmed.pair.source,
        target=filmed.pair.target,
    )


def describe(frame: Frame, metric: str) -> str:
    """`update 400 · epoch 1.2 · BLEU 54.1`."""
    parts = [f"update {frame.update:,}", f"epoch {frame.epoch:.1f}"]
    if metric in frame.scores and metric != LOSS:
        parts.append(f"{NAMES[metric]} {frame.scores[metric]:.1f}")
    else:
        parts.append(f"loss {frame.scores[LOSS]:.3f}")
    return " · ".join(parts)
