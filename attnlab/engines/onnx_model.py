"""A model in ONNX Runtime, which the searches of attnlab decode with as with torch's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attnlab.engines.onnx_graphs import NEXT, STATE, Graphs
from attnlab.engines.states import BEAM, PAST, SENTENCE, SOURCE, StateTensor
from attnlab.models.stepping import StepDecoder
from attnlab.support.errors import AttnlabError, UsageError

_TYPES: dict[torch.dtype, Any] = {
    torch.float32: np.float32,
    torch.float64: np.float64,
    torch.int64: np.int64,
    torch.bool: np.bool_,
}


def require_onnxruntime() -> None:
    """Refuse to go on without the packages of `attnlab[onnx]`.

    Raises:
        UsageError: one of them is not installed.
    """
    try:
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"ONNX needs {error.name}, which is not installed; install it with: pip install "
            "'attnlab[onnx]'"
        ) from error


class OnnxModel:
    """The graphs in two files, for search on the CPU with torch's number of threads."""

    def __init__(self, encoder: Path, decoder: Path, graphs: Graphs) -> None:
        self.graphs = graphs
        self.encoder, self.decoder = _session(encoder), _session(decoder)
        # A graph has no input for what its model does not read, such as keys by location.
        self.inputs = {each.name for each in self.decoder.get_inputs()}
        self.vocabulary = int(self.decoder.get_outputs()[0].shape[-1])

    @property
    def device(self) -> torch.device:
        """See `Searchable`."""
        return torch.device("cpu")

    @contextmanager
    def searching(self) -> Iterator[None]:
        """Keep torch to one thread in the block: its others would wait in a loop, too.

        Two threads of each, on two cores, take twice as long as without both loops.
        """
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)

    def step_decoder(
        self,
        source: Int[Tensor, "batch source_length"],
        source_mask: Bool[Tensor, "batch source_length"],
    ) -> "OnnxSteps":
        """See `Searchable`."""
        return OnnxSteps(self, source, source_mask)


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    # Threads that wait in a loop would take the cores from torch's between two steps.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its classes derive from nothing more specific
        reason = str(error).partition("\n")[0]
        raise AttnlabError(
            f"{path}: ONNX Runtime cannot load it ({reason}); delete its folder, and it is "
            "exported anew"
        ) from error


class OnnxSteps(StepDecoder):
    """Hypotheses of a batch; tensors are bound to the sessions' inputs and outputs uncopied."""

    def __init__(self, model: OnnxModel, source: Tensor, source_mask: Tensor) -> None:
        self._tensors: Sequence[StateTensor] = model.graphs.state
        self._decoder = model.decoder
        self._sizes = {SENTENCE: len(source), BEAM: 1, SOURCE: source.size(1), PAST: 0}
        given = {"source": source.contiguous(), "source_mask": source_mask.contiguous()}
        state = {STATE + each.name: self._empty(each) for each in self._tensors}
        binding = model.encoder.io_binding()
        _bind_inputs(binding, given)
        _bind_outputs(binding, state)
        model.encoder.run_with_iobinding(binding)
        self._state = {each.name: state[STATE + each.name] for each in self._tensors}
        self._binding = self._decoder.io_binding()
        self._inputs, self._vocabulary = model.inputs, model.vocabulary
        self._changed = set(self._state)

    def _empty(self, tensor: StateTensor) -> Tensor:
        return torch.empty(tensor.shape(**self._sizes), dtype=getattr(torch, tensor.dtype))

    def decode(self, tokens: Int[Tensor, " rows"]) -> Float[Tensor, "rows vocabulary"]:
        """See `StepDecoder`."""
        given = {"tokens": tokens.view(self._sizes[SENTENCE], self._sizes[BEAM]).contiguous()}
        given |= {STATE + name: self._state[name] for name in self._changed}
        _bind_inputs(self._binding, {k: v for k, v in given.items() if k in self._inputs})
        self._sizes[PAST] += 1
        following = {each.name: self._empty(each) for each in self._tensors if not each.constant}
        logits = torch.empty(*given["tokens"].shape, self._vocabulary)
        _bind_outputs(self._binding, {NEXT + name: each for name, each in following.items()})
        _bind_outputs(self._binding, {"logits": logits})
        self._decoder.run_with_iobinding(self._binding)
        self._state |= following
        self._changed = set(following)
        return logits.flatten(0, 1)

    def select(
        self, rows: Int[Tensor, " new_rows"] | None, sentences: Int[Tensor, " kept"] | None = None
    ) -> None:
        """See `StepDecoder`."""
        if sentences is not None:
            self._sizes[SENTENCE] = len(sentences)
        if rows is not None:
            self._sizes[BEAM] = len(rows) // self._sizes[SENTENCE]
        for tensor in self._tensors:
            kept = rows if tensor.by_hypothesis else sentences
            if not tensor.axes or kept is None:
                continue
            whole = self._state[tensor.name]
            if tensor.by_hypothesis:
                whole = whole.flatten(0, 1)
            self._state[tensor.name] = whole.index_select(0, kept).view(tensor.shape(**self._sizes))
            self._changed.add(tensor.name)


def _bind_inputs(binding: Any, tensors: dict[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.numel():
            _bind(binding.bind_input, name, tensor)
        else:  # without a place in memory
            binding.bind_cpu_input(name, tensor.numpy())


def _bind_outputs(binding: Any, tensors: dict[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.numel():
            _bind(binding.bind_output, name, tensor)
        else:
            binding.bind_output(name, "cpu")


def _bind(bind: Any, name: str, tensor: Tensor) -> None:
    bind(name, "cpu", 0, _TYPES[tensor.dtype], tuple(tensor.shape), tensor.data_ptr())
