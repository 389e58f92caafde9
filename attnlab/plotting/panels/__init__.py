"""Pages of panels: matrices in colour, and lines. Knows arrays and strings, not what they mean."""

from attnlab.plotting.panels.kinds import LinesPanel, MatrixPanel, Panel
from attnlab.plotting.panels.page import draw_panels

__all__ = ["LinesPanel", "MatrixPanel", "Panel", "draw_panels"]
