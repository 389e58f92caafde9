"""How all curves look: quiet axes, names in small letters, lines that no colour blindness confuses.

Knows no particular figure.
"""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.legend import Legend

from attnlab.plotting.colours import FRAME, GOLD, INK, QUIET_INK
from attnlab.plotting.grid import LABEL_SIZE, NAME_SIZE, TITLE_SIZE
from attnlab.plotting.lettering import text_style

LINES: tuple[dict[str, Any], ...] = (
    {"color": "#1f5a94", "linestyle": "-"},
    {"color": GOLD, "linestyle": (0, (5, 1.5))},
    {"color": "#009e73", "linestyle": (0, (6, 1.5, 1.2, 1.5))},
    {"color": "#cc79a7", "linestyle": (0, (2.2, 1.2))},
    {"color": "#7a7f87", "linestyle": (0, (1, 1.2))},
)
"""Colours (the scale's blue, and four of Okabe & Ito 2008) and dashes of lines beside others."""


def quiet(axes: Axes, *, x: str = "", y: str = "", title: str = "") -> None:
    """Name the axes and the whole, and keep all but the data in the background."""
    axes.set_xlabel(x, color=QUIET_INK, **text_style(x, LABEL_SIZE))
    axes.set_ylabel(y, color=QUIET_INK, **text_style(y, LABEL_SIZE))
    if title:
        axes.set_title(title, loc="left", color=INK, **text_style(title, TITLE_SIZE))
    axes.tick_params(colors=QUIET_INK, labelsize=NAME_SIZE, which="both", width=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[:].set(color=FRAME, linewidth=0.6)
    axes.set_axisbelow(True)


def letter(legend: Legend, size: float) -> None:
    """Give each name of a legend a size, and fonts that have its letters."""
    for text in (legend.get_title(), *legend.get_texts()):
        text.set(**text_style(text.get_text(), size))
