"""Model, optimiser, batches and other parts of training, built from the config."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import optim

from attnlab.config import ExperimentConfig
from attnlab.data.batching import TrainingBatches
from attnlab.data.subword_regularization import training_pairs
from attnlab.data.token_cache import TokenisedCorpus
from attnlab.models import EncoderDecoder
from attnlab.run.loaded import build_model, pick_device
from attnlab.training.averaging import MovingAverage
from attnlab.training.distributed import ALONE, ProcessGroup
from attnlab.training.execution import (
    compile_model,
    keep_freed_memory,
    log_compilation,
    require_room_for_steps,
    settle_threads,
)
from attnlab.training.loop import Limits, NonFinite, optimise
from attnlab.training.objective import Objective
from attnlab.training.optimiser import build_optimiser
from attnlab.training.schedule import Schedule
from attnlab.training.state import Step, TrainState


@dataclass(frozen=True)
class Assembly:
    """The parts of training in one process of `group`; `steps` trains."""

    config: ExperimentConfig
    model: EncoderDecoder[Any]
    objective: Objective
    optimiser: optim.Optimizer
    batches: TrainingBatches
    group: ProcessGroup

    def epochs(self, state: TrainState) -> float:
        """Number of epochs trained, with a fraction."""
        return state.epoch + state.batch / self.batches.batches_in(state.epoch)

    def steps(
        self,
        schedule: Schedule,
        limits: Limits,
        state: TrainState,
        average: MovingAverage | None = None,
    ) -> Iterator[Step | NonFinite]:
        """Train from `state` and the current weights; yields the steps of `optimise`."""
        steps = optimise(
            self.group.with_shared_gradients(self.objective),
            self.batches,
            self.optimiser,
            schedule,
            limits,
            state,
            clip_norm=self.config.optimiser.clip_norm,
            precision=self.config.precision,
            accumulate=self.config.accumulate,
            average=average,
            group=self.group,
        )
        return log_compilation(steps) if self.config.compile else steps


def assemble(
    config: ExperimentConfig, corpus: TokenisedCorpus, group: ProcessGroup = ALONE
) -> Assembly:
    """Build all parts; `config.seed` determines the initial weights."""
    keep_freed_memory()
    settle_threads(config.distributed.threads)
    torch.manual_seed(config.seed)
    with group.raise_together():
        device = pick_device(group.own_device(config.device))
        model = build_model(config, corpus.vocabulary, device)
        objective = Objective(model, config.objective)
        optimiser = build_optimiser(config.optimiser, model)
        pairs = training_pairs(corpus, config.vocabulary, config.seed)
        batches = TrainingBatches(pairs, config.batch_tokens, config.seed, config.batch_sentences)
        bounded = config.batch_tokens if config.batch_sentences is None else None
        require_room_for_steps(
            objective, batches, bounded, precision=config.precision, processes=group.size
        )
    if config.compile:
        compile_model(model)
    group.begin(config.distributed, device)
    group.reseed(config.seed)
    return Assembly(config, model, objective, optimiser, batches, group)
