"""Attention through training: maps of the watched sentences, one file a validation.

    attention/update-00000400.npz

Every file holds the same sentences, each decoded with its reference, so that only the model
changes. Weights are those over pieces, in half precision. Reading a file executes no code.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.attention.recording import attends
from attnlab.data.batching import EncodedPair
from attnlab.data.matrices import UNREADABLE, open_archive
from attnlab.data.pairs import SentencePair
from attnlab.data.vocabulary import VocabularyPair, encode_pairs
from attnlab.inspection.forced import map_shape, record_pairs
from attnlab.models import EncoderDecoder
from attnlab.support.errors import AttnlabError
from attnlab.support.files import atomic_file

_NAME = re.compile(r"update-(\d{8,})\.npz")


@dataclass(frozen=True)
class SentenceAttention:
    """A pair, its tokens without begin and end, and its weights as in `RecordedPair`."""

    pair: SentencePair
    tokens: EncodedPair
    weights: dict[tuple[str, int], NDArray[np.floating]]


@dataclass(frozen=True)
class AttentionSnapshot:
    """The attention to the watched sentences after an update, and the validation's scores."""

    update: int
    epoch: float
    scores: dict[str, float]
    sentences: list[SentenceAttention]


class AttentionHistory:
    """Records the attention of `model` on `pairs` into `folder`.

    Training goes on from `update`; files of later updates are deleted.
    """

    def __init__(
        self,
        folder: Path,
        model: EncoderDecoder[Any],
        vocabulary: VocabularyPair,
        pairs: Sequence[SentencePair],
        update: int,
    ) -> None:
        self._folder, self._model = folder, model
        self._pairs = list(pairs) if attends(model) else []
        self._tokens = encode_pairs(vocabulary, ((pair.source, pair.target) for pair in pairs))
        for number, path in recorded_updates(folder).items():
            if number > update:
                path.unlink()

    def record(self, update: int, epoch: float, scores: Mapping[str, float]) -> None:
        """Write the model's present attention; nothing without pairs or attention.

        Raises:
            OSError: the file could not be written; its name is on the error.
        """
        if not self._pairs:
            return
        arrays: dict[str, Any] = {
            "update": update,
            "epoch": epoch,
            "metrics": np.array(list(scores), dtype=np.str_),
            "scores": np.array(list(scores.values()), dtype=np.float64),
        }
        texts = [(pair.source, pair.target, pair.alignment or "") for pair in self._pairs]
        arrays["texts"] = np.array(texts, dtype=np.str_)
        for number, tokens in enumerate(self._tokens):
            arrays[f"{number}/source"] = np.array(tokens.source, dtype=np.int64)
            arrays[f"{number}/target"] = np.array(tokens.target, dtype=np.int64)
        for recorded in record_pairs(self._model, self._tokens):
            for (kind, layer), weights in recorded.weights.items():
                arrays[f"{recorded.index}/{kind}/{layer}"] = weights.astype(np.float16)
        self._write(self._folder / f"update-{update:08}.npz", arrays)

    def _write(self, path: Path, arrays: Mapping[str, Any]) -> None:
        path.parent.mkdir(exist_ok=True)
        with atomic_file(path, durable=True) as file:
            np.savez_compressed(file, **arrays)


def recorded_updates(folder: Path) -> dict[int, Path]:
    """The file of each update in `folder`, the earliest first."""
    if not folder.is_dir():
        return {}
    names = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return dict(sorted((int(name[1]), path) for name, path in names if name))


def read_snapshot(path: Path) -> AttentionSnapshot:
    """The attention in the file at `path`.

    Raises:
        AttnlabError: it cannot be read.
    """
    try:
        with open_archive(path) as arrays:
            return AttentionSnapshot(
                update=int(arrays["update"]),
                epoch=float(arrays["epoch"]),
                scores=dict(
                    zip(arrays["metrics"].tolist(), arrays["scores"].tolist(), strict=True)
                ),
                sentences=list(_sentences(arrays)),
            )
    except (OSError, *UNREADABLE) as error:
        raise AttnlabError(
            f"{path}: no attention can be read from it ({error}); delete it to use the others"
        ) from error


def _sentences(arrays: Mapping[str, NDArray[Any]]) -> Iterator[SentenceAttention]:
    for number, (source, target, alignment) in enumerate(arrays["texts"].tolist()):
        weights = {}
        for name in arrays:
            of_sentence, *place = name.split("/")
            if of_sentence == str(number) and len(place) == 2:
                weights[place[0], int(place[1])] = arrays[name]
        pair = EncodedPair(*(arrays[f"{number}/{side}"].tolist() for side in ("source", "target")))
        for (kind, layer), each in weights.items():
            if each.shape[1:] != map_shape(kind, pair) or not np.isfinite(each).all():
                raise ValueError(f"sentence {number}: {kind} {layer} holds no weights of it")
        yield SentenceAttention(SentencePair(source, target, alignment or None), pair, weights)
