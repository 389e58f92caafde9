"""Figures from arrays and strings. Knows no model and no corpus.

Only modules in here import matplotlib, so that what is done here comes first.
"""

import logging
import os

from attnlab.support.errors import AttnlabError

# So in the command, whose figures are alike everywhere; in others' programs, their settings hold.
_DEFAULTS_ALONE = os.environ.get("MATPLOTLIBRC") == os.devnull
if _DEFAULTS_ALONE:
    # It warns of settings, fonts and caches; what a figure's reader needs, attnlab says itself.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)

try:
    import matplotlib
    from matplotlib.figure import Figure
except UnicodeDecodeError as error:
    raise AttnlabError(
        "matplotlib cannot read the file matplotlibrc in this folder, which is not UTF-8 text; "
        "remove it, or start attnlab in another folder"
    ) from error

if _DEFAULTS_ALONE:
    matplotlib.rcdefaults()
    # Letters are as wide as they were measured; hinted ones differ by per cents at some sizes.
    matplotlib.rcParams["text.hinting"] = "no_hinting"

__all__ = ["Figure"]
