"""`attnlab positions`: the page of an encoding, its figure, and its numbers as JSON."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from attnlab.plotting.panels import draw_panels
from attnlab.plotting.saving import figure_suffix, save_figure
from attnlab.studies.positions.absolute import learned_page, sinusoidal_page
from attnlab.studies.positions.modules import PositionModules
from attnlab.studies.positions.page import PositionsPage
from attnlab.studies.positions.relative import alibi_page, rotary_page, shaw_page, t5_page
from attnlab.support.errors import UsageError

PAGES: dict[str, Callable[[PositionModules], PositionsPage]] = {
    "sinusoidal": sinusoidal_page,
    "learned": learned_page,
    "rotary": rotary_page,
    "alibi": alibi_page,
    "shaw": shaw_page,
    "t5": t5_page,
}


def show_positions(modules: PositionModules, output: Path, described: str = "") -> dict[str, Any]:
    """Write the figure to `output`; the numbers for JSON are returned.

    `described`: the run that the modules are of, for the heading.

    Raises:
        UsageError: the encoding has no page.
        AttnlabError: the file cannot be written.
    """
    name = modules.config.name
    if name not in PAGES:
        raise UsageError(
            f"positions={name} has nothing to be drawn; there are figures of: {', '.join(PAGES)}"
        )
    figure_suffix(output)  # before the work
    page = PAGES[name](modules)
    heading = " · ".join(filter(None, [described, page.title]))
    save_figure(draw_panels(page.rows, heading=heading, note=page.note), output)
    return {
        "positions": asdict(modules.config),
        "run": modules.run,
        "length": modules.length,
        "checks": dict(page.checks),
        **page.numbers,
        "files": [str(output)],
    }
