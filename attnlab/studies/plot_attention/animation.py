"""Animated GIF of figures, whose frames share one palette of 256 colours."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from attnlab.plotting.saving import write_whole

GIF = ".gif"
_DOTS_PER_INCH = 144  # twice that of a common screen
_MOST_PIXELS = 4_000_000  # of one frame: decoders hold several in memory
_PALETTE_FRAMES = 6  # that the palette is made from: the first, the last and some between
_PLEASANT_SECONDS = 8.0  # for all frames together
_SHORTEST, _LONGEST, _LAST = 0.12, 0.8, 2.5  # seconds of a frame


def save_animation(figures: Sequence[Figure], path: Path | str) -> None:
    """Write `figures` as a GIF that repeats for ever, with a longer last frame.

    Frames are as large as the largest figure, with smaller ones at the top left.

    Raises:
        ValueError: no figures.
        AttnlabError: a place that cannot be written to.
    """
    if not figures:
        raise ValueError("an animation needs at least one figure")
    pictures = _pictures(figures)
    palette = _palette(pictures)
    frames = [_in_palette(picture, palette) for picture in pictures]

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
    """Duration of each frame, in whole hundredths of a second, the unit of GIF."""
    seconds = min(max(_PLEASANT_SECONDS / frames, _SHORTEST), _LONGEST)
    return [10 * round(100 * each) for each in [*[seconds] * (frames - 1), _LAST]]


def _pictures(figures: Sequence[Figure]) -> list[Image.Image]:
    """The figures as pictures of one size."""
    largest = max(width * height for width, height in map(Figure.get_size_inches, figures))
    pictures = []
    for figure in figures:
        figure.set_dpi(float(min(_DOTS_PER_INCH, (_MOST_PIXELS / largest) ** 0.5)))
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # type: ignore[no-untyped-call]
        pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        pictures.append(Image.fromarray(pixels).convert("RGB"))
    width, height = (max(sizes) for sizes in zip(*(each.size for each in pictures), strict=True))
    same = [Image.new("RGB", (width, height), "white") for _ in pictures]
    for whole, picture in zip(same, pictures, strict=True):
        whole.paste(picture, (0, 0))
    return same


def _palette(pictures: Sequence[Image.Image]) -> Image.Image:
    """A picture whose palette suits all `pictures`, with pure white for paper."""
    step = max(1, (len(pictures) - 1) // (_PALETTE_FRAMES - 1))
    together = np.concatenate([np.asarray(picture) for picture in pictures[::-step]])
    table = Image.fromarray(together).quantize(colors=256, method=Image.Quantize.MEDIANCUT)
    colours = np.reshape(table.getpalette() or [], (-1, 3))
    colours[colours.sum(axis=1).argmax()] = 255
    table.putpalette(colours.ravel().tolist())
    return table


def _in_palette(picture: Image.Image, table: Image.Image) -> Image.Image:
    """The picture in the palette of `table`; white pixels are exactly white."""
    indices = np.array(picture.quantize(palette=table, dither=Image.Dither.NONE))
    palette = table.getpalette() or []
    white = np.reshape(palette, (-1, 3)).sum(axis=1).argmax()
    indices[(np.asarray(picture) == 255).all(axis=-1)] = white
    found = Image.fromarray(indices)
    found.putpalette(palette)
    return found
