"""Page layout: axes, text and colour bars, placed in points from a figure's top left corner.

A `Grid` arranges axes in rows and columns, with room for the labels around them. A `Page` is as
large as its content, so that nothing is cut off. 72 points are one inch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.transforms import Affine2D, ScaledTranslation

from attnlab.plotting.colours import FRAME, INK, QUIET_INK, Scale
from attnlab.plotting.saving import fixed_settings, png_bytes
from attnlab.plotting.text import LABEL_SIZE, LINE, NAME_SIZE, text_style, text_width, wrapped

MARGIN = 14.0
_DESCENT = 0.3  # depth of letters below the baseline, as a fraction of the font size
_SCREEN_DOTS_PER_INCH = 96
_BAR_TICKS, _BAR_NAME = 5.0, 16.0  # room for the ticks of a colour bar, and for its name


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle; `left` and `top` are measured from the page's top left corner."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.top + self.height

    @property
    def centre(self) -> float:
        """Horizontal centre."""
        return self.left + self.width / 2

    def split(self, rows: int, columns: int) -> "list[list[Box]]":
        """Split the box into equal boxes, row by row."""
        width, height = self.width / columns, self.height / rows
        lefts = [self.left + column * width for column in range(columns)]
        tops = [self.top + row * height for row in range(rows)]
        return [[Box(left=x, top=y, width=width, height=height) for x in lefts] for y in tops]


@dataclass(kw_only=True)
class Frame:
    """Size of axes, and the room that labels need on their four sides."""

    width: float
    height: float
    left: float = 0.0
    right: float = 0.0
    above: float = 0.0
    below: float = 0.0


F = TypeVar("F", bound=Frame)


@dataclass
class Grid(Generic[F]):
    """Frames in rows and columns with `gap` between them; some rows may be shorter.

    Attributes:
        boxes: The axes, row by row; those of a column are left-aligned, those of a row top-aligned.
        column_lefts: Left edge of each column, labels included.
        row_tops: Upper edge of each row, labels included.
        right, bottom: Edges of the whole grid.
    """

    rows: Sequence[Sequence[F]]
    left: float = MARGIN
    top: float = 0.0
    gap: tuple[float, float] = (0.0, 0.0)
    boxes: list[list[Box]] = field(init=False)
    column_lefts: list[float] = field(init=False)
    row_tops: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.boxes, self.column_lefts, self.row_tops = [], [], []
        self.right, self.bottom = self.left - self.gap[0], self.top - self.gap[1]
        lefts = []
        for number in range(max(map(len, self.rows))):
            column = [row[number] for row in self.rows if number < len(row)]
            self.column_lefts.append(self.right + self.gap[0])
            lefts.append(self.column_lefts[-1] + max(each.left for each in column))
            self.right = lefts[-1] + max(each.width + each.right for each in column)
        for row in self.rows:
            self.row_tops.append(self.bottom + self.gap[1])
            top = self.row_tops[-1] + max(each.above for each in row)
            self.boxes.append(
                [
                    Box(left=left, top=top, width=each.width, height=each.height)
                    for left, each in zip(lefts, row, strict=False)
                ]
            )
            self.bottom = top + max(each.height + each.below for each in row)


class InlineFigure(Figure):
    """A figure that a notebook shows, whether pyplot is imported or not."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Its PNG for dense screens, with the width and height that it is to have in pixels."""
        width, height = (round(_SCREEN_DOTS_PER_INCH * inches) for inches in self.get_size_inches())
        picture = png_bytes(self, 2 * _SCREEN_DOTS_PER_INCH)
        return picture, {"width": width, "height": height}


class Page:
    """A matplotlib figure under construction; `finish` sets its size.

    Attributes:
        figure: The figure; its size and its axes' places are set by `finish`.
        points: Transform from (x, −y), in points from the top left corner, to display coordinates.
        right, bottom: Right and lower edge of the content so far.
    """

    def __init__(self) -> None:
        self.figure = InlineFigure(facecolor="white")
        self._canvas = FigureCanvasAgg(self.figure)
        corner = ScaledTranslation(0, 1, self.figure.transFigure)  # type: ignore[arg-type]
        self.points = Affine2D().scale(1 / 72) + self.figure.dpi_scale_trans + corner
        self.right = self.bottom = MARGIN
        self._places: dict[Axes, Box] = {}

    def reserve(self, right: float, bottom: float) -> None:
        """Extend the content to at least `right` and `bottom`."""
        self.right, self.bottom = max(self.right, right), max(self.bottom, bottom)

    def axes(self, box: Box, *, share: Axes | None = None) -> Axes:
        """Add axes in `box`, with the limits of the axes `share`, if given."""
        axes = self.figure.add_axes((0, 0, 1, 1), sharex=share, sharey=share)
        self.place(axes, box)
        return axes

    def place(self, axes: Axes, box: Box) -> None:
        """Move axes to `box`."""
        self._places[axes] = box
        self.reserve(box.right, box.bottom)
        width, height = 72 * self.figure.get_size_inches()  # ticks depend on the size of axes
        axes.set_position((0, 0, box.width / width, box.height / height))

    def margins(self, axes: Axes) -> tuple[float, float, float, float]:
        """Room for titles, labels, legends and notes of `axes`: left, right, above, below."""
        axes.apply_aspect()
        with fixed_settings():
            outer = axes.get_tightbbox(self._canvas.get_renderer())  # type: ignore[no-untyped-call]
        assert outer is not None
        points = 72 / self.figure.dpi
        left, below = points * np.subtract(axes.bbox.min, outer.min)
        right, above = points * np.subtract(outer.max, axes.bbox.max)
        return left, right, above, below

    def cells(self, box: Box) -> Axes:
        """Add axes with a thin frame and no ticks."""
        axes = self.axes(box)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(color=FRAME, linewidth=0.6)
        return axes

    def write(
        self,
        text: str,
        x: float,
        baseline: float,
        size: float = LABEL_SIZE,
        *,
        bold: bool = False,
        color: str = INK,
        align: str = "left",
    ) -> None:
        """Write one line of text, aligned at `x`."""
        style = text_style(text, size, bold=bold)
        self.figure.text(x, -baseline, text, transform=self.points, color=color, ha=align, **style)
        share = {"left": 1.0, "center": 0.5, "right": 0.0}[align]
        right = x + share * text_width(text, size, bold=bold)
        self.reserve(right, baseline + _DESCENT * size)

    def paragraph(
        self,
        text: str,
        top: float,
        width: float,
        size: float,
        *,
        bold: bool = False,
        left: float = MARGIN,
    ) -> float:
        """Write `text` below `top`, wrapped at `width`; bold text is black, other text is grey.

        Returns the lower edge of the text.
        """
        lines = wrapped(text, width, size, bold=bold)
        for number, line in enumerate(lines):
            baseline = top + (number * LINE + 1) * size
            self.write(line, left, baseline, size, bold=bold, color=INK if bold else QUIET_INK)
        return top + len(lines) * LINE * size

    def colour_bar(
        self, box: Box, scale: Scale, *, ends: tuple[float, float] | None = None
    ) -> None:
        """Draw a colour bar of `scale`, or of its part between `ends`, with ticks and its name.

        The ticks are at the right of a vertical bar, and below a horizontal one.
        """
        is_flat = box.width > box.height
        axes = self.axes(box)
        mappable = ScalarMappable(Normalize(scale.lowest, scale.highest), scale.colours)
        orientation: Literal["horizontal", "vertical"] = "horizontal" if is_flat else "vertical"
        bar = self.figure.colorbar(mappable, cax=axes, orientation=orientation)
        lowest, highest = ends or (scale.lowest, scale.highest)
        bar.ax.set(**{"xlim" if is_flat else "ylim": (lowest, highest)})
        ticks = scale.ticks(lowest, highest)
        bar.set_ticks(list(ticks), labels=list(ticks.values()))
        bar.ax.tick_params(colors=INK, labelsize=NAME_SIZE, width=0.6, length=2.5, pad=2)
        bar.outline.set(edgecolor=FRAME, linewidth=0.6)
        # Without this, viewers of SVG and PDF show hairlines between the colours.
        assert bar.solids is not None
        bar.solids.set(rasterized=True, edgecolor="face")
        if scale.name:
            bar.set_label(scale.name, color=INK, labelpad=4, **text_style(scale.name, LABEL_SIZE))
        _, right, _, below = self.margins(bar.ax)
        self.reserve(box.right + right, box.bottom + below)

    def finish(self) -> Figure:
        """Set the figure's size to that of its content and a margin, and return it."""
        width, height = self.right + MARGIN, self.bottom + MARGIN
        self.figure.set_size_inches(width / 72, height / 72)
        for axes, box in self._places.items():
            corner = (box.left / width, 1 - box.bottom / height)
            axes.set_position((*corner, box.width / width, box.height / height))
        return self.figure


def colour_bar_room(scale: Scale, ends: tuple[float, float] | None = None) -> float:
    """Width of the ticks and name at the right of a vertical colour bar."""
    ticks = scale.ticks(*(ends or ()))
    numbers = max((text_width(text, NAME_SIZE) for text in ticks.values()), default=0.0)
    return _BAR_TICKS + numbers + (_BAR_NAME if scale.name else 0.0)
