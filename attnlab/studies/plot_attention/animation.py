"""Figures one after the other, as an animated GIF. Knows no plot.

All frames share one table of 256 colours, so that a colour means the same in each of them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from attnlab.plotting.saving import write_whole

GIF = ".gif"

_DOTS_PER_INCH = 144  # twice a screen's, as of one that shows fine detail
_MOST_PIXELS = 4_000_000  # of one frame: decoders keep several in memory
_FROM_WHICH_COLOURS = 6
"""Frames that the colour table is made from: the first, the last and some between."""

_PLEASANT_SECONDS = 8.0  # for all frames together
_SHORTEST, _LONGEST, _LAST = 0.12, 0.8, 2.5  # seconds of a frame


def save_animation(figures: Sequence[Figure], path: Path | str) -> None:
    """Write `figures` as a GIF that begins anew for ever, and stays at the last one for a while.

    Each frame is as large as the largest figure; the others stand at its top left.

    Raises:
        ValueError: no figures.
        AttnlabError: a place that cannot be written to.
    """
    if not figures:
        raise ValueError("an animation needs at least one figure")
    pictures = _same_size([_picture(figure, _dots_per_inch(figures)) for figure in figures])
    colours = _colour_table(pictures)
    frames = [_in_colours(picture, colours) for picture in pictures]

    def write(unfinished: Path) -> None:
        frames[0].save(
            unfinished,
            save_all=True,
            append_images=frames[1:],
            duration=frame_milliseconds(len(frames)),
            loop=0,
            optimize=False,
        )

    write_whole(Path(path), write)


def frame_milliseconds(frames: int) -> list[int]:
    """How long each frame is shown; whole hundredths of a second, which GIF counts in."""
    seconds = min(max(_PLEASANT_SECONDS / frames, _SHORTEST), _LONGEST)
    return [10 * round(100 * each) for each in [*[seconds] * (frames - 1), _LAST]]


def _dots_per_inch(figures: Sequence[Figure]) -> float:
    largest = max(width * height for width, height in map(Figure.get_size_inches, figures))
    return float(min(_DOTS_PER_INCH, (_MOST_PIXELS / largest) ** 0.5))


def _picture(figure: Figure, dots_per_inch: float) -> Image.Image:
    figure.set_dpi(dots_per_inch)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return Image.fromarray(pixels).convert("RGB")


def _same_size(pictures: Sequence[Image.Image]) -> list[Image.Image]:
    size = tuple(max(each) for each in zip(*(picture.size for picture in pictures), strict=True))
    same = []
    for picture in pictures:
        whole = Image.new("RGB", (size[0], size[1]), "white")
        whole.paste(picture, (0, 0))
        same.append(whole)
    return same


def _colour_table(pictures: Sequence[Image.Image]) -> Image.Image:
    """A picture with the palette that fits all; GIF's frames would each have their own."""
    step = max(1, (len(pictures) - 1) // (_FROM_WHICH_COLOURS - 1))
    some = list(pictures[::-step])
    width, height = some[0].size
    together = Image.new("RGB", (width, height * len(some)))
    for number, picture in enumerate(some):
        together.paste(picture, (0, number * height))
    table = together.quantize(colors=256, method=Image.Quantize.MEDIANCUT)
    colours = np.reshape(table.getpalette() or [], (-1, 3))
    colours[colours.sum(axis=1).argmax()] = 255
    table.putpalette(colours.ravel().tolist())
    return table


def _in_colours(picture: Image.Image, table: Image.Image) -> Image.Image:
    """The picture by numbers of the `table`'s colours; paper is white, not only nearly so."""
    numbers = np.array(picture.quantize(palette=table, dither=Image.Dither.NONE))
    palette = table.getpalette() or []
    white = np.reshape(palette, (-1, 3)).sum(axis=1).argmax()
    numbers[(np.asarray(picture) == 255).all(axis=-1)] = white
    same = Image.fromarray(numbers)
    same.putpalette(palette)
    return same
