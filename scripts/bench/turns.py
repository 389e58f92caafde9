"""Two implementations timed by turns: medians of both, and of their ratio in each round."""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.data.batching import Batch, TrainingBatches
from attnlab.data.corpus import load_split
from attnlab.data.vocabulary import VocabularyPair, encode_pairs
from attnlab.models import MODELS, EncoderDecoder, VocabularySizes
from attnlab.support.schema import from_node
from attnlab.training.execution import computing_in
from attnlab.training.objective import Objective
from attnlab.training.optimiser import build_optimiser

_PAIRS, _BATCHES = 2000, 12


@dataclass(frozen=True)
class Prepared:
    """A model of the built-in corpus with its configuration and a few training batches."""

    config: ExperimentConfig
    model: EncoderDecoder[Any]
    batches: list[Batch]


def prepare(*overrides: str) -> Prepared:
    """Build the model of `attnlab train` with these `overrides`, with initial weights."""
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, list(overrides)))
    pairs = load_split(config.data, config.seed, "train")[:_PAIRS]
    vocabulary = VocabularyPair.train(pairs, config.vocabulary)
    encoded = encode_pairs(vocabulary, ((pair.source, pair.target) for pair in pairs))
    batches = list(TrainingBatches(encoded, config.batch_tokens, 1).epoch(0))[:_BATCHES]
    sizes = VocabularySizes(
        source=len(vocabulary.source), target=len(vocabulary.target), shared=vocabulary.shared
    )
    torch.manual_seed(1)
    return Prepared(config, MODELS.build(config.model, config.attention, sizes), batches)


def trainer(prepared: Prepared, precision: str = "float32") -> Callable[[], None]:
    """A function that makes an update with each of the batches."""
    model = prepared.model
    objective = Objective(model, prepared.config.objective)
    optimiser = build_optimiser(prepared.config.optimiser, model)

    def train() -> None:
        model.train()
        for batch in prepared.batches:
            with computing_in(precision, torch.device("cpu")):
                loss = objective(batch, 0.0) / batch.target_tokens
            loss.backward()
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)

    return train


def say(text: str) -> None:
    """Report progress with the time of day, on standard error."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def measure_each(
    works: Sequence[str],
    measure: Callable[[str], Any],
    show: Callable[[str, Any], None],
    path: Path | None,
) -> None:
    """Measure and show each of `works`; all figures so far go to the JSON file `path`, if any."""
    say(f"{len(works)} works, a minute or some each; each says how long when it begins")
    tables = {}
    for name in works:
        tables[name] = measure(name)
        show(name, tables[name])
        if path:
            path.write_text(json.dumps(tables, indent=2) + "\n", encoding="utf-8")


def seconds(work: Callable[[], None]) -> float:
    """The duration of `work`."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def print_turns(
    name: str,
    work: Callable[[], None],
    other: Callable[[], AbstractContextManager[Any]],
    rounds: int,
) -> None:
    """Time `work` as it is and inside `other()` by turns, either first by turns; print a line."""
    once = seconds(work)
    say(f"{name}: {rounds} rounds, about {2 * rounds * once:.0f} s")
    found: list[tuple[float, float]] = []
    for number in range(rounds):
        if number % 2:
            ours = seconds(work)
        with other():
            theirs = seconds(work)
        if not number % 2:
            ours = seconds(work)
        found.append((ours, theirs))
    ours, theirs = (statistics.median(column) for column in zip(*found, strict=True))
    low, middle, high = statistics.quantiles([a / b for a, b in found], n=4)
    print(f"{name:<48} {ours:>8.3f}s {theirs:>8.3f}s {middle:>6.3f}  ({low:.3f} to {high:.3f})")
