"""Smaller ONNX graphs: weights in half precision, and products of 8-bit integers."""

from pathlib import Path

from attnlab.engines.onnx_graphs import quiet

_FEWEST = 256  # numbers in a weight that is worth the conversion


def convert(graph: Path, precision: str) -> None:
    """Rewrite an ONNX file of single precision in one of `attnlab.engines.PRECISIONS`.

    float16: weights are stored in half precision, and converted once when an engine loads them:
    half the file, the speed of float32. int8: ONNX Runtime's dynamic quantisation of matrix
    products with weights, by output column, and of embeddings (Jacob et al. 2018, equation 1).
    """
    if precision == "float16":
        _halve_weights(graph)
    elif precision == "int8":
        _quantise(graph)


def _halve_weights(graph: Path) -> None:
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(graph)
    casts = []
    for weight in model.graph.initializer:
        if weight.data_type != onnx.TensorProto.FLOAT or np.prod(weight.dims) < _FEWEST:
            continue
        name, half = weight.name, f"{weight.name}.float16"
        values = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(values, half))
        casts.append(helper.make_node("Cast", [half], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, graph)


def _quantise(graph: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Weights of 7 bits: processors without VNNI add pairs of 8-bit products in 16 bits, which would
    # overflow, as ONNX Runtime's documentation says.
    settings = {"per_channel": True, "weight_type": QuantType.QInt8, "reduce_range": True}
    with quiet():
        quantize_dynamic(graph, graph, **settings)
