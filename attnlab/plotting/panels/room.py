"""How much room things around a panel's axes take, in inches, and where axes stand on a page."""

from typing import TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure

AXES_WIDTH, AXES_HEIGHT = 2.3, 2.1
NUMBERS, LABEL = 0.42, 0.2  # strips left of the axes
BAR, BAR_GAP, BAR_NUMBERS = 0.09, 0.07, 0.46
SAMPLE = 0.3  # of a line, beside its name

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, width and height, from the top left corner of the page."""


def add_axes(figure: Figure, box: Box) -> Axes:
    """New axes in that place."""
    left, top, width, height = box
    page_width, page_height = figure.get_size_inches()
    return figure.add_axes(
        (
            left / page_width,
            1 - (top + height) / page_height,
            width / page_width,
            height / page_height,
        )
    )
