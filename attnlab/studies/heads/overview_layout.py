"""Where everything in an overview of heads stands. Knows counts and sizes, draws nothing.

All lengths are points, 72 to the inch, from the top left corner of the page. A block is one kind of
attention: small maps of all heads at the left, a row a layer, and beside them one small matrix a
figure with a cell a head.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from attnlab.plotting.grid import NAME_SIZE, TITLE_SIZE
from attnlab.plotting.layout import Box
from attnlab.plotting.lettering import text_width

CAPTION_SIZE, NUMBER_SIZE = 7.0, 6.5
MARGIN = 14.0
CELL_WIDTH, CELL_HEIGHT = 25.0, 14.5

_LAYER_NAMES, _HEAD_NAMES = 40.0, 12.0  # strips for "layer 3" and "head 4"
_SMALLEST_MAP, _LARGEST_MAP, _PLEASANT_WIDTH = 56.0, 150.0, 264.0
_MAP_GAP, _CAPTION = 8.0, 12.0
_BETWEEN, _MATRIX_GAP, _BLOCK_GAP = 34.0, 24.0, 24.0
_NUMBERS = 10.0  # a strip for the numbers of layers and of heads beside a matrix
_TITLE = 1.6 * TITLE_SIZE


@dataclass(kw_only=True)
class BlockSize:
    """What a block holds; `titles` are those of its matrices."""

    layers: int
    heads: int
    titles: Sequence[str]


@dataclass(kw_only=True)
class BlockPlace:
    """Where a block's title stands, its maps (layer by layer, head by head) and its matrices."""

    top: float
    maps: list[list[Box]]
    matrices: list[Box]
    bottom: float
    right: float


def place_blocks(sizes: Sequence[BlockSize], top: float) -> list[BlockPlace]:
    """Blocks one below the other, from `top` down."""
    places = []
    for size in sizes:
        places.append(_place(size, top))
        top = places[-1].bottom + _BLOCK_GAP
    return places


def _place(size: BlockSize, top: float) -> BlockPlace:
    side = min(max(_PLEASANT_WIDTH / size.heads, _SMALLEST_MAP), _LARGEST_MAP)
    maps_top = top + _TITLE + _HEAD_NAMES
    left = MARGIN + _LAYER_NAMES
    step = side + _CAPTION + _MAP_GAP
    maps = [
        [
            Box(
                left=left + head * (side + _MAP_GAP),
                top=maps_top + layer * step,
                width=side,
                height=side,
            )
            for head in range(size.heads)
        ]
        for layer in range(size.layers)
    ]
    maps_bottom = maps_top + size.layers * step - _MAP_GAP
    matrices = _place_matrices(size, maps[0][-1].right + _BETWEEN, top + _TITLE, maps_bottom)
    rights = [
        each.left + max(each.width, text_width(title, NAME_SIZE, bold=True))
        for each, title in zip(matrices, size.titles, strict=True)
    ]
    return BlockPlace(
        top=top,
        maps=maps,
        matrices=matrices,
        bottom=max(maps_bottom, *(each.bottom for each in matrices)),
        right=max(rights),
    )


def _place_matrices(size: BlockSize, left: float, top: float, bottom: float) -> list[Box]:
    """Column by column, as many in one as stand beside the maps."""
    above = 1.5 * NAME_SIZE + _NUMBERS
    height = size.layers * CELL_HEIGHT
    step = above + height + 10.0
    in_column = max(1, int((bottom + 10.0 - top) // step))
    # The last column is not to be much shorter than the others.
    columns = -(-len(size.titles) // in_column)
    in_column = -(-len(size.titles) // columns)
    found: list[Box] = []
    for column in count():
        titles = size.titles[column * in_column : (column + 1) * in_column]
        if not titles:
            return found
        for row, _ in enumerate(titles):
            found.append(
                Box(
                    left=left + _NUMBERS,
                    top=top + row * step + above,
                    width=size.heads * CELL_WIDTH,
                    height=height,
                )
            )
        widest = max(text_width(title, NAME_SIZE, bold=True) for title in titles)
        left += _NUMBERS + max(size.heads * CELL_WIDTH, widest) + _MATRIX_GAP - _NUMBERS
    return found
