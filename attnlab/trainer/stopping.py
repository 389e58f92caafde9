"""What a training's validations decide: early stopping, and what cannot do without them."""

from attnlab.config import ExperimentConfig
from attnlab.evaluation.metrics import NAMES
from attnlab.support.errors import UsageError
from attnlab.training.patience import Patience
from attnlab.training.schedule import Schedule
from attnlab.training.selection import StoppingConfig, quality


def reason_to_stop(patience: Patience, config: StoppingConfig) -> str | None:
    """Why training is to end before its limits, in words for its user; None if it is to go on."""
    if config.patience is None or patience.without < config.patience or patience.best is None:
        return None
    name = NAMES.get(config.metric, config.metric)
    best = quality(config.metric, patience.best)  # twice negated is what was measured
    by = f" by more than {config.minimum_improvement:g}" if config.minimum_improvement else ""
    return (
        f"stopped early: {patience.without} validations in a row did not improve valid {name} "
        f"{best:.4g}{by}; to go on, raise stopping.patience="
    )


def require_same_metric(before: str, config: StoppingConfig) -> None:
    """Refuse a metric that is not the one which the run was judged by `before`."""
    if before != config.metric:
        raise UsageError(
            f"stopping.metric={config.metric}: this run's best checkpoint was chosen by {before}, "
            "and stays so; train a new run"
        )


def refuse_to_follow_validation(config: ExperimentConfig, schedule: Schedule) -> None:
    """For a corpus without a validation split: refuse the settings that need one."""
    followers = {
        f"schedule={config.schedule.name}": schedule.observes,
        f"stopping.patience={config.stopping.patience}": config.stopping.patience is not None,
    }
    for setting, follows in followers.items():
        if follows:
            raise UsageError(
                f"{setting} follows validation, and data={config.data.name} has no validation "
                "split; name its file with data.valid=, or take a share of train with "
                "data.held_out_fraction="
            )
