"""An overview of all heads: how each looks on the whole, and its figures. Knows arrays and strings.

Blocks stand one below the other, one a kind of attention. At the left of each, a small map of every
head, layers from the top; beside them a matrix for each figure, with a cell a head.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnlab.plotting.colours import FRAME, INK, QUIET_INK, attention_colours
from attnlab.plotting.grid import HEADING_SIZE, LABEL_SIZE, NAME_SIZE, TITLE_SIZE
from attnlab.plotting.layout import Box
from attnlab.plotting.lettering import text_style, text_width, wrapped
from attnlab.studies.heads.overview_layout import (
    CAPTION_SIZE,
    MARGIN,
    NUMBER_SIZE,
    BlockPlace,
    BlockSize,
    place_blocks,
)

_LINE = 1.3  # height of a line of text, in sizes of its letters
_DARK_FROM = 0.5  # of the scale: white is easier to read than ink on darker cells
_NARROWEST = 430.0
_BAR_WIDTH, _BAR_HEIGHT, _BAR_ROOM, _BAR_GAP = 120.0, 8.0, 34.0, 48.0


@dataclass(kw_only=True)
class FigureMatrix:
    """A figure of every head: `values`, (layers, heads), written with that many `decimals`.

    Colours go from 0 to `most`.
    """

    title: str
    values: NDArray[np.floating]
    most: float = 1.0
    decimals: int = 2


@dataclass(kw_only=True)
class AtlasBlock:
    """All heads of one kind of attention.

    Attributes:
        title: Stands over the block.
        patterns: A map of every head, (layers, heads, queries, keys), from 0 to `most` of the
            whole figure.
        captions: What stands below each map, by layer and head.
        matrices: Its figures.

    Raises:
        ValueError: Captions or matrices of another number of layers and heads.
    """

    title: str
    patterns: NDArray[np.floating]
    captions: list[list[str]]
    matrices: list[FigureMatrix]

    def __post_init__(self) -> None:
        size = self.patterns.shape[:2]
        captions = (len(self.captions), *{len(row) for row in self.captions})
        for what, found in (
            ("captions", captions),
            *((f"'{each.title}'", each.values.shape) for each in self.matrices),
        ):
            if found != size:
                raise ValueError(f"block '{self.title}': {what} of {found}, for heads of {size}")


def draw_atlas(blocks: Sequence[AtlasBlock], *, heading: str, note: str) -> Figure:
    """The blocks on one page, as large as their heads need, with one scale for all maps.

    Returns:
        A figure whose axes are, block by block, the maps (by layer, then head) and the matrices;
        its last is the scale.

    Raises:
        ValueError: There are no blocks.
    """
    if not blocks:
        raise ValueError("an overview needs at least one block")
    sizes = [
        BlockSize(
            layers=block.patterns.shape[0],
            heads=block.patterns.shape[1],
            titles=[each.title for each in block.matrices],
        )
        for block in blocks
    ]
    widths = [text_width(block.title, TITLE_SIZE, bold=True) for block in blocks]
    right = max(_NARROWEST, *widths, *(place.right for place in place_blocks(sizes, 0.0)))
    headlines = wrapped(heading, right - MARGIN, HEADING_SIZE, bold=True)
    places = place_blocks(sizes, MARGIN + len(headlines) * _LINE * HEADING_SIZE + 8)
    notes_top = places[-1].bottom + 22
    notes = wrapped(note, right - MARGIN - _BAR_WIDTH - _BAR_GAP, LABEL_SIZE)
    bottom = notes_top + max(len(notes) * _LINE * LABEL_SIZE, _BAR_ROOM)
    page = _Page(right + MARGIN, bottom + MARGIN)
    page.lines(headlines, MARGIN, MARGIN, HEADING_SIZE, bold=True)
    most = _round_up(max(float(block.patterns.max()) for block in blocks))
    for block, place in zip(blocks, places, strict=True):
        _draw_block(page, block, place, most)
    page.lines(notes, MARGIN, notes_top, LABEL_SIZE)
    _draw_scale(page, right - _BAR_WIDTH, notes_top, most)
    return page.figure


class _Page:
    """A figure that is measured in points from its top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / 72, height / 72), facecolor="white")

    def axes(self, box: Box) -> Axes:
        width, height = self.width, self.height
        place = (
            box.left / width,
            1 - box.bottom / height,
            box.width / width,
            box.height / height,
        )
        axes = self.figure.add_axes(place)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(color=FRAME, linewidth=0.6)
        return axes

    def write(
        self,
        text: str,
        left: float,
        baseline: float,
        size: float,
        *,
        bold: bool = False,
        quiet: bool = False,
        align: str = "left",
    ) -> None:
        self.figure.text(
            left / self.width,
            1 - baseline / self.height,
            text,
            color=QUIET_INK if quiet else INK,
            va="baseline",
            ha=align,
            **text_style(text, size, bold=bold),
        )

    def lines(
        self, texts: Sequence[str], left: float, top: float, size: float, *, bold: bool = False
    ) -> None:
        for number, text in enumerate(texts):
            baseline = top + (number * _LINE + 1) * size
            self.write(text, left, baseline, size, bold=bold, quiet=not bold)


def _draw_block(page: _Page, block: AtlasBlock, place: BlockPlace, most: float) -> None:
    page.write(block.title, MARGIN, place.top + TITLE_SIZE, TITLE_SIZE, bold=True)
    middle = 0.36 * NAME_SIZE
    for layer, row in enumerate(place.maps):
        centre = row[0].top + row[0].height / 2
        page.write(f"layer {layer + 1}", row[0].left - 6, centre + middle, NAME_SIZE, align="right")
        for head, box in enumerate(row):
            centre = box.left + box.width / 2
            if layer == 0:
                page.write(f"head {head + 1}", centre, box.top - 4, NAME_SIZE, align="center")
            axes = page.axes(box)
            pattern = np.asarray(block.patterns[layer, head], dtype=np.float64)
            axes.pcolormesh(
                pattern,
                cmap=attention_colours(),
                vmin=0.0,
                vmax=most,
                edgecolors="face",  # without it, viewers show hairlines between the cells
                linewidth=0.2,
            )
            axes.set(xlim=(0, pattern.shape[1]), ylim=(pattern.shape[0], 0))
            page.write(
                block.captions[layer][head],
                centre,
                box.bottom + 1.25 * CAPTION_SIZE,
                CAPTION_SIZE,
                quiet=True,
                align="center",
            )
    for matrix, box in zip(block.matrices, place.matrices, strict=True):
        _draw_matrix(page, matrix, box)


def _draw_matrix(page: _Page, matrix: FigureMatrix, box: Box) -> None:
    layers, heads = matrix.values.shape
    axes = page.axes(box)
    values = np.asarray(matrix.values, dtype=np.float64)
    axes.pcolormesh(
        values,
        cmap=attention_colours(),
        vmin=0.0,
        vmax=matrix.most,
        edgecolors="white",
        linewidth=0.5,
    )
    axes.set(xlim=(0, heads), ylim=(layers, 0))
    for (layer, head), value in np.ndenumerate(values):
        number = f"{value:z.{matrix.decimals}f}"
        axes.text(
            head + 0.5,
            layer + 0.5,
            number,
            color="white" if value > _DARK_FROM * matrix.most else INK,
            ha="center",
            va="center_baseline",
            **text_style(number, NUMBER_SIZE),
        )
    numbered = layers > 1 or heads > 1
    above = box.top - (12.5 if numbered else 4.0)
    page.write(matrix.title, box.left, above, NAME_SIZE, bold=True)
    if not numbered:
        return
    cell_width, cell_height = box.width / heads, box.height / layers
    for head in range(heads):
        middle = box.left + (head + 0.5) * cell_width
        page.write(str(head + 1), middle, box.top - 3, NUMBER_SIZE, quiet=True, align="center")
    for layer in range(layers):
        middle = box.top + (layer + 0.5) * cell_height + 0.36 * NUMBER_SIZE
        page.write(str(layer + 1), box.left - 4, middle, NUMBER_SIZE, quiet=True, align="right")


def _draw_scale(page: _Page, left: float, top: float, most: float) -> None:
    axes = page.axes(Box(left=left, top=top, width=_BAR_WIDTH, height=_BAR_HEIGHT))
    steps = np.linspace(0.0, most, 257)
    axes.pcolormesh(
        steps,
        [0, 1],
        (steps[np.newaxis, :-1] + steps[np.newaxis, 1:]) / 2,
        cmap=attention_colours(),
        vmin=0.0,
        vmax=most,
        edgecolors="face",  # without it, viewers show hairlines between the steps
        linewidth=0.2,
    )
    axes.set(xlim=(0, most), ylim=(0, 1))
    baseline = top + _BAR_HEIGHT + 1.4 * NAME_SIZE
    for share in (0.0, 0.5, 1.0):
        middle = left + share * _BAR_WIDTH
        page.write(f"{share * most:.2f}", middle, baseline, NAME_SIZE, align="center")
    name = "mean weight in the maps"
    below = baseline + _LINE * NAME_SIZE
    page.write(name, left + _BAR_WIDTH / 2, below, NAME_SIZE, quiet=True, align="center")


def _round_up(most: float) -> float:
    """To a tenth, so that the scale ends at a plain number; never above 1."""
    return min(1.0, float(np.ceil(max(most, 0.1) * 10 - 1e-6)) / 10)
