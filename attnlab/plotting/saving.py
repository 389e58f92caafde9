"""Figures and pages into files. Knows no plot.

The same figure gives the same bytes: no dates and no random names inside.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.text import Text

from attnlab.plotting.text import writable
from attnlab.support.errors import AttnlabError
from attnlab.support.files import atomic_file

DOTS_PER_INCH = 200
MOST_PIXELS = 100_000_000
"""Of one PNG: above it, most viewers and many a laptop's memory give up."""

_METADATA: dict[str, dict[str, str | None]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # real text: can be searched, selected and read aloud
    "svg.hashsalt": "attnlab",  # the same names for clip paths and glyphs every time
    "pdf.fonttype": 42,  # TrueType: journals refuse Type 3, and the text can be searched
    "savefig.facecolor": "auto",
    "savefig.bbox": None,
    "text.hinting": "no_hinting",  # letters as wide as they were measured
}
_settings_are_global = Lock()


def save_figure(figure: Figure, path: Path | str) -> None:
    """Write `figure` as PNG, SVG or PDF, whichever the suffix of `path` says.

    Folders on the way are made. PNG has 200 dots per inch, fewer where the picture would exceed
    100 million pixels. What stood at `path` stays whole until the new file is.

    Raises:
        AttnlabError: another suffix, or a place that cannot be written to.
    """
    path = Path(path)
    suffix = figure_suffix(path)

    _make_writable(figure)

    def write(unfinished: Path) -> None:
        figure.savefig(
            unfinished,
            format=suffix[1:],
            dpi=_dots_per_inch(figure),
            metadata=_METADATA[suffix],
        )

    write_whole(path, write)


def save_pages(figures: Iterable[Figure], path: Path | str) -> None:
    """Write `figures` as the pages of one PDF, each as large as its figure; else as `save_figure`.

    They are taken one by one, so that no two need be there at once.
    """
    from matplotlib.backends.backend_pdf import PdfPages  # a quarter of a second, for PDF alone

    path = Path(path)

    def write(unfinished: Path) -> None:
        with PdfPages(unfinished, metadata=_METADATA[".pdf"]) as pages:
            for figure in figures:
                _make_writable(figure)
                pages.savefig(figure, dpi=_dots_per_inch(figure))

    write_whole(path, write)


def _make_writable(figure: Figure) -> None:
    for each in figure.findobj(Text):
        assert isinstance(each, Text)
        each.set_text(writable(each.get_text()))


def save_page(page: str, path: Path) -> None:
    """Write an HTML page likewise."""
    write_whole(path, lambda unfinished: unfinished.write_bytes(page.encode()))


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` make a file, and put it in its place once it is whole.

    Raises:
        AttnlabError: a place that cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Matplotlib keeps these settings for the whole process; one thread at a time.
        with atomic_file(path) as file, _settings_are_global, matplotlib.rc_context(_SETTINGS):
            write(Path(file.name))
    except OSError as error:
        raise AttnlabError(
            f"cannot write {path}: {error.strerror or error}; choose another place"
        ) from error


def place(output: Path | None, folder: Path, name: str) -> Path:
    """The file to write: `output`, or `name` in it where that is a folder, or in `folder`."""
    if output is None:
        return folder / name
    return output / name if output.is_dir() or not output.suffix else output


def figure_place(output: Path | None, folder: Path, name: str) -> Path:
    """As `place`, of a figure.

    Raises:
        AttnlabError: no figure is written with its suffix.
    """
    path = place(output, folder, name)
    figure_suffix(path)
    return path


def figure_suffix(path: Path) -> str:
    """The suffix of a figure's file, in small letters.

    Raises:
        AttnlabError: no figure is written with this one.
    """
    suffix = path.suffix.lower()
    if suffix not in _METADATA:
        raise AttnlabError(
            f"{path}: cannot write a figure as '{suffix or path.name}'; "
            f"end the name with one of: {', '.join(_METADATA)}"
        )
    return suffix


def _dots_per_inch(figure: Figure) -> float:
    width, height = figure.get_size_inches()
    return float(min(DOTS_PER_INCH, (MOST_PIXELS / (width * height)) ** 0.5))
