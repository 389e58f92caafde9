"""ONNX graphs as values for the engine in JavaScript, which computes one sentence at a time.

A graph becomes a list of operators between numbered values; float32 constants, the weights, are
kept apart, so that both graphs share them. Two things are made plainer on the way:

- A product with a weight, and the bias that is added to it, become one operator `Linear` with the
  weight as torch has it, (outputs, inputs): the engine's product reads it row by row, and an output
  layer shares it with the embedding that it is tied to.
- The factors of heads become the operator `Attention`, at which the engine replaces weights.
"""

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.engines.onnx_graphs import HEADS, Graph
from attnlab.studies.web.scripts import engine_operators
from attnlab.support.errors import AttnlabError

ATTENTION = "Attention"

_FEWEST = 256  # numbers in a weight that is worth half precision
_LONGEST = 2**31 - 1  # the engine has integers of 32 bits; ONNX's 2⁶³ - 1 stands for "to the end"

Values = dict[str, Any]


class Weights:
    """Arrays one after another, each once, in `precision`: float32, or float16 in half the room.

    Small ones, such as norms and factors, stay in float32.
    """

    def __init__(self, precision: str = "float32") -> None:
        self._precision = precision
        self.arrays: list[tuple[list[int], int, str]] = []
        """The sizes of each, its first byte, and its type."""
        self._blocks: list[bytes] = []
        self._size = 0
        self._known: dict[str, int] = {}

    def number(self, array: NDArray[np.float32]) -> int:
        """The number of `array` among `arrays`."""
        exact = np.ascontiguousarray(array, dtype="<f4").tobytes()
        key = f"{array.shape}{sha256(exact).hexdigest()}"
        if key not in self._known:
            precision = self._precision if array.size >= _FEWEST else "float32"
            content = exact if precision == "float32" else array.astype("<f2").tobytes()
            self._known[key] = len(self.arrays)
            self.arrays.append((list(array.shape), self._size, precision))
            self._blocks.append(content + bytes(-len(content) % 4))
            self._size += len(self._blocks[-1])
        return self._known[key]

    @property
    def content(self) -> bytes:
        """All of them, with the least byte first."""
        return b"".join(self._blocks)


def graph_values(model: Any, graph: Graph, weights: Weights) -> Values:
    """An `onnx.ModelProto` as JSON's values; `weights` takes its weights.

    Raises:
        AttnlabError: it has an operator that the engine does not; the message names all of them.
    """
    return _Conversion(model, graph).values(weights)


class _Node:
    def __init__(
        self, operator: str, inputs: list[str], outputs: list[str], attributes: Values
    ) -> None:
        self.operator, self.inputs, self.outputs = operator, inputs, outputs
        self.attributes = attributes


class _Conversion:
    def __init__(self, model: Any, graph: Graph) -> None:
        from onnx import numpy_helper

        proto = model.graph
        self.constants: dict[str, NDArray[Any]] = {
            each.name: numpy_helper.to_array(each) for each in proto.initializer
        }
        self.constants.pop(HEADS, None)
        self.nodes = [
            _Node(each.op_type, list(each.input), list(each.output), _attributes(each))
            for each in proto.node
        ]
        self.inputs = [each.name for each in proto.input if each.name != HEADS]
        self.outputs = [each.name for each in proto.output]
        self._transpose_weights()
        self._replace_factors_of_heads(graph)
        self._join_linear_layers()
        self._drop_unused()
        unknown = {each.operator for each in self.nodes} - engine_operators() - {ATTENTION}
        if unknown:
            raise AttnlabError(
                f"a page cannot run this model: its graph has {', '.join(sorted(unknown))}, which "
                "the engine in JavaScript does not know; use attnlab export --to onnx"
            )

    def _transpose_weights(self) -> None:
        """The exporter transposes small weights by itself, and leaves large ones to the engine."""
        kept = []
        for node in self.nodes:
            if node.operator == "Transpose" and node.inputs[0] in self.constants:
                array = self.constants[node.inputs[0]]
                self.constants[node.outputs[0]] = array.transpose(node.attributes["perm"])
            else:
                kept.append(node)
        self.nodes = kept

    def _replace_factors_of_heads(self, graph: Graph) -> None:
        """`weights * unsqueeze(heads[i])` becomes the attention of number i."""
        factors: dict[str, int] = {}
        kept = []
        for node in self.nodes:
            if node.operator == "Gather" and node.inputs[0] == HEADS:
                factors[node.outputs[0]] = int(self.constants[node.inputs[1]])
            elif node.operator == "Unsqueeze" and node.inputs[0] in factors:
                factors[node.outputs[0]] = factors[node.inputs[0]]
            elif node.operator == "Mul" and set(node.inputs) & factors.keys():
                (number,) = (factors[name] for name in node.inputs if name in factors)
                of_keys = [name for name in node.inputs if name not in factors]
                name = graph.attentions[number]
                kept.append(_Node(ATTENTION, of_keys, node.outputs, {"name": name}))
            else:
                kept.append(node)
        self.nodes = kept

    def _join_linear_layers(self) -> None:
        uses = Counter(name for node in self.nodes for name in node.inputs) + Counter(self.outputs)
        products: dict[str, _Node] = {}
        kept = []
        for node in self.nodes:
            product = next((products[name] for name in node.inputs if name in products), None)
            if node.operator == "MatMul" and self._is_weight(node.inputs[1], 2):
                transposed = f"{node.inputs[1]}.transposed"
                self.constants[transposed] = self.constants[node.inputs[1]].T
                linear = _Node("Linear", [node.inputs[0], transposed], node.outputs, {})
                if uses[node.outputs[0]] == 1:
                    products[node.outputs[0]] = linear
                kept.append(linear)
            elif node.operator == "Add" and product is not None and self._is_bias(node, product):
                (bias,) = (name for name in node.inputs if name not in product.outputs)
                product.inputs.append(bias)
                product.outputs = node.outputs
            else:
                kept.append(node)
        self.nodes = kept

    def _is_weight(self, name: str, axes: int) -> bool:
        array = self.constants.get(name)
        return array is not None and array.dtype == np.float32 and array.ndim == axes

    def _is_bias(self, node: _Node, product: _Node) -> bool:
        others = [name for name in node.inputs if name not in product.outputs]
        if len(others) != 1 or not self._is_weight(others[0], 1) or len(product.inputs) > 2:
            return False
        return len(self.constants[others[0]]) == len(self.constants[product.inputs[1]])

    def _drop_unused(self) -> None:
        wanted, kept = set(self.outputs), []
        for node in reversed(self.nodes):
            if wanted & set(node.outputs):
                wanted.update(node.inputs)
                kept.append(node)
        self.nodes = kept[::-1]
        self.inputs = [name for name in self.inputs if name in wanted]
        self.constants = {name: each for name, each in self.constants.items() if name in wanted}

    def values(self, weights: Weights) -> Values:
        """The graph with a number for each of its values; -1 is an input that is left out."""
        numbers: dict[str, int] = {"": -1}

        def number(name: str) -> int:
            return numbers.setdefault(name, len(numbers) - 1)

        heavy = {name for name, each in self.constants.items() if each.dtype == np.float32}
        nodes: list[list[Any]] = []
        for node in self.nodes:
            row: list[Any] = [node.operator]
            row += [[number(name) for name in of] for of in (node.inputs, node.outputs)]
            nodes.append(row + [node.attributes] * bool(node.attributes))
        return {
            "inputs": {name: number(name) for name in self.inputs},
            "outputs": {name: number(name) for name in self.outputs},
            "weights": [[number(n), weights.number(self.constants[n])] for n in sorted(heavy)],
            "constants": [
                [number(name), str(each.dtype), list(each.shape), _numbers(each)]
                for name, each in self.constants.items()
                if name not in heavy
            ],
            "nodes": nodes,
            "values": len(numbers) - 1,
        }


def _numbers(array: NDArray[Any]) -> list[float]:
    if array.dtype == np.bool_:
        array = array.astype(np.int32)
    if array.dtype == np.int64:
        array = array.clip(-_LONGEST, _LONGEST)
    found: list[float] = array.flatten().tolist()
    return found


def _attributes(node: Any) -> Values:
    from onnx import TensorProto, helper, numpy_helper

    found: Values = {}
    for each in node.attribute:
        value = helper.get_attribute_value(each)
        if isinstance(value, bytes):
            value = value.decode()
        if isinstance(value, TensorProto):
            (value,) = numpy_helper.to_array(value).flatten().tolist()
            found["type"] = _type(each.t.data_type)
        if each.name == "to":
            value = _type(value)
        found[each.name] = list(value) if isinstance(value, list | tuple) else value
    if node.op_type == "ConstantOfShape" and not found:
        found = {"value": 0.0, "type": "float32"}
    return found


def _type(code: int) -> str:
    from onnx import helper

    return str(helper.tensor_dtype_to_np_dtype(code))


def by_name(values: Mapping[str, Any]) -> Values:
    """Names in JavaScript's way: `beam_size` is `beamSize`."""
    return {_camel(name): value for name, value in values.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
