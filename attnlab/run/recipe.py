"""What a figure of a trained run follows from besides its texts: the run, the weights, the search.

Every command that prints such a figure says it in these words.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from attnlab import __version__
from attnlab.config import InferenceConfig
from attnlab.run.folder import AVERAGED, Run
from attnlab.run.metrics import update_of_checkpoint
from attnlab.search import SEARCHES
from attnlab.support.schema import flatten
from attnlab.training.checkpoint import weights_digest


@dataclass(frozen=True)
class Recipe:
    """A run's folder, its checkpoint's name, and every setting of the search.

    `update`: after which the checkpoint was taken; None where that is not known, or where it is
    the mean of several. `weights`: the SHA-256 of the checkpoint's weights, or None.
    """

    run: Path
    checkpoint: str
    update: int | None
    weights: str | None
    search: dict[str, Any]

    @classmethod
    def of(cls, run: Run, config: InferenceConfig) -> "Recipe":
        """What follows from a run and the way that it is used."""
        search = flatten(asdict(config.search))
        if getattr(SEARCHES.maker(config.search.name), "depends_on_batches", False):
            search["batch_tokens"] = config.batch_tokens
        update = None
        if config.checkpoint != AVERAGED:
            update = update_of_checkpoint(run, config.checkpoint) or None
        weights = weights_digest(run.checkpoints / config.checkpoint)
        return cls(run.folder, config.checkpoint, update, weights, search)

    @property
    def trained(self) -> str:
        """The checkpoint, for a line of text."""
        if self.update is not None:
            return f"checkpoint {self.checkpoint} (update {self.update})"
        return f"checkpoint {self.checkpoint}" + (f" ({self.weights[:8]})" if self.weights else "")

    @property
    def searched(self) -> str:
        """The search with all of its settings, for a line of text."""
        named = {"search" if key == "name" else key: value for key, value in self.search.items()}
        return " ".join(f"{key}={_text(value)}" for key, value in named.items())

    def __str__(self) -> str:
        return f"{self.trained} | {self.searched}"

    def as_json(self, searched: bool = True) -> dict[str, Any]:
        """The same as values; without the search where nothing was `searched` for."""
        checkpoint = {"name": self.checkpoint, "update": self.update, "weights": self.weights}
        found: dict[str, Any] = {
            "run": str(self.run),
            "attnlab": __version__,
            "checkpoint": checkpoint,
        }
        return found | {"search": self.search} if searched else found


def _text(value: Any) -> str:
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
