"""The pages of biases, ALiBi's and T5's: what is added to scores, by offset and head by head."""

import numpy as np
import torch
from numpy.typing import NDArray

from attnlab.attention.positions.alibi import slopes
from attnlab.attention.positions.t5 import T5Config, bucket_of
from attnlab.plotting.panels import LinesPanel, MatrixPanel, Panel
from attnlab.studies.positions.measures import Array, offset_deviation
from attnlab.studies.positions.page import PositionsPage
from attnlab.studies.positions.report import STACKS, ToldPositions, visible_alone

_ALIBI_NOTE = (
    "What is added to a head’s scores before the softmax: its slope times the distance, and "
    "nothing is learnt. A steep head sees its neighbours alone, a flat one the whole sentence. "
    "Weights: of a decoder’s last word, were all its scores equal. Matrices: queries from the top, "
    "keys from the left; grey is what the decoder does not see. All matrices have one scale."
)
_T5_NOTE = (
    "Near offsets have a bucket of their own, further ones share, on a logarithmic scale, up to "
    "the last bucket for all that is further. In an encoder one half of the buckets is for keys "
    "before the query and the other for keys behind it; a decoder has them all for keys before. "
    "Each head learns a number for each bucket."
)
_BIAS_NOTE = " Biases of one offset are the same in every place and in every layer of a stack."


def alibi_page(told: ToldPositions) -> PositionsPage:
    """A steep, a middling and a flat head; biases of all by offset, slopes, and weights."""
    biases = {stack: told.bias(stack) for stack in told.relatives}
    steepness = slopes(told.heads)
    steepest_first = np.argsort(steepness)[::-1]
    # One head in four is steeper than the second one that is shown.
    steep, flatter = steepest_first[0], steepest_first[min(-(-told.heads // 4), told.heads - 1)]
    lowest = float(np.nanmin(biases["encoder"][steep]))
    last = np.exp(biases["decoder"][:, -1])
    last /= last.sum(axis=1, keepdims=True)
    offsets = np.arange(1 - told.length, told.length)
    return PositionsPage(
        title=f"ALiBi: {told.length} positions, {told.heads} heads",
        rows=[
            [
                _matrix(biases["encoder"], "encoder", steep, lowest),
                _matrix(biases["encoder"], "encoder", flatter, lowest),
                _matrix(biases["decoder"], "decoder", flatter, lowest),
            ],
            [
                LinesPanel(
                    title="Slope of each head",
                    lines={"": (np.arange(1, told.heads + 1), np.array(steepness))},
                    x_label="head",
                    y_label="subtracted for each position",
                    dots=True,
                    log_y=True,
                ),
                LinesPanel(
                    title="Bias by offset, encoder",
                    lines={
                        f"{head + 1}": (offsets, -steepness[head] * np.abs(offsets))
                        for head in steepest_first[::-1]
                    },
                    x_label="offset j − i",
                    y_label="added to the score",
                    legend="head",
                    ordered=True,
                    y_limits=(-12, 0.6),
                ),
                LinesPanel(
                    title="Weights where all scores are equal",
                    lines={
                        f"{head + 1}": (np.arange(1 - told.length, 1), last[head])
                        for head in steepest_first[::-1]
                    },
                    x_label="offset j − i",
                    y_label="weight of the decoder’s last word",
                    legend="head",
                    ordered=True,
                ),
            ],
        ],
        note=_ALIBI_NOTE,
        checks=_same_by_offset(biases),
        numbers={"slopes": steepness},
    )


def t5_page(told: ToldPositions) -> PositionsPage:
    """The buckets; of a run also what each head has learnt for them."""
    assert isinstance(told.config, T5Config)
    rows: list[list[Panel]] = [[*(_buckets(told, stack) for stack in STACKS), _stairs(told)]]
    checks: dict[str, float] = {}
    if told.run is not None:
        biases = {stack: told.bias(stack) for stack in told.relatives}
        for stack, bias in biases.items():
            most_telling = np.argsort(np.nanstd(bias, axis=(1, 2)))[::-1]
            most = float(np.nanmax(np.abs(bias)))
            rows.append(
                [
                    _learnt(bias, stack),
                    *(
                        _matrix(bias, stack, int(head), -most, most)
                        for head in sorted(most_telling[:2])
                    ),
                ]
            )
        checks = _same_by_offset(biases)
    return PositionsPage(
        title=f"T5’s positions: {told.config.buckets} buckets, the last from a distance of "
        f"{told.config.farthest} on",
        rows=rows,
        note=_T5_NOTE + (_BIAS_NOTE if told.run is not None else ""),
        checks=checks,
        numbers={
            stack: _buckets_of(told, np.arange(-told.config.farthest, 1), stack).tolist()
            for stack in STACKS
        },
    )


def _buckets_of(told: ToldPositions, offsets: NDArray[np.int64], stack: str) -> NDArray[np.int64]:
    assert isinstance(told.config, T5Config)
    found = bucket_of(
        torch.from_numpy(offsets),
        told.config.buckets,
        told.config.farthest,
        directed=STACKS[stack],
    )
    buckets: NDArray[np.int64] = found.numpy()
    return buckets


def _buckets(told: ToldPositions, stack: str) -> MatrixPanel:
    assert isinstance(told.config, T5Config)
    place = np.arange(told.length)
    buckets = _buckets_of(told, place - place[:, np.newaxis], stack).astype(float)
    return MatrixPanel(
        title=f"{stack.capitalize()}: bucket of each offset",
        values=visible_alone(buckets, stack),
        row_label="position of the query",
        column_label="position of the key",
        lowest=0,
        highest=told.config.buckets - 1,
    )


def _stairs(told: ToldPositions) -> LinesPanel:
    assert isinstance(told.config, T5Config)
    distances = np.arange(1, 2 * told.config.farthest + 1)
    return LinesPanel(
        title="Wider and wider buckets",
        lines={stack: (distances, _buckets_of(told, -distances, stack)) for stack in STACKS},
        x_label="distance of a key before the query",
        y_label="bucket",
        stairs=True,
        log_x=True,
    )


def _learnt(bias: Array, stack: str) -> LinesPanel:
    length = bias.shape[1]
    middle = length - 1 if STACKS[stack] else length // 2
    offsets = np.arange(length) - middle
    return LinesPanel(
        title=f"{stack.capitalize()}: learnt bias by offset",
        lines={f"{head + 1}": (offsets, each[middle]) for head, each in enumerate(bias)},
        x_label="offset j − i",
        y_label="added to the score",
        legend="head",
        stairs=True,
    )


def _matrix(
    biases: Array, stack: str, head: int, lowest: float, highest: float = 0.0
) -> MatrixPanel:
    return MatrixPanel(
        title=f"{stack.capitalize()}, head {head + 1}: bias",
        values=biases[head],
        row_label="position of the query",
        column_label="position of the key",
        lowest=lowest,
        highest=highest,
    )


def _same_by_offset(biases: dict[str, Array]) -> dict[str, float]:
    return {
        f"{stack}: the bias depends on j − i alone: largest difference": max(
            offset_deviation(head) for head in bias
        )
        for stack, bias in biases.items()
    }
