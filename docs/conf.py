"""How Sphinx makes a site of these pages: make docs. Nothing in it is loaded from elsewhere."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import make_reference  # noqa: E402

from attnlab import __version__  # noqa: E402

project = "attnlab"
author = "attnlab authors"
project_copyright = "attnlab authors, MIT licence"
version = release = __version__
language = "en"

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True
smartquotes = False  # -- is the beginning of an option
highlight_language = "text"  # what most blocks hold: what one types, and what one sees then

html_theme = "furo"
html_title = "attnlab"
html_copy_source = False
html_show_sourcelink = False
html_static_path = ["static"]
html_css_files = ["attnlab.css"]
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}

make_reference.write(ROOT / "docs" / "reference")
