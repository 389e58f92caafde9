"""A model's encoder and decoder step as ONNX graphs, for any engine that reads them.

The encoder takes a batch of sources and returns the state before the first target token. The
decoder takes a token of each hypothesis with the state, and returns the logits of the next token
and the new state; the state's tensors have the same names on both sides. Attention weights are
further outputs, which an engine computes anyway and copies on demand, and factors of heads (1: as
it is, 0: silenced) further inputs.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from attnlab.attention.intervention import Intervention, intervene
from attnlab.attention.recording import AttentionRecord, record_attention
from attnlab.engines.states import (
    BEAM,
    PAST,
    SENTENCE,
    SOURCE,
    Example,
    StateTensor,
    example_and_tensors,
    leaves,
    with_leaves,
)
from attnlab.models.interface import EncoderDecoder, evaluation_mode

STATE, NEXT = "state.", "next."
"""Prefixes of a state's tensor: as it is before a token is decoded, and after it."""

WEIGHTS = "attention."
"""Prefix of attention weights, before the attention's readable name."""

HEADS = "heads"
"""The input of factors of heads, (attentions, heads), in the order of `Graph.attentions`."""


@dataclass(frozen=True)
class Graph:
    """What a graph computes besides the state: its `attentions`, by name, with their `heads`."""

    attentions: list[str]
    heads: int


@dataclass(frozen=True)
class Graphs:
    """The facts about two graphs that an engine needs to run them."""

    encoder: Graph
    decoder: Graph
    state: list[StateTensor]

    def as_json(self) -> dict[str, Any]:
        """The same as values."""
        return asdict(self) | {"state": [each.as_json() for each in self.state]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Graphs":
        """What `as_json` returned."""
        state = [StateTensor(**each | {"axes": tuple(each["axes"])}) for each in values["state"]]
        return cls(Graph(**values["encoder"]), Graph(**values["decoder"]), state)


class _Encoder(nn.Module):
    """`encode` with flat inputs and outputs."""

    def __init__(self, model: EncoderDecoder[Any], graph: Graph, state: Sequence[StateTensor]):
        super().__init__()
        self.model, self.graph, self.state = model, graph, state

    def forward(self, source: Tensor, mask: Tensor, heads: Tensor | None = None) -> list[Tensor]:
        with _with_heads(self.model, self.graph, heads) as record:
            found = leaves(self.model.encode(source, mask))
        outputs = [self._first(each, found.get(each.name), source) for each in self.state]
        return outputs + [record[name] for name in self.graph.attentions]

    def _first(self, tensor: StateTensor, leaf: Tensor | int | None, source: Tensor) -> Tensor:
        if isinstance(leaf, Tensor):
            return leaf.unsqueeze(1) if tensor.by_hypothesis else leaf
        if leaf is not None:
            return torch.full((), leaf, dtype=torch.int64)
        shape = tensor.shape(**{SENTENCE: source.size(0), BEAM: 1, SOURCE: source.size(1), PAST: 0})
        return torch.zeros(shape, dtype=getattr(torch, tensor.dtype))


class _Decoder(nn.Module):
    """`decode` of one token of each hypothesis with flat inputs and outputs."""

    def __init__(
        self,
        model: EncoderDecoder[Any],
        graph: Graph,
        state: Sequence[StateTensor],
        structure: Any,
    ):
        super().__init__()
        self.model, self.graph, self.state, self.structure = model, graph, state, structure

    def forward(
        self, tokens: Tensor, state: list[Tensor], heads: Tensor | None = None
    ) -> list[Tensor]:
        _require_one_size_an_axis(tokens, self.state, state)
        found: dict[str, Any] = leaves(self.structure)
        for tensor, value in zip(self.state, state, strict=True):
            found[tensor.name] = _leaf(tensor, value)
        with _with_heads(self.model, self.graph, heads) as record:
            features, following = self.model.decode_features(
                tokens.reshape(-1, 1), with_leaves(self.structure, found)
            )
        # In the output's shape before the product, since ONNX Runtime would copy all logits.
        after, outputs = leaves(following), [self.model.output(features.view(*tokens.shape, -1))]
        for tensor, value in zip(self.state, state, strict=True):
            leaf = after[tensor.name]
            if isinstance(leaf, Tensor) and not tensor.constant:
                outputs.append(leaf.view(*tokens.shape, *leaf.shape[1:]))
            elif not tensor.constant:
                outputs.append(value + 1)  # it counts the decoded tokens
        for name in self.graph.attentions:
            weights = record[name]
            if weights.size(2) == 1:
                outputs.append(weights.view(*tokens.shape, *weights.shape[1:]))
            else:  # hypotheses are the queries of their sentence: (sentences, heads, beams, keys)
                outputs.append(weights.transpose(1, 2).unsqueeze(3))
        return outputs


def _require_one_size_an_axis(
    tokens: Tensor, tensors: Sequence[StateTensor], state: Sequence[Tensor]
) -> None:
    """Tell the tracing that axes of a name have a size, which it would find out by many guards."""
    sizes = dict(zip((SENTENCE, BEAM), tokens.shape, strict=True))
    for tensor, value in zip(tensors, state, strict=True):
        for axis, size in zip(tensor.axes, value.shape, strict=True):
            if isinstance(axis, str):
                alike = size == sizes.setdefault(axis, size)
                torch._check(alike)  # type: ignore[no-untyped-call]


def _leaf(tensor: StateTensor, value: Tensor) -> Any:
    if not tensor.axes:
        number = value.item()
        torch._check(number >= 0)  # type: ignore[no-untyped-call]
        return number
    return value.flatten(0, 1) if tensor.by_hypothesis else value


@contextmanager
def _with_heads(
    model: EncoderDecoder[Any], graph: Graph, heads: Tensor | None
) -> Iterator[AttentionRecord]:
    """Record the graph's attentions in the block, with the weights of heads times `heads`."""
    if heads is None:
        yield AttentionRecord()
        return
    changes = {name: _times(heads[at]) for at, name in enumerate(graph.attentions)}
    with intervene(model, changes), record_attention(model) as record:
        yield record


def _times(factors: Tensor) -> Intervention:
    return lambda weights, _: weights * factors[:, None, None]


def _graphs(model: EncoderDecoder[Any], example: Example, state: list[StateTensor]) -> Graphs:
    """Which attentions run in the encoder, and which in a step of the decoder."""
    with evaluation_mode(model), record_attention(model) as in_encoder:
        encoded = model.encode(example.source, example.mask)
    with evaluation_mode(model), record_attention(model) as in_decoder:
        model.decode(example.tokens[:, :1], encoded)
    both = []
    for record in (in_encoder, in_decoder):
        heads = {record[name].size(1) for name in record}
        both.append(Graph(list(record), max(heads, default=0)))
    return Graphs(both[0], both[1], state)


def export_graphs(model: EncoderDecoder[Any], encoder: Path, decoder: Path) -> Graphs:
    """Write the graphs of `model`, in evaluation mode, to two files, in its own precision."""
    example, state = example_and_tensors(model)
    graphs = _graphs(model, example, state)
    with evaluation_mode(model), quiet():
        axes: list[Any] = [(SENTENCE, SOURCE), (SENTENCE, SOURCE)]
        _export(
            _Encoder(model, graphs.encoder, state).eval(),
            (example.source, example.mask),
            axes,
            ["source", "source_mask"],
            [STATE + each.name for each in state],
            graphs.encoder,
            encoder,
        )
        _export(
            _Decoder(model, graphs.decoder, state, example.state).eval(),
            (example.tokens, [_given(example, each) for each in state]),
            [(SENTENCE, BEAM), [each.axes for each in state]],
            ["tokens", *(STATE + each.name for each in state)],
            ["logits", *(NEXT + each.name for each in state if not each.constant)],
            graphs.decoder,
            decoder,
        )
    return graphs


def _given(example: Example, tensor: StateTensor) -> Tensor:
    leaf = leaves(example.state)[tensor.name]
    if not isinstance(leaf, Tensor):
        return torch.tensor(leaf)
    if not tensor.by_hypothesis:
        return leaf.contiguous()
    return leaf.reshape(*example.tokens.shape, *leaf.shape[1:]).contiguous()


def _export(
    module: nn.Module,
    arguments: tuple[Any, ...],
    axes: list[Any],
    inputs: list[str],
    outputs: list[str],
    graph: Graph,
    path: Path,
) -> None:
    def dynamic(of: Any) -> Any:
        if isinstance(of, list):
            return [dynamic(each) for each in of]
        return {at: axis for at, axis in enumerate(of) if isinstance(axis, str)}

    shapes = [dynamic(of) for of in axes]
    if graph.attentions:
        arguments += (torch.ones(len(graph.attentions), graph.heads),)
        inputs = [*inputs, HEADS]
        shapes.append({})
    program = torch.onnx.export(
        module,
        arguments,
        dynamo=True,
        verbose=False,
        input_names=inputs,
        output_names=outputs + [WEIGHTS + name for name in graph.attentions],
        dynamic_shapes=tuple(shapes),
    )
    assert program is not None
    if graph.attentions:
        _give_default(program.model, arguments[-1])
    program.save(path)


def _give_default(model: Any, heads: Tensor) -> None:
    """Make the input of heads optional, with the value `heads`."""
    import onnx_ir

    (given,) = (each for each in model.graph.inputs if each.name == HEADS)
    given.const_value = onnx_ir.tensor(heads.numpy(), name=HEADS)
    model.graph.initializers[HEADS] = given


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out the warnings of exporters about themselves and what they can do without."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
