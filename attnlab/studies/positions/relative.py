"""Pages of positions within attention: rotary, ALiBi, T5 and Shaw's."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnlab.attention.positions.biases import T5Config, bucket_of, slopes
from attnlab.attention.positions.rotary import RotaryConfig
from attnlab.attention.positions.shaw import ShawConfig, ShawEmbeddings
from attnlab.plotting.panels import LinesPanel, MatrixPanel, Panel
from attnlab.studies.positions.measures import (
    Array,
    cosines,
    decay_bound,
    offset_deviation,
    rotated_product,
    speeds,
)
from attnlab.studies.positions.modules import STACKS, PositionModules, mask_later_keys
from attnlab.studies.positions.page import PLACES, PositionsPage, matrix

_FURTHEST = 250  # offsets of the decay, as in Su et al.'s figure 2
_ROTATED = 7  # positions on the circle: of the first pair, a little less than one turn

_ROTARY_NOTE = (
    "The features of a head rotate in pairs, each at its own speed, by an angle proportional to "
    "the position (first panel: slower pairs on smaller circles). The angle between a query at i "
    "and a key at j, and so their product, depends on j − i only: each diagonal has one colour. Su "
    "et al. 2021, section 3.4.3: products are bounded by a sum that decays with distance, though "
    "not at every step."
)
_ALIBI_NOTE = (
    "A head adds −slope · distance to its scores; nothing is learnt. A steep head attends to "
    "neighbours only, a flat one to the whole sentence. Weights: of a decoder’s last query, if all "
    "its scores were equal. Matrices: queries from the top, keys from the left; grey is masked. "
    "All matrices have one scale."
)
_T5_NOTE = (
    "Each near offset has a bucket of its own; further ones share buckets on a logarithmic scale, "
    "and the last bucket holds all that are further still. In an encoder half of the buckets are "
    "for keys before the query and half for keys after it; in a decoder all are for keys before. "
    "Each head learns a bias for each bucket."
)
_BIAS_NOTE = " The bias of an offset is the same at every position and in every layer of a stack."
_SHAW_NOTE = (
    "Each offset j − i, clipped, has a learnt key that the query is compared with, too. A decoder "
    "is causal and has keys for offsets up to 0 only."
)
_SHAW_LEARNT = (
    " Similarity: cosines of the offsets’ keys in the first layer. Where neighbouring offsets are "
    "similar, attention depends on the offset only roughly."
)


def rotary_page(modules: PositionModules) -> PositionsPage:
    """The rotation of pairs of features, and products that depend on the offset only."""
    assert isinstance(modules.config, RotaryConfig)
    base, size = modules.config.base, modules.size // 2 * 2
    speed = speeds(size, base)
    products = _rotated_products(modules)
    offsets = np.arange(float(_FURTHEST + 1))
    bound = decay_bound(offsets, size, base)
    angles = np.outer(np.arange(modules.length), speed)
    return PositionsPage(
        title=f"Rotary positions: {modules.length} positions, {modules.size} features a head, "
        f"base {base:g}",
        rows=[
            [
                _circle(speed),
                LinesPanel(
                    title="Speed of each pair",
                    lines={"": (np.arange(len(speed)), speed)},
                    x_label="pair of features",
                    y_label="radians a position",
                    dots=True,
                    log_y=True,
                ),
                matrix(
                    "Cosine of each pair’s angle",
                    np.cos(angles),
                    ("position", "pair of features"),
                    (-1, 1),
                ),
            ],
            [
                matrix(
                    "One query and one key, anywhere",
                    products,
                    ("position i of the query", "position j of the key"),
                ),
                LinesPanel(
                    title="Product of vectors of ones",
                    lines={"": (offsets, rotated_product(offsets, size, base))},
                    x_label="offset",
                    y_label="share of that at offset 0",
                ),
                LinesPanel(
                    title="Bound of any product",
                    lines={"": (offsets, bound)},
                    x_label="offset",
                    y_label="bound, relative",
                    y_limits=(0, float(bound[0]) * 1.05),
                ),
            ],
        ],
        note=_ROTARY_NOTE,
        checks={
            "R(i) q · R(j) k depends on j − i alone: largest difference": (
                offset_deviation(products)
            ),
            "R(i) q · R(j) k at different offsets: largest difference": float(np.ptp(products)),
        },
        numbers={"radians_a_position": speed.tolist()},
    )


def _rotated_products(modules: PositionModules) -> Array:
    """Products of one random query and one random key, of norm 1, at any two positions."""
    rotary = modules.relatives["encoder"][0]
    drawn = torch.randn(2, 1, modules.size, generator=torch.Generator().manual_seed(1))
    unit = drawn / drawn.norm(dim=-1, keepdim=True)
    with torch.no_grad():
        query, key = (rotary.rotate(each.expand(modules.length, -1), 0).double() for each in unit)
    products: Array = (query @ key.T).numpy()
    return products


def _circle(speed: Array) -> LinesPanel:
    """The features (1, 0) of a few pairs at the first positions, on circles."""
    pairs = sorted({0, len(speed) // 8, len(speed) // 4, len(speed) // 2})
    position = np.arange(_ROTATED)
    lines = {}
    for ring, pair in enumerate(pairs):
        angle, radius = position * speed[pair], 1 - 0.2 * ring
        lines[f"{pair}"] = (radius * np.cos(angle), radius * np.sin(angle))
    return LinesPanel(
        title=f"(1, 0) at positions 0 to {_ROTATED - 1}",
        lines=lines,
        x_label="even feature",
        y_label="odd feature",
        legend="pair",
        dots=True,
        square=True,
    )


def alibi_page(modules: PositionModules) -> PositionsPage:
    """Biases of a steep and a flatter head; slopes, biases and weights of all."""
    heads, length = modules.heads, modules.length
    biases = {stack: modules.bias(stack) for stack in modules.relatives}
    slope = np.array(slopes(heads))
    steepest_first = np.argsort(slope)[::-1]
    # One head in four is steeper than the second one that is shown.
    steep, flatter = steepest_first[0], steepest_first[min(-(-heads // 4), heads - 1)]
    limits = (float(np.nanmin(biases["encoder"][steep])), 0.0)
    weights = np.exp(biases["decoder"][:, -1])
    weights /= weights.sum(axis=1, keepdims=True)
    offsets = np.arange(1 - length, length)
    return PositionsPage(
        title=f"ALiBi: {length} positions, {heads} heads",
        rows=[
            [
                _bias_matrix(biases["encoder"], "encoder", steep, limits),
                _bias_matrix(biases["encoder"], "encoder", flatter, limits),
                _bias_matrix(biases["decoder"], "decoder", flatter, limits),
            ],
            [
                LinesPanel(
                    title="Slope of each head",
                    lines={"": (np.arange(1, heads + 1), slope)},
                    x_label="head",
                    y_label="subtracted for each position",
                    dots=True,
                    log_y=True,
                ),
                LinesPanel(
                    title="Bias by offset, encoder",
                    lines={
                        f"{head + 1}": (offsets, -slope[head] * np.abs(offsets))
                        for head in steepest_first[::-1]
                    },
                    x_label="offset j − i",
                    y_label="added to the score",
                    legend="head",
                    ordered=True,
                    y_limits=(-12, 0.6),
                ),
                LinesPanel(
                    title="Weights of equal scores",
                    lines={
                        f"{head + 1}": (offsets[:length], weights[head])
                        for head in steepest_first[::-1]
                    },
                    x_label="offset j − i",
                    y_label="weight of the decoder’s last query",
                    legend="head",
                    ordered=True,
                ),
            ],
        ],
        note=_ALIBI_NOTE,
        checks=_check_offsets(biases),
        numbers={"slopes": slope.tolist()},
    )


def t5_page(modules: PositionModules) -> PositionsPage:
    """The buckets of offsets; of a run also what each head has learnt for them."""
    config = modules.config
    assert isinstance(config, T5Config)
    distances = np.arange(1, 2 * config.farthest + 1)
    stairs = LinesPanel(
        title="Buckets widen with distance",
        lines={stack: (distances, _buckets(config, -distances, stack)) for stack in STACKS},
        x_label="distance of a key before the query",
        y_label="bucket",
        stairs=True,
        log_x=True,
    )
    position = np.arange(modules.length)
    offsets = position - position[:, np.newaxis]
    buckets = [
        matrix(
            f"{stack.capitalize()}: bucket of each offset",
            mask_later_keys(_buckets(config, offsets, stack).astype(float), stack),
            PLACES,
            (0, config.buckets - 1),
        )
        for stack in STACKS
    ]
    rows: list[list[Panel]] = [[*buckets, stairs]]
    biases = {}
    if modules.run is not None:
        biases = {stack: modules.bias(stack) for stack in modules.relatives}
    for stack, bias in biases.items():
        most_varied = np.argsort(np.nanstd(bias, axis=(1, 2)))[::-1][:2]
        most = float(np.nanmax(np.abs(bias)))
        rows.append(
            [
                _learnt_bias(bias, stack),
                *(_bias_matrix(bias, stack, head, (-most, most)) for head in sorted(most_varied)),
            ]
        )
    nearest_first = np.arange(-config.farthest, 1)
    return PositionsPage(
        title=f"T5’s positions: {config.buckets} buckets, the last from a distance of "
        f"{config.farthest} on",
        rows=rows,
        note=_T5_NOTE + (_BIAS_NOTE if biases else ""),
        checks=_check_offsets(biases),
        numbers={stack: _buckets(config, nearest_first, stack).tolist() for stack in STACKS},
    )


def _buckets(config: T5Config, offsets: NDArray[np.int64], stack: str) -> NDArray[np.int64]:
    found = bucket_of(
        torch.from_numpy(offsets), config.buckets, config.farthest, causal=STACKS[stack]
    )
    buckets: NDArray[np.int64] = found.numpy()
    return buckets


def _learnt_bias(bias: Array, stack: str) -> LinesPanel:
    length = bias.shape[1]
    query = length - 1 if STACKS[stack] else length // 2
    offsets = np.arange(length) - query
    return LinesPanel(
        title=f"{stack.capitalize()}: learnt bias by offset",
        lines={f"{head}": (offsets, each[query]) for head, each in enumerate(bias, start=1)},
        x_label="offset j − i",
        y_label="added to the score",
        legend="head",
        stairs=True,
    )


def _bias_matrix(biases: Array, stack: str, head: int, limits: tuple[float, float]) -> MatrixPanel:
    return matrix(f"{stack.capitalize()}, head {head + 1}: bias", biases[head], PLACES, limits)


def _check_offsets(biases: dict[str, Array]) -> dict[str, float]:
    return {
        f"{stack}: the bias depends on j − i alone: largest difference": max(
            offset_deviation(head) for head in bias
        )
        for stack, bias in biases.items()
    }


def shaw_page(modules: PositionModules) -> PositionsPage:
    """The clipped offsets; of a run the learnt tables of each stack."""
    assert isinstance(modules.config, ShawConfig)
    farthest = modules.config.farthest
    rows: list[list[Panel]] = []
    if modules.run is None:
        position = np.arange(modules.length)
        offsets = np.clip(position - position[:, np.newaxis], -farthest, farthest).astype(float)
        rows.append(
            [
                matrix(
                    f"{stack.capitalize()}: offset whose key is used",
                    mask_later_keys(offsets, stack),
                    PLACES,
                    (-farthest, 0 if causal else farthest),
                )
                for stack, causal in STACKS.items()
            ]
        )
    else:
        rows += [_shaw_tables(modules, stack) for stack in modules.relatives]
    return PositionsPage(
        title=f"Shaw’s relative positions: offsets clipped at {farthest}",
        rows=rows,
        note=_SHAW_NOTE + (_SHAW_LEARNT if modules.run is not None else ""),
        numbers={"farthest": farthest},
    )


def _shaw_tables(modules: PositionModules, stack: str) -> list[Panel]:
    """Keys of the first layer, their similarity, and norms of keys and values by layer."""
    layers = [each for each in modules.relatives[stack] if isinstance(each, ShawEmbeddings)]
    farthest = layers[0].farthest
    keys = [_array(each.key_table.weight) for each in layers]
    values = [_array(each.value_table.weight) for each in layers if each.value_table is not None]
    offset = "offset j − i"
    found: list[Panel] = [
        matrix(
            f"{stack.capitalize()}, layer 1: keys",
            keys[0],
            (offset, "feature of a head"),
            row_start=-farthest,
        ),
        matrix(
            "Similarity of offsets",
            cosines(keys[0]),
            (offset, offset),
            (-1, 1),
            row_start=-farthest,
            column_start=-farthest,
        ),
    ]
    for title, tables in (("Norm of the keys", keys), ("Norm of the values", values)):
        if tables:
            offsets = np.arange(-farthest, len(tables[0]) - farthest)
            norms = (np.linalg.norm(table, axis=1) for table in tables)
            found.append(
                LinesPanel(
                    title=title,
                    lines={f"{layer}": (offsets, each) for layer, each in enumerate(norms, 1)},
                    x_label=offset,
                    y_label="norm",
                    legend="layer",
                )
            )
    return found


def _array(weight: Tensor) -> Array:
    return weight.detach().double().cpu().numpy()
