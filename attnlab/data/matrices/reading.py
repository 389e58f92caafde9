"""Any file of matrices: CSV, TSV, NPY, or NPZ of one array. Never unpickles anything."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from attnlab.data.matrices.archives import UNREADABLE, open_archive
from attnlab.data.matrices.delimited import read_delimited
from attnlab.data.matrices.labelled import (
    LARGEST,
    MOST_MATRICES,
    SMALLEST,
    LabelledMatrix,
    MatrixStack,
    require_drawable,
)
from attnlab.support.errors import AttnlabError, UsageError

SUFFIXES = (".csv", ".tsv", ".npy", ".npz")


def read_matrices(path: Path) -> MatrixStack:
    """The matrix in a file, or the stack of matrices.

    An array of two axes is one matrix; of three, one for each place on the first; of four, a grid
    of them: (grid rows, grid columns, rows, columns).

    Raises:
        UsageError: the name ends in another way.
        AttnlabError: it cannot be read, has no such axes, has a cell that is no finite number
            (NaN is let pass: no number), or is too large.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"{path}: cannot read '{suffix or path.name}'; end the name with one of: "
            f"{', '.join(SUFFIXES)}"
        )
    if suffix in (".csv", ".tsv"):
        return MatrixStack(matrices=[read_delimited(path)])
    return _stack(path, _array(path))


def _array(path: Path) -> NDArray[np.generic]:
    """The file's array; of an NPY, as it lies on the disk."""
    try:
        if path.suffix.lower() == ".npy":
            array: NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
            return array
        with open_archive(path) as arrays:
            if len(arrays.files) != 1:
                names = ", ".join(arrays.files[:5])
                raise AttnlabError(
                    f"{path}: holds {len(arrays.files)} arrays ({names}); save the one to be "
                    "shown as .npy"
                )
            only: NDArray[np.generic] = arrays[arrays.files[0]]
            if not isinstance(only, np.ndarray):  # another file's bytes
                raise ValueError(f"{arrays.files[0]} is no array")
            return only
    except OSError as error:
        raise AttnlabError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UNREADABLE as error:
        raise AttnlabError(
            f"{path}: holds no array of numbers to be read ({error}); write it with numpy.save"
        ) from error


def _stack(path: Path, array: NDArray[np.generic]) -> MatrixStack:
    if array.dtype.kind not in "biuf":
        raise AttnlabError(f"{path}: holds {array.dtype} and no numbers that colours can show")
    if array.ndim not in (2, 3, 4):
        raise AttnlabError(
            f"{path}: has the shape {array.shape}; a matrix has 2 axes, a stack of them 3, and a "
            "grid of them 4"
        )
    *stacked, rows, columns = array.shape
    require_drawable(str(path), rows, columns)
    count = int(np.prod(stacked, dtype=np.int64))
    if not 1 <= count <= MOST_MATRICES:
        raise AttnlabError(
            f"{path}: has the shape {array.shape}, and so {count:,} matrices; a figure shows 1 to "
            f"{MOST_MATRICES}"
        )
    with np.errstate(over="ignore"):  # of a wider type
        values = np.array(array, dtype=np.float64)
    beyond = np.argwhere(np.abs(values) > LARGEST)
    if len(beyond):
        place = tuple(beyond[0].tolist())
        problem = "no finite number" if np.isinf(values[place]) else f"beyond ±{LARGEST:g}"
        raise AttnlabError(
            f"{path}: element {list(place)} is {values[place]}, {problem}; NaN would be shown as "
            "no number"
        )
    values[np.abs(values) < SMALLEST] = 0.0
    matrices = [LabelledMatrix(values=each) for each in values.reshape(count, rows, columns)]
    return MatrixStack(
        matrices=matrices, grid=(stacked[0], stacked[1]) if len(stacked) == 2 else None
    )
