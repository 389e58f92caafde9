"""Monitoring of training: update ratios, attention entropies, and non-finite batches."""

import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from attnlab.attention.recording import attends, attention_name
from attnlab.data.batching import EncodedPair, collate
from attnlab.data.token_cache import TokenisedCorpus
from attnlab.data.vocabulary import Vocabulary, VocabularyPair, encode_pairs
from attnlab.inspection.forced import (
    head_entropies,
    kind_and_layer,
    record_batch,
    visible_keys,
)
from attnlab.models import EncoderDecoder
from attnlab.run.folder import Run
from attnlab.support.errors import AttnlabError
from attnlab.support.files import write_file
from attnlab.support.folders import shown_path
from attnlab.training.loop import NonFinite
from attnlab.training.state import TrainState

_SENTENCES = 16

logger = logging.getLogger(__name__)


def watched_pairs(corpus: TokenisedCorpus) -> list[EncodedPair]:
    """The first 16 pairs of the validation split; of the training split if there is none."""
    if corpus.valid:
        texts = [(pair.source, pair.target) for pair in corpus.valid[:_SENTENCES]]
        return encode_pairs(corpus.vocabulary, texts)
    source, target = corpus.train.source, corpus.train.target
    places = range(min(_SENTENCES, len(corpus.train)))
    return [EncodedPair(source[place], target[place]) for place in places]


class Monitor:
    """Measures every `every`-th update: update ratios, and each head's entropy on `pairs`.

    Nothing is measured if `every` is None. Measuring draws no random number, and changes no weight
    or gradient.
    """

    def __init__(
        self, model: EncoderDecoder[Any], pairs: Sequence[EncodedPair], every: int | None
    ) -> None:
        self._model, self._every = model, every
        self._batch = collate(pairs) if pairs and attends(model) else None
        self._before: dict[str, Tensor] | None = None

    def before(self, update: int) -> None:
        """Copy the weights before update number `update`, if it is to be measured."""
        if self._every is not None and update % self._every == 0:
            self._before = copied_weights(self._model)

    def after(self, update: int) -> dict[str, float]:
        """Measurements of update number `update` by name, right after it; {} if not measured."""
        if self._before is None or self._every is None or update % self._every != 0:
            return {}
        ratios = update_ratios(self._model, self._before)
        self._before = None
        return {f"update_ratio/{part}": ratio for part, ratio in ratios.items()} | self._entropies()

    def _entropies(self) -> dict[str, float]:
        found: dict[str, float] = {}
        if self._batch is None:
            return found
        for name, weights in record_batch(self._model, self._batch).items():
            visible = visible_keys(kind_and_layer(name)[0], self._batch).numpy()
            heads = head_entropies(weights.float().cpu().numpy(), visible)
            for number, entropy in enumerate(heads, start=1):
                head = f"{name}.head{number}" if len(heads) > 1 else name
                found[f"attention_entropy/{head}"] = entropy.normalised
                found[f"attention_entropy_nats/{head}"] = entropy.nats
        return found


def copied_weights(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the parameters by their names in `model`."""
    return {path: weight.detach().clone() for path, weight in model.named_parameters()}


def part_name(path: str) -> str:
    """The readable name of the part of a model that a parameter belongs to.

    Parts are the modules of each layer and those outside the layers:
    `encoder.layers.0.self_attention.query_weight.bias` belongs to `encoder.layer1.self`, and
    `decoder.readout.weight.bias` to `decoder.readout`.
    """
    modules = path.split(".")[:-1] or [path]
    depth = modules.index("layers") + 3 if "layers" in modules else 2
    return attention_name(".".join(modules[:depth]))


@torch.no_grad()
def update_ratios(model: nn.Module, before: dict[str, Tensor]) -> dict[str, float]:
    """`‖w' - w‖ / ‖w‖` of each part of the model and of `all`, from weights w `before` to w' now.

    ‖·‖ is the Euclidean norm over all parameters of a part. Parts whose weights were all 0 are left
    out. About 1/1000 is usual in healthy training.
    """
    moved: dict[str, float] = defaultdict(float)
    lengths: dict[str, float] = defaultdict(float)
    for path, weight in model.named_parameters():
        difference = torch.linalg.vector_norm(weight - before[path]).item() ** 2
        length = torch.linalg.vector_norm(before[path]).item() ** 2
        for part in (part_name(path), "all"):
            moved[part] += difference
            lengths[part] += length
    return {part: (moved[part] / lengths[part]) ** 0.5 for part in moved if lengths[part] > 0}


_MOST_IN_A_ROW = 10
_MOST_WRITTEN = 100  # files


class NonFiniteBatches:
    """Handles batches whose loss or gradient is not finite, by the setting `on_non_finite`.

    Each is written to the run's folder as JSON, such as non_finite/epoch-0-batch-17.json, by the
    one process that `writes`.
    """

    def __init__(self, run: Run, vocabulary: VocabularyPair, writes: bool = True) -> None:
        self._run, self._vocabulary, self._writes = run, vocabulary, writes

    def handle(self, found: NonFinite, state: TrainState) -> None:
        """Write the batch of `found`, and raise if training is to stop.

        Raises:
            AttnlabError: the setting is "stop", or too many updates in a row were not finite.
        """
        problem = f"{_problem(found)} at update {found.update:,}"
        where = "its batch was one of many, and was not written out"
        if state.skipped <= _MOST_WRITTEN:
            where = f"its batch is in {self._write(found)}"
        remedy = (
            "Lower optimiser.learning_rate=, raise schedule.warmup_updates=, or clip with "
            "optimiser.clip_norm=1"
        )
        if self._run.config.on_non_finite == "stop":
            raise AttnlabError(
                f"{problem}; training stopped before it could spoil the weights, and the last "
                f"checkpoint stands; {where}. {remedy}; or leave such batches out: attnlab train "
                f"--resume {shown_path(self._run.folder)} on_non_finite=skip"
            )
        if state.skipped_in_a_row >= _MOST_IN_A_ROW:
            raise AttnlabError(
                f"{problem}, the {state.skipped_in_a_row}th time in a row; training stopped, "
                f"and the last checkpoint stands; {where}. {remedy}"
            )
        logger.warning("%s; skipped (%s so far); %s", problem, f"{state.skipped:,}", where)

    def _write(self, found: NonFinite) -> Path:
        folder = self._run.folder / "non_finite"
        path = folder / f"epoch-{found.epoch}-batch-{found.place}.json"
        if not self._writes:
            return path
        folder.mkdir(exist_ok=True)
        batch = found.batch
        sources = _texts(batch.source, batch.source_mask, self._vocabulary.source)
        targets = _texts(batch.target_output, batch.target_mask, self._vocabulary.target)
        content = {
            "update": found.update,
            "epoch": found.epoch,
            "batch": found.place,
            "loss": _number(found.loss),
            "gradient_norm": _number(found.gradient_norm),
            "learning_rate": found.learning_rate,
            "sentences": [
                {"source": source, "target": target}
                for source, target in zip(sources, targets, strict=True)
            ],
        }
        write_file(path, json.dumps(content, ensure_ascii=False, indent=1))
        return path


def _problem(found: NonFinite) -> str:
    name = "loss" if isinstance(_number(found.loss), str) else "gradient_norm"
    return f"{name} is {getattr(found, name)}"


def _number(value: float) -> float | str:
    """`value`, or a string for NaN and infinity, which JSON cannot represent."""
    return value if abs(value) < float("inf") else str(value)


def _texts(tokens: Tensor, mask: Tensor, vocabulary: Vocabulary) -> list[dict[str, Any]]:
    """Text and ids, END included, of each row of `tokens`, (batch, length)."""
    rows = [row[seen].tolist() for row, seen in zip(tokens, mask, strict=True)]
    return [{"text": vocabulary.decode(ids), "ids": ids} for ids in rows]
