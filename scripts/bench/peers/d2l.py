"""Dive into Deep Learning 1.0.3: the book's recurrent sequence-to-sequence models.

The package has the encoder, the attention and the training, but leaves the decoders and the
masked loss to the chapters: they are read from a copy of the book, as its sources (.md) or as
notebooks (.ipynb), and never imitated.
"""

import json
import re
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from peers import AbsentError, Setting, Trainee, leave_out

leave_out("torchvision", "transforms")  # for the chapters on images

from d2l import torch as d2l  # noqa: E402

from attnlab.data.batching import Batch  # noqa: E402
from attnlab.data.tokens import PAD  # noqa: E402
from attnlab.models.rnn import RecurrentConfig  # noqa: E402

CHAPTERS = {
    "rnn": ("seq2seq", "class Seq2SeqDecoder("),
    "bahdanau": ("bahdanau-attention", "class Seq2SeqAttentionDecoder("),
}


def build(setting: Setting) -> Trainee:
    """The chapter's model: no label smoothing, as in the book."""
    config = setting.config.model
    assert isinstance(config, RecurrentConfig)
    if setting.book is None:
        raise AbsentError("its decoders stand in the book alone; give its folder as --book DIR")
    names: dict[str, Any] = {**vars(d2l), "d2l": d2l}
    exec(_cell(setting.book, "seq2seq", "def loss("), names)  # for all of Seq2Seq
    chapter, beginning = CHAPTERS[config.name]
    exec(_cell(setting.book, chapter, beginning), names)
    decoder_class = names[beginning.removeprefix("class ").removesuffix("(")]
    sizes = (setting.vocabulary, config.embedding_size, config.hidden_size, config.layers)
    encoder = d2l.Seq2SeqEncoder(*sizes, config.dropout)
    model = d2l.Seq2Seq(encoder, decoder_class(*sizes, config.dropout), tgt_pad=PAD, lr=0.005)
    model.plot = lambda *_, **__: None  # its live picture of the loss

    def loss(batch: Batch) -> Tensor:
        lengths = batch.source_mask.sum(1)
        answer: Tensor = model.training_step(
            (batch.source, batch.target_input, lengths, batch.target_output)
        )
        return answer

    _initialise_lazy_layers(model)
    return Trainee(model, loss, model.configure_optimizers(), "float32, labels not smoothed")


def _initialise_lazy_layers(model: nn.Module) -> None:
    import torch

    two = torch.tensor([[5, 6], [7, 8]])
    model(two, two, torch.tensor([2, 2]))


def _cell(book: Path, chapter: str, beginning: str) -> str:
    """The code cell of the chapter that has `beginning` in it, in its PyTorch version."""
    for path in sorted(book.rglob(f"{chapter}.*")):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = ["".join(each["source"]) for each in json.loads(text)["cells"]]
        else:
            cells = re.findall(r"%%tab (?:pytorch|all)\n(.*?)```", text, flags=re.DOTALL)
        for cell in cells:
            if beginning in cell:
                return cell
    raise AbsentError(f"no chapter {chapter} with {beginning}…) in {book}")
