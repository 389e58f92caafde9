"""attnlab itself, as `attnlab train` trains."""

import torch
from torch import Tensor

from attnlab.data.batching import Batch
from attnlab.models import MODELS, VocabularySizes
from attnlab.training.execution import computing_in, keep_freed_memory, resolve_precision
from attnlab.training.objective import Objective
from attnlab.training.optimiser import build_optimiser
from peers import Setting, Trainee


def build(setting: Setting) -> Trainee:
    """The configured model."""
    config, device = setting.config, torch.device("cpu")
    keep_freed_memory()
    precision = resolve_precision(config.precision, device)
    sizes = VocabularySizes(source=setting.vocabulary, target=setting.vocabulary, shared=True)
    model = MODELS.build(config.model, config.attention, sizes)
    objective = Objective(model, config.objective)

    def loss(batch: Batch) -> Tensor:
        with computing_in(precision, device):
            total: Tensor = objective(batch, done=0.0)
            return total / batch.target_tokens

    return Trainee(model, loss, build_optimiser(config.optimiser, model), precision)
