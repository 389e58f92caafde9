"""What `attnlab scores` tells: tables of costs, and all of it as JSON."""

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from attnlab.experiment.scores.cost import Cost, Route, Sizes
from attnlab.experiment.scores.toy import KEY_SIZE, ROWS, ToyWeights
from attnlab.table import table

_MEGABYTE = 1e6


@dataclass(frozen=True, kw_only=True)
class ScoresReport:
    """The toy weights, their `figure`, and the costs, if they were measured, by either choice.

    `of_scores` all have the same normaliser, and `of_normalisers` the same score.
    """

    seed: int
    toy: Sequence[ToyWeights]
    figure: Path
    sizes: Sizes
    of_scores: Sequence[Cost]
    of_normalisers: Sequence[Cost]

    def as_json(self) -> dict[str, Any]:
        """All numbers, unrounded; a weight is null where the key is hidden."""
        return {
            "seed": self.seed,
            "toy": {
                "rows": ROWS,
                "key_size": KEY_SIZE,
                "weights": [
                    {
                        "score": each.score,
                        "normaliser": each.normaliser,
                        "query_size": each.query_size,
                        "weights": [
                            [None if np.isnan(weight) else weight for weight in row]
                            for row in each.weights.tolist()
                        ],
                    }
                    for each in self.toy
                ],
            },
            "measured": asdict(self.sizes)
            | {"threads": torch.get_num_threads(), "torch": torch.__version__},
            "scores": [asdict(each) for each in self.of_scores],
            "normalisers": [asdict(each) for each in self.of_normalisers],
            "file": str(self.figure),
        }

    def __str__(self) -> str:
        if not self.of_scores:
            return ""
        sizes = self.sizes
        count = torch.get_num_threads()
        threads = f"{count} thread{'' if count == 1 else 's'}"
        measured = (
            f"forward and backward through one attention: {sizes.batch} sentences, {sizes.heads} "
            f"heads, {sizes.length} queries and keys,\n{sizes.size} features a head; medians of "
            f"{sizes.rounds} rounds, and the fastest of them; {threads} "
            f"({platform.machine()}), torch {torch.__version__}"
        )
        how = (
            "trained: as training runs it, by the fused kernel where that can be; watched: step "
            "by step, as for\nwhoever looks at the weights. MB: the most that is allocated at once "
            "beside queries, keys and values."
        )
        return "\n\n".join(
            [
                measured,
                _table("score", self.of_scores, [each.score for each in self.of_scores]),
                _table(
                    "normaliser",
                    self.of_normalisers,
                    [each.normaliser for each in self.of_normalisers],
                ),
                how,
            ]
        )


def _table(what: str, costs: Sequence[Cost], names: Sequence[str]) -> str:
    head = [what, "parameters", "fused"]
    head += ["trained: ms", "fastest", "MB", "watched: ms", "fastest", "MB"]
    rows = [
        [
            name,
            f"{cost.parameters:,}",
            "yes" if cost.fused else "no",
            *_cells(cost.trained),
            *_cells(cost.watched),
        ]
        for name, cost in zip(names, costs, strict=True)
    ]
    return table(head, rows)


def _cells(route: Route) -> list[str]:
    return [
        f"{route.milliseconds:.2f}",
        f"{route.fastest:.2f}",
        f"{route.peak_bytes / _MEGABYTE:.1f}",
    ]
