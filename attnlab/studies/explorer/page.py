"""The explorer's page: its content, script and style in one HTML file."""

from pathlib import Path

from attnlab.plotting.browser.inline import SHARED, inlined_page
from attnlab.studies.explorer.content import Explorer

_HERE = Path(__file__).parent

_MODULES = (
    *(SHARED / name for name in ("elements.js", "colours.js")),
    *(_HERE / f"{name}.js" for name in ("words", "state", "views", "panels", "controls", "main")),
)


def explorer_page(explorer: Explorer) -> str:
    """The page as HTML, deterministic."""
    return inlined_page(
        explorer.title,
        _HERE / "page.html",
        (SHARED / "base.css", _HERE / "explorer.css"),
        _MODULES,
        content=explorer.as_json(),
    )
