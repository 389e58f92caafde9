"""Figures from arrays and strings; every import of matplotlib passes here first."""

import logging
import os

from attnlab.support.errors import AttnlabError

# The command disables matplotlibrc, so that its figures are the same everywhere. Where attnlab is
# used as a library, the settings of that program stay.
_IS_COMMAND = os.environ.get("MATPLOTLIBRC") == os.devnull
if _IS_COMMAND:
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # fonts.py warns by itself

try:
    import matplotlib
    from matplotlib.figure import Figure
except UnicodeDecodeError as error:
    raise AttnlabError(
        "matplotlib cannot read the file matplotlibrc in this folder, which is not UTF-8 text; "
        "remove it, or start attnlab in another folder"
    ) from error

if _IS_COMMAND:
    matplotlib.rcdefaults()

__all__ = ["Figure"]
