"""What a config trains, put together: a model with its first weights, and all that changes them."""

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
from attnlab.training.allocator import keep_freed_memory
from attnlab.training.averaging import MovingAverage
from attnlab.training.compiling import compile_model, told_of_compiling
from attnlab.training.distributed import ALONE, ProcessGroup
from attnlab.training.loop import Limits, NonFinite, Progress, Step, optimise
from attnlab.training.objective import Objective
from attnlab.training.optimiser import build_optimiser
from attnlab.training.schedule import Schedule
from attnlab.training.step_memory import require_room_for_steps
from attnlab.training.torchrun import settle_threads


@dataclass(frozen=True)
class Assembly:
    """The parts of a training, which `steps` has work together, in each process of `group`."""

    config: ExperimentConfig
    model: EncoderDecoder[Any]
    objective: Objective
    optimiser: optim.Optimizer
    batches: TrainingBatches
    group: ProcessGroup

    def epochs(self, progress: Progress) -> float:
        """How many times the pairs were gone through by then."""
        return progress.epoch + progress.batch / self.batches.batches_in(progress.epoch)

    def steps(
        self,
        schedule: Schedule,
        limits: Limits,
        progress: Progress,
        average: MovingAverage | None = None,
    ) -> Iterator[Step | NonFinite]:
        """The steps from `progress` on, and from the weights of the moment; see `optimise`."""
        steps = optimise(
            self.group.with_shared_gradients(self.objective),
            self.batches,
            self.optimiser,
            schedule,
            limits,
            progress,
            clip_norm=self.config.optimiser.clip_norm,
            precision=self.config.precision,
            accumulate=self.config.accumulate,
            average=average,
            group=self.group,
        )
        return told_of_compiling(steps) if self.config.compile else steps


def assemble(
    config: ExperimentConfig, corpus: TokenisedCorpus, group: ProcessGroup = ALONE
) -> Assembly:
    """The configured parts, whose first weights follow from the config's seed."""
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
