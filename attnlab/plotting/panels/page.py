"""A page of panels. All lengths are inches.

A panel's title, labels, colour bar and names of lines have strips of their own around its axes, so
that nothing lies over what is drawn.
"""

from collections.abc import Sequence

from matplotlib.figure import Figure

from attnlab.plotting.colours import INK, QUIET_INK
from attnlab.plotting.grid import HEADING_SIZE, NAME_SIZE, TITLE_SIZE
from attnlab.plotting.lettering import text_style, text_width, wrapped
from attnlab.plotting.panels.drawing import draw_lines, draw_matrix
from attnlab.plotting.panels.kinds import MatrixPanel, Panel
from attnlab.plotting.panels.room import (
    AXES_HEIGHT,
    AXES_WIDTH,
    BAR,
    BAR_GAP,
    BAR_NUMBERS,
    LABEL,
    NUMBERS,
    SAMPLE,
    add_axes,
)

_TITLE, _BELOW, _GAP, _EDGE = 0.34, 0.48, 0.12, 0.14
_HEADING, _LINE = 0.36, 0.16


def draw_panels(rows: Sequence[Sequence[Panel]], *, heading: str, note: str = "") -> Figure:
    """The panels in rows from the top, under a `heading` and over a `note` in small print.

    Raises:
        ValueError: there are no panels.
    """
    columns = [
        [row[number] for row in rows if number < len(row)]
        for number in range(max(map(len, rows), default=0))
    ]
    if not columns:
        raise ValueError("a page needs at least one panel")
    lefts = [max(map(_left, column)) for column in columns]
    rights = [max(map(_right, column)) for column in columns]
    panels = sum(lefts) + sum(rights) + len(columns) * (AXES_WIDTH + _GAP)
    width = max(2 * _EDGE + panels, 0.3 + text_width(heading, HEADING_SIZE, bold=True) / 72)
    lines = wrapped(note, 72 * (width - 3 * _EDGE), NAME_SIZE)
    step = _TITLE + AXES_HEIGHT + _BELOW
    height = _EDGE + _HEADING + len(rows) * step + _LINE * len(lines) + _EDGE
    figure = Figure(figsize=(width, height), facecolor="white")
    for number, row in enumerate(rows):
        left, top = _EDGE, _EDGE + _HEADING + number * step + _TITLE
        for panel, before, behind in zip(row, lefts, rights, strict=False):
            box = (left + before, top, AXES_WIDTH, AXES_HEIGHT)
            axes = add_axes(figure, box)
            _write(figure, (left, top - 0.11), panel.title, TITLE_SIZE, bold=True)
            if isinstance(panel, MatrixPanel):
                draw_matrix(figure, axes, box, panel)
            else:
                draw_lines(figure, axes, box, panel)
            axes.tick_params(which="both", pad=2.5)
            axes.xaxis.labelpad = 3
            left += before + AXES_WIDTH + behind + _GAP
    _write(figure, (_EDGE, _EDGE + 0.14), heading, HEADING_SIZE, bold=True)
    for number, line in enumerate(reversed(lines)):
        _write(figure, (_EDGE, height - _EDGE - _LINE * number), line, NAME_SIZE)
    return figure


def _left(panel: Panel) -> float:
    """How much room the numbers or names of the rows take, and what they are of."""
    names = (panel.row_names or ()) if isinstance(panel, MatrixPanel) else ()
    widest = max((text_width(name, NAME_SIZE) / 72 + 0.1 for name in names), default=NUMBERS)
    return max(widest, NUMBERS) + LABEL


def _right(panel: Panel) -> float:
    """How much room a colour bar or the names of lines take, and what of the title is wider."""
    title = text_width(panel.title, TITLE_SIZE, bold=True) / 72 - _left(panel) - AXES_WIDTH
    if isinstance(panel, MatrixPanel):
        room = 0.0 if panel.print_numbers else BAR_GAP + BAR + BAR_NUMBERS
    else:
        widths = [text_width(name, NAME_SIZE) / 72 for name in panel.lines if name]
        room = max((SAMPLE + 0.15 + each for each in widths), default=0.0)
        room = max(room, text_width(panel.legend, NAME_SIZE) / 72 + 0.12 if panel.legend else 0.0)
    return max(room, title)


def _write(
    figure: Figure, place: tuple[float, float], text: str, size: float, *, bold: bool = False
) -> None:
    """From the left and on a baseline, measured from the top left corner."""
    width, height = figure.get_size_inches()
    figure.text(
        place[0] / width,
        1 - place[1] / height,
        text,
        color=INK if bold else QUIET_INK,
        va="baseline",
        **text_style(text, size, bold=bold),
    )
