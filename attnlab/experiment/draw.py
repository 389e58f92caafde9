"""Attention maps to figures: which are drawn, how they are named, and where they go."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from attnlab.errors import AttnlabError, UsageError
from attnlab.experiment.inspected import inspect_sentences
from attnlab.experiment.trained import Trained
from attnlab.inspection.maps import AttentionMap
from attnlab.inspection.recorded import KINDS
from attnlab.plotting.heatmap import AttentionPanel, draw_heatmaps
from attnlab.plotting.saving import save_figure

AXES = {
    "encoder": ("source", "source"),
    "decoder": ("translation", "translation"),
    "cross": ("translation", "source"),
}


def select_maps(
    maps: Sequence[AttentionMap],
    *,
    kind: str,
    layers: Sequence[int] = (),
    heads: Sequence[int] = (),
) -> list[AttentionMap]:
    """The maps of a kind; of some `layers` and `heads`, counted from 1, or of all.

    Raises:
        UsageError: there is no such kind, layer or head; the message names those that there are.
    """
    if kind not in KINDS:
        raise UsageError(f"--kind {kind} is none of: {', '.join(KINDS)}")
    chosen = [each for each in maps if each.kind == kind]
    if not chosen:
        there = dict.fromkeys(each.kind for each in maps)
        raise UsageError(f"--kind {kind}: this model has only: {', '.join(there)}")
    for option, wanted in (("layer", layers), ("head", heads)):
        there_are = {getattr(each, option) for each in chosen}
        for number in wanted:
            if number not in there_are:
                raise UsageError(
                    f"--{option} {number}: {kind} attention has {option}s 1 to {max(there_are)}"
                )
    return [
        each
        for each in chosen
        if (not layers or each.layer in layers) and (not heads or each.head in heads)
    ]


def draw_translation(
    maps: Sequence[AttentionMap],
    *,
    heading: str,
    among: Sequence[AttentionMap],
    average_heads: bool = False,
    print_weights: bool = False,
) -> Figure:
    """One figure of all `maps`, a panel each, or one a layer with the mean over its heads.

    Titles name the layer and the head where there are several of them among the maps that these
    were chosen from, `among`.
    """
    shown = list(maps)
    if average_heads:
        shown = []
        for _, group in groupby(maps, key=lambda each: (each.kind, each.layer)):
            of_layer = list(group)
            mean = np.mean([each.weights for each in of_layer], axis=0)
            first = of_layer[0]
            head = 0 if len(of_layer) > 1 else first.head
            shown.append(
                AttentionMap(first.kind, first.layer, head, mean, first.queries, first.keys)
            )
    layers = {each.layer for each in maps}
    heads = {each.head for each in maps}
    return draw_heatmaps(
        [_panel(each, _several(among, "layer"), _several(among, "head")) for each in shown],
        heading=heading,
        columns=len(heads) if len(layers) > 1 and not average_heads else None,  # a row a layer
        print_weights=print_weights,
    )


def _several(maps: Sequence[AttentionMap], what: str) -> bool:
    return len({getattr(each, what) for each in maps}) > 1


def _panel(shown: AttentionMap, name_layer: bool, name_head: bool) -> AttentionPanel:
    parts = [f"{shown.kind} attention" if shown.kind == "cross" else f"{shown.kind} self-attention"]
    if name_layer or name_head:
        parts.append(f"layer {shown.layer}")
    if name_head:
        parts.append(f"head {shown.head}" if shown.head else "mean of heads")
    query_name, key_name = AXES[shown.kind]
    return AttentionPanel(
        title=" · ".join(parts),
        weights=shown.weights,
        queries=shown.queries,
        keys=shown.keys,
        query_name=query_name,
        key_name=key_name,
    )


def plot_translations(
    trained: Trained,
    *,
    texts: Sequence[str],
    split: str,
    numbers: Iterable[int],
    output: Path | None,
    suffix: str,
    kind: str,
    layers: Sequence[int],
    heads: Sequence[int],
    average_heads: bool,
    print_weights: bool,
    pieces: bool,
) -> Iterator[Path]:
    """Translate and draw `texts`, or else the sentences of a split with these `numbers` (from 1).

    Gives each figure's path once it is written: `output` if that names a file, or a file in it,
    or in the run's own folder.

    Raises:
        AttnlabError: the model has no attention, or there is nothing to draw.
        UsageError: there is no such sentence, kind, layer, head or format.
    """
    sentences = list(
        inspect_sentences(trained, texts=texts, split=split, numbers=numbers, pieces=pieces)
    )
    for sentence in sentences:
        of_kind = select_maps(sentence.maps, kind=kind)
        figure = draw_translation(
            select_maps(of_kind, kind=kind, layers=layers, heads=heads),
            heading=f"{sentence.source}\n→ {sentence.target}",
            among=of_kind,
            average_heads=average_heads,
            print_weights=print_weights,
        )
        file = "-".join([sentence.name, kind, *_chosen(layers, heads, average_heads)]) + suffix
        path = _place(trained, output, file, alone=len(sentences) == 1)
        save_figure(figure, path)
        yield path


def _chosen(layers: Sequence[int], heads: Sequence[int], average_heads: bool) -> Iterator[str]:
    """What tells a file of some layers or heads from that of others: layer2, head1."""
    yield from (f"layer{number}" for number in layers)
    yield from (f"head{number}" for number in heads)
    if average_heads:
        yield "average"


def _place(trained: Trained, output: Path | None, name: str, alone: bool) -> Path:
    if output is not None and output.suffix and not output.is_dir():
        if not alone:
            raise UsageError(f"--output {output} is one file for several figures; name a folder")
        return output
    folder = trained.run.plots if output is None else output
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AttnlabError(
            f"{folder}: cannot be written to ({error.strerror}); choose another --output"
        ) from error
    return folder / name
