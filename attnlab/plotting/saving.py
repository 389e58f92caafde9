"""Figures and pages as files, the same bytes for the same figure: no dates and no random names."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import RLock
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.text import Text

from attnlab.plotting.text import writable
from attnlab.support.errors import AttnlabError
from attnlab.support.files import atomic_file

DOTS_PER_INCH = 200
MOST_PIXELS = 100_000_000
"""Of one PNG: more exceed what most viewers open."""

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
    # Letters as wide as they were measured; hinted ones differ by per cents at some sizes.
    "text.hinting": "no_hinting",
}
_settings_are_global = RLock()


@contextmanager
def fixed_settings() -> Iterator[None]:
    """Matplotlib's settings by which figures are measured and written, in one thread at a time.

    A program that uses attnlab keeps its own, and yet gets the figures that the command writes.
    """
    with _settings_are_global, matplotlib.rc_context(_SETTINGS):
        yield


def save_figure(figure: Figure, path: Path | str) -> None:
    """Write `figure` as PNG, SVG or PDF, by the suffix of `path`, in a folder that is made.

    PNG has 200 dots per inch, fewer where the picture would exceed 100 million pixels.

    Raises:
        AttnlabError: another suffix, or a place that cannot be written to.
    """
    path = Path(path)
    suffix = figure_suffix(path)
    options = {"format": suffix[1:], "metadata": _METADATA[suffix], **_prepared(figure)}
    write_whole(path, lambda unfinished: figure.savefig(unfinished, **options))


def save_pages(figures: Iterable[Figure], path: Path | str) -> None:
    """Write `figures`, drawn one by one, as pages of one PDF, each as large as its figure.

    Raises:
        AttnlabError: a place that cannot be written to.
    """
    from matplotlib.backends.backend_pdf import PdfPages  # a quarter of a second, for PDF alone

    def write(unfinished: Path) -> None:
        with PdfPages(unfinished, metadata=_METADATA[".pdf"]) as pages:
            for figure in figures:
                pages.savefig(figure, **_prepared(figure))

    write_whole(Path(path), write)


def _prepared(figure: Figure) -> dict[str, Any]:
    """Resolution of a figure, whose text is replaced by what files can hold."""
    for each in figure.findobj(Text):
        assert isinstance(each, Text)
        each.set_text(writable(each.get_text()))
    width, height = figure.get_size_inches()
    return {"dpi": float(min(DOTS_PER_INCH, (MOST_PIXELS / (width * height)) ** 0.5))}


def svg_bytes(figure: Figure) -> bytes:
    """The SVG that `save_figure` writes."""
    buffer = BytesIO()
    with fixed_settings():
        options = {"metadata": _METADATA[".svg"], **_prepared(figure)}
        figure.savefig(buffer, format="svg", **options)
    return buffer.getvalue()


def png_bytes(figure: Figure, dots_per_inch: float) -> bytes:
    """The PNG that `save_figure` writes, in another resolution."""
    buffer = BytesIO()
    with fixed_settings():
        options = _prepared(figure) | {"dpi": dots_per_inch, "metadata": _METADATA[".png"]}
        figure.savefig(buffer, format="png", **options)
    return buffer.getvalue()


def save_page(page: str, path: Path) -> None:
    """Write an HTML page.

    Raises:
        AttnlabError: a place that cannot be written to.
    """
    write_whole(path, lambda unfinished: unfinished.write_bytes(page.encode()))


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file, and move it to `path` when it is complete.

    Raises:
        AttnlabError: a place that cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as file, fixed_settings():
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
    """As `place`, for a figure.

    Raises:
        AttnlabError: figures are not written with its suffix.
    """
    path = place(output, folder, name)
    figure_suffix(path)
    return path


def figure_suffix(path: Path) -> str:
    """The suffix of a figure's file in lower case.

    Raises:
        AttnlabError: figures are not written with it.
    """
    suffix = path.suffix.lower()
    if suffix not in _METADATA:
        raise AttnlabError(
            f"{path}: cannot write a figure as '{suffix or path.name}'; "
            f"end the name with one of: {', '.join(_METADATA)}"
        )
    return suffix
