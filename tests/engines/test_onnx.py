"""Graphs in ONNX Runtime against the model in torch that they were exported from."""

from itertools import product
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import helper

from attnlab.attention.intervention import intervene, silence
from attnlab.attention.normalisers import NORMALISERS
from attnlab.attention.positions import POSITIONS
from attnlab.attention.recording import record_attention
from attnlab.attention.scores import SCORES
from attnlab.engines.onnx_graphs import HEADS, STATE, WEIGHTS, export_graphs
from attnlab.engines.onnx_model import OnnxModel
from attnlab.engines.precision import convert
from attnlab.engines.states import BEAM, PAST, SENTENCE, SOURCE, example_and_tensors
from attnlab.models import MODELS
from tests.conftest import small_model
from tests.engines.conftest import assert_same_steps, sentences


def exported(folder, name, score, **changes) -> tuple[Any, OnnxModel]:
    model = small_model(name, score, **changes).float()
    encoder, decoder = folder / f"{name}-encoder.onnx", folder / f"{name}-decoder.onnx"
    graphs = export_graphs(model, encoder, decoder)
    return model, OnnxModel(encoder, decoder, graphs)


@pytest.fixture(scope="module")
def transformer(folder):
    torch.manual_seed(1)
    return exported(folder, "transformer", "gaussian", encoder_layers=1, decoder_layers=1)


@pytest.fixture(scope="module")
def bahdanau(folder):
    torch.manual_seed(1)
    return exported(folder, "bahdanau", "additive", layers=1, normaliser="sparsemax")


@pytest.mark.parametrize("name", ["transformer", "bahdanau"])
def test_an_exported_model_decodes_as_in_torch(name, request):
    assert_same_steps(*request.getfixturevalue(name))


def cases() -> list[Any]:
    """Every model, score, normaliser and positions that go together."""
    found: list[tuple[str, str, dict[str, Any]]] = [("rnn", "dot", {})]
    for name, score, normaliser, positions in product(MODELS, SCORES, NORMALISERS, POSITIONS):
        embedded = name == "convolutional" and positions in ("sinusoidal", "learned")
        if name != "rnn" and (name == "transformer" or positions == "none" or embedded):
            found.append((name, score, {"normaliser": normaliser, "positions": positions}))
    found += [
        ("bahdanau", "additive", {"window": "local_p", "coverage": True}),
        ("bahdanau", "dot", {"window": "local_m", "input_feeding": False, "cell": "lstm"}),
        ("transformer", "general", {"key_value_heads": 1, "norm": "post", "query_size": 5}),
        ("transformer", "scaled_dot", {"normalisation": "batch", "activation": "swiglu"}),
    ]
    return [
        pytest.param(*case, id="-".join(map(str, [*case[:2], *case[2].values()]))) for case in found
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "score", "changes"), cases())
def test_every_model_decodes_as_in_torch(name, score, changes, tmp_path):
    layers = {"encoder_layers": 1, "decoder_layers": 1}
    layers = {"layers": 1} if name in ("rnn", "bahdanau") else layers
    assert_same_steps(*exported(tmp_path, name, score, **changes | layers))


@pytest.mark.parametrize("score", list(SCORES))
@pytest.mark.parametrize("name", list(MODELS))
def test_axes_of_states_are_found(name, score):
    example, state = example_and_tensors(small_model(name, score))
    assert example.state is not None
    for tensor in state:
        if not tensor.axes:
            assert tensor.name.endswith("length")
            continue
        assert tensor.axes[0] == SENTENCE
        assert tensor.by_hypothesis == (tensor.axes[1:2] == (BEAM,))
        assert (PAST in tensor.axes) == ("past" in tensor.name and name == "transformer")
        assert (SOURCE in tensor.axes) == ("source" in tensor.name)
        assert tensor.constant or tensor.by_hypothesis


def run(session, names, given):
    wanted = {each.name for each in session.get_inputs()} | {HEADS} & set(given)
    return session.run(names, {name: value for name, value in given.items() if name in wanted})


def first_step(model: OnnxModel, source, mask, heads=None):
    """Logits of the first step and the attentions of encoder and decoder, by their names."""
    weights: dict[str, Any] = {}
    given = {"source": source.numpy(), "source_mask": mask.numpy()}
    if heads is not None:
        given[HEADS] = heads[0]
    names = [STATE + each.name for each in model.graphs.state]
    of_encoder = model.graphs.encoder.attentions
    found = run(model.encoder, [*names, *(WEIGHTS + name for name in of_encoder)], given)
    weights |= dict(zip(of_encoder, found[len(names) :], strict=True))
    given = {"tokens": np.full((len(source), 1), 2)} | dict(zip(names, found, strict=False))
    if heads is not None:
        given[HEADS] = heads[1]
    of_decoder = model.graphs.decoder.attentions
    logits, *found = run(model.decoder, ["logits", *(WEIGHTS + n for n in of_decoder)], given)
    return logits[:, 0], weights | dict(zip(of_decoder, found, strict=True))


@pytest.mark.parametrize("name", ["transformer", "bahdanau"])
def test_attention_weights_are_outputs(name, request):
    model, other = request.getfixturevalue(name)
    source, mask = sentences()
    with torch.no_grad(), record_attention(model) as record:
        model.decode(torch.full((4, 1), 2), model.encode(source, mask))
    _, found = first_step(other, source, mask)
    assert found.keys() == record.keys()
    for each, weights in record.items():
        of_beam = found[each][:, 0] if each.startswith("decoder") else found[each]
        np.testing.assert_allclose(of_beam, weights.numpy(), atol=1e-5)


def test_heads_are_silenced_by_an_input(transformer):
    model, other = transformer
    source, mask = sentences()
    graphs = other.graphs
    heads = [
        np.ones((len(g.attentions), g.heads), np.float32) for g in (graphs.encoder, graphs.decoder)
    ]
    heads[0][0, 1] = 0
    heads[1][graphs.decoder.attentions.index("decoder.layer1.cross"), 2] = 0
    changes = {"encoder.layer1.self": silence([2]), "decoder.layer1.cross": silence([3])}
    with torch.no_grad(), intervene(model, changes):
        logits, _ = model.decode(torch.full((4, 1), 2), model.encode(source, mask))
    found, _ = first_step(other, source, mask, heads)
    np.testing.assert_allclose(found, logits[:, 0].numpy(), atol=1e-4)
    as_it_is, _ = first_step(other, source, mask)
    assert not np.allclose(found, as_it_is, atol=1e-3)


@pytest.mark.parametrize(("precision", "tolerance"), [("float16", 0.005), ("int8", 0.1)])
def test_smaller_weights_give_nearly_the_same(precision, tolerance, tmp_path):
    path, generator = tmp_path / "product.onnx", np.random.default_rng(1)
    weight = generator.normal(size=(64, 48)).astype(np.float32) / 8
    x, y = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, (3, size))
        for name, size in (("x", 64), ("y", 48))
    )
    product = helper.make_node("MatMul", ["x", "weight"], ["y"])
    named = onnx.numpy_helper.from_array(weight, "weight")
    graph = helper.make_graph([product], "product", [x], [y], [named])
    opset = helper.make_opsetid("", 20)
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[opset]), path)
    before = path.stat().st_size
    convert(path, precision)
    given = generator.normal(size=(3, 64)).astype(np.float32)
    (found,) = onnxruntime.InferenceSession(path).run(None, {"x": given})
    np.testing.assert_allclose(found, given @ weight, atol=tolerance)
    assert path.stat().st_size < before
