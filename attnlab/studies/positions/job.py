"""All that `attnlab positions` does: draw the page of what is told, and check what it promises."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from attnlab.plotting.panels import draw_panels
from attnlab.plotting.saving import figure_suffix, save_figure
from attnlab.studies.positions.biases import alibi_page, t5_page
from attnlab.studies.positions.learned import learned_page
from attnlab.studies.positions.page import PositionsPage
from attnlab.studies.positions.report import ToldPositions
from attnlab.studies.positions.rotary import rotary_page
from attnlab.studies.positions.shaw import shaw_page
from attnlab.studies.positions.sinusoidal import sinusoidal_page
from attnlab.support.errors import UsageError

PAGES: dict[str, Callable[[ToldPositions], PositionsPage]] = {
    "sinusoidal": sinusoidal_page,
    "learned": learned_page,
    "rotary": rotary_page,
    "alibi": alibi_page,
    "shaw": shaw_page,
    "t5": t5_page,
}


def show_positions(told: ToldPositions, output: Path, described: str = "") -> dict[str, Any]:
    """Draw the page into `output`, and give its figures, as JSON takes them.

    `described` says in the heading which run has learnt them.

    Raises:
        UsageError: there is nothing to be seen of these positions.
        AttnlabError: the file cannot be written.
    """
    name = told.config.name
    if name not in PAGES:
        raise UsageError(
            f"positions={name} has nothing to be drawn; there are figures of: {', '.join(PAGES)}"
        )
    figure_suffix(output)  # before the work
    page = PAGES[name](told)
    heading = " · ".join(filter(None, [described, page.title]))
    save_figure(draw_panels(page.rows, heading=heading, note=page.note), output)
    return {
        "positions": asdict(told.config),
        "run": told.run,
        "length": told.length,
        "checks": dict(page.checks),
        **page.numbers,
        "files": [str(output)],
    }
