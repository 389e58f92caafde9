"""Figure of all heads: a block per kind of attention, with maps and matrices of measures.

At the left of a block, the mean map of every head, layers from the top; at the right, a small
matrix for each measure, with a cell per head.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from attnlab.evaluate.atlas import HeadAtlas, MeasuredHead
from attnlab.inspection.forced import KINDS
from attnlab.plotting import Figure
from attnlab.plotting.colours import INK, QUIET_INK, Scale
from attnlab.plotting.heatmap import draw_cells, print_numbers
from attnlab.plotting.page import MARGIN, Box, Frame, Grid, Page
from attnlab.plotting.text import (
    HEADING_SIZE,
    LABEL_SIZE,
    LINE,
    NAME_SIZE,
    NUMBER_SIZE,
    TITLE_SIZE,
    text_width,
)
from attnlab.studies.heads.ablation import Ablation
from attnlab.studies.heads.report import TITLES

_MATRICES = {
    "entropy": "entropy",
    "confidence": "confidence",
    "diagonality": "diagonality",
    "distance": "distance, pieces",
    "previous": "previous token",
    "same": "same token",
    "following": "next token",
    "beginning": "beginning",
    "end": "end",
    "punctuation": "punctuation",
}

_NOTE = (
    "Maps: mean weights over all sentences of one size; queries from the top, keys from the left. "
    "Matrices: a row per layer, a column per head; darker is more. Entropy is 0 for one piece and "
    "1 for uniform weights; confidence the greatest weight on a word; diagonality 1 on the "
    "straight line; the others are shares of weight, or in their own units."
)

# Lengths in points.
_CELL_WIDTH, _CELL_HEIGHT = 25.0, 14.5
_LAYER_NAMES, _HEAD_NAMES, _CAPTION = 40.0, 12.0, 12.0  # strips around a map
_SMALLEST_MAP, _LARGEST_MAP, _PLEASANT_WIDTH = 56.0, 150.0, 264.0
_MAP_GAP, _BETWEEN, _BLOCK_GAP = (8.0, 8.0), 34.0, 24.0
_INDICES, _MATRIX_GAP = 10.0, (24.0, 10.0)  # strips for indices of layers and heads
_TITLE, _CAPTION_SIZE = 1.6 * TITLE_SIZE, 7.0
_NARROWEST, _BAR_WIDTH, _BAR_HEIGHT, _BAR_GAP = 430.0, 120.0, 8.0, 48.0


@dataclass(kw_only=True)
class MeasureMatrix:
    """A measure of every head: `values`, (layers, heads), printed with so many `decimals`.

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
        title: Heading of the block.
        patterns: A map per head, (layers, heads, queries, keys), from 0.
        captions: Text below each map, by layer and head.
        matrices: Its measures.

    Raises:
        ValueError: Captions or matrices of another number of layers and heads.
    """

    title: str
    patterns: NDArray[np.floating]
    captions: list[list[str]]
    matrices: list[MeasureMatrix]

    def __post_init__(self) -> None:
        size = self.patterns.shape[:2]
        captions = (len(self.captions), *{len(row) for row in self.captions})
        for what, found in (
            ("captions", captions),
            *((f"'{each.title}'", each.values.shape) for each in self.matrices),
        ):
            if found != size:
                raise ValueError(f"block '{self.title}': {what} of {found}, for heads of {size}")

    def place(self, top: float) -> tuple[Grid[Frame], Grid[Frame]]:
        """The maps, a row per layer, and at their right the matrices, filled column by column."""
        layers, heads = self.patterns.shape[:2]
        side = min(max(_PLEASANT_WIDTH / heads, _SMALLEST_MAP), _LARGEST_MAP)
        rows = [
            [
                Frame(
                    width=side,
                    height=side,
                    left=0.0 if head else _LAYER_NAMES,
                    above=0.0 if layer else _HEAD_NAMES,
                    below=_CAPTION,
                )
                for head in range(heads)
            ]
            for layer in range(layers)
        ]
        maps = Grid(rows, top=top + _TITLE, gap=_MAP_GAP)
        width, height = heads * _CELL_WIDTH, layers * _CELL_HEIGHT
        above = 1.5 * NAME_SIZE + _INDICES
        frames = [
            Frame(
                width=width,
                height=height,
                left=_INDICES,
                right=max(0.0, text_width(each.title, NAME_SIZE, bold=True) - width),
                above=above,
            )
            for each in self.matrices
        ]
        # As many in a column as fit beside the maps; the last column nearly as long as the others.
        step = above + height + _MATRIX_GAP[1]
        fitting = max(1, int((maps.bottom + _MATRIX_GAP[1] - top - _TITLE) // step))
        in_column = -(-len(frames) // -(-len(frames) // fitting))
        in_rows = [frames[row::in_column] for row in range(in_column)]
        return maps, Grid(in_rows, maps.right + _BETWEEN, top + _TITLE, _MATRIX_GAP)


def draw_heads(atlas: HeadAtlas, ablation: Ablation | None, run: str) -> Figure:
    """Draw all heads of all kinds on one page; `run` describes the run in the heading."""
    blocks = [_block(atlas, ablation, kind) for kind in KINDS if atlas.of_kind(kind)]
    heading = f"{run} · {atlas.split} · {atlas.sentences:,} sentences"
    return draw_atlas(blocks, heading=heading, note=_NOTE)


def _block(atlas: HeadAtlas, ablation: Ablation | None, kind: str) -> AtlasBlock:
    heads = atlas.of_kind(kind)
    names = list(dict.fromkeys(each.head.attention for each in heads))
    patterns = np.array([atlas.patterns[name].mean() for name in names])
    count = atlas.patterns[names[0]].sentences
    maps = "map of 1 sentence" if count == 1 else f"maps of {count:,} sentences"
    by_layer = [[each for each in heads if each.head.attention == name] for name in names]
    return AtlasBlock(
        title=f"{TITLES[kind]} · {maps}, {patterns.shape[2]} × {patterns.shape[3]} pieces",
        patterns=patterns,
        captions=[[each.role or "" for each in layer] for layer in by_layer],
        matrices=_matrices(by_layer, ablation),
    )


def _matrices(
    layers: Sequence[Sequence[MeasuredHead]], ablation: Ablation | None
) -> list[MeasureMatrix]:
    found = []

    def add(
        title: str,
        value: Callable[[MeasuredHead], float | None],
        most: float | None = None,
        decimals: int = 2,
    ) -> None:
        """Add the matrix if every head has a value; its colours end at the greatest by default."""
        values = [[value(each) for each in layer] for layer in layers]
        if not any(each is None for row in values for each in row):
            numbers = np.array(values, dtype=np.float64)
            most = most or float(numbers.max()) or 1.0
            matrix = MeasureMatrix(title=title, values=numbers, most=most, decimals=decimals)
            found.append(matrix)

    for name, title in _MATRICES.items():
        most = None if name == "distance" else 1.0
        add(title, lambda each, name=name: getattr(each.measures, name), most)  # type: ignore[misc]
    add(
        "alignment error, %",
        lambda each: 100 * each.alignment.counts.error_rate if each.alignment else None,
        100.0,
        decimals=1,
    )
    if ablation is not None:  # the scales are those of all kinds
        bleu = {each.head: -each.bleu.difference for each in ablation.heads}
        loss = {each.head: each.loss - ablation.loss for each in ablation.heads}
        for title, costs, least, decimals in (
            ("BLEU lost without it", bleu, 0.1, 1),
            ("loss gained without it", loss, 0.01, 3),
        ):
            most = max(*costs.values(), least)
            add(title, lambda each, costs=costs: costs.get(each.head), most, decimals)  # type: ignore[misc]
    return found


def draw_atlas(blocks: Sequence[AtlasBlock], *, heading: str, note: str) -> Figure:
    """Draw the blocks below each other, with one scale for all maps.

    Returns:
        A figure whose axes are, block by block, the maps (by layer, then head) and the matrices;
        the last is the colour bar.

    Raises:
        ValueError: There are no blocks.
    """
    if not blocks:
        raise ValueError("an overview needs at least one block")
    most = max(float(block.patterns.max()) for block in blocks)
    # To a tenth, so that the scale ends at a plain number.
    most = min(1.0, float(np.ceil(max(most, 0.1) * 10 - 1e-6)) / 10)
    scale = Scale(lowest=0.0, highest=most, name="mean weight in the maps")
    page = Page()
    # Widths do not depend on what stands above.
    page.reserve(max(MARGIN + _NARROWEST, *(block.place(0.0)[1].right for block in blocks)), 0.0)
    top = page.paragraph(heading, MARGIN, page.right - MARGIN, HEADING_SIZE, bold=True) + 8
    for block in blocks:
        top = _draw_block(page, block, top, scale) + _BLOCK_GAP
    right = page.right
    page.paragraph(note, top, right - MARGIN - _BAR_WIDTH - _BAR_GAP, LABEL_SIZE)
    bar = Box(left=right - _BAR_WIDTH, top=top, width=_BAR_WIDTH, height=_BAR_HEIGHT)
    page.colour_bar(bar, scale)
    return page.finish()


def _draw_block(page: Page, block: AtlasBlock, top: float, scale: Scale) -> float:
    """Draw one block; returns its lower edge."""
    maps, matrices = block.place(top)
    page.write(block.title, MARGIN, top + TITLE_SIZE, TITLE_SIZE, bold=True)
    for layer, row in enumerate(maps.boxes):
        for head, box in enumerate(row):
            # No lines between cells, whatever their size.
            draw_cells(page.cells(box), block.patterns[layer, head], scale, cell=0.0)
            caption = block.captions[layer][head]
            below = box.bottom + LINE * _CAPTION_SIZE
            page.write(caption, box.centre, below, _CAPTION_SIZE, color=QUIET_INK, align="center")
    _number(page, maps.boxes[0], [row[0] for row in maps.boxes], "head ", "layer ", NAME_SIZE)
    places = [box for column in zip_longest(*matrices.boxes) for box in column if box is not None]
    for matrix, box in zip(block.matrices, places, strict=True):
        layers, heads = matrix.values.shape
        values = np.asarray(matrix.values, dtype=np.float64)
        axes, matrix_scale = page.cells(box), Scale(lowest=0.0, highest=matrix.most)
        draw_cells(axes, values, matrix_scale, _CELL_HEIGHT)
        texts = {
            (layer, head): f"{value:z.{matrix.decimals}f}"
            for (layer, head), value in np.ndenumerate(values)
        }
        print_numbers(axes, values, texts, matrix_scale)
        is_single = layers == heads == 1
        above = box.top - (4.0 if is_single else 12.5)
        page.write(matrix.title, box.left, above, NAME_SIZE, bold=True)
        if not is_single:
            grid = box.split(layers, heads)
            _number(page, grid[0], [row[0] for row in grid], "", "", NUMBER_SIZE)
    page.reserve(matrices.right, 0.0)
    return max(maps.bottom, matrices.bottom)


def _number(
    page: Page, top: Sequence[Box], left: Sequence[Box], head: str, layer: str, size: float
) -> None:
    """Write the numbers of heads above the `top` boxes, and of layers beside the `left` ones."""
    color = INK if head else QUIET_INK
    for number, box in enumerate(top, start=1):
        page.write(f"{head}{number}", box.centre, box.top - 3, size, color=color, align="center")
    for number, box in enumerate(left, start=1):
        middle = box.top + box.height / 2 + 0.36 * size
        page.write(f"{layer}{number}", box.left - 5, middle, size, color=color, align="right")
