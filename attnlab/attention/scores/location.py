"""The location-based score: a function of the query and the key's position alone."""

from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.scores.interface import (
    SCORES,
    Keys,
    Queries,
    Score,
    ScoreConfig,
    Scores,
    Shift,
    Terms,
)
from attnlab.support.ranges import Size


@dataclass(kw_only=True)
class LocationConfig(ScoreConfig):
    """`longest`: number of positions with a row of W of their own; later ones share the last."""

    longest: Size


@SCORES.register("location", LocationConfig)
class LocationScore(Score):
    """Luong et al. 2015, equation 8: `a_t = softmax(W_a h_t)`; h_t is query.

    The score of the key at position j is row j of W_a times the query, whatever the key's
    features are. A shift, as by coverage, is added to the rows.
    """

    formula = "wⱼ·q, where j is the position of the key"
    working = "wⱼ is row j of W, and Σᵢ wⱼᵢ qᵢ"
    symbols = MappingProxyType({"weight": "W"})
    reads_keys = False
    takes_unequal_sizes = True

    def __init__(self, config: LocationConfig, query_size: int, key_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(config.longest, query_size))
        nn.init.uniform_(self.weight, -(query_size**-0.5), query_size**-0.5)  # as nn.Linear does

    def project_key(self, key: Float[Tensor, "*batch key_size"]) -> Tensor:
        """Keys without features, of which only the number is needed: (…, key_size) -> (…, 0)."""
        return key[..., :0]

    def shift_size(self, key_size: int) -> int:
        """The size of a row of W."""
        return self.weight.size(1)

    def shift_key(self, key: Keys, shift: Shift) -> Shift:
        """The summand of each key's row of W."""
        return shift

    def compare(self, query: Queries, key: Keys) -> Scores:
        """`w_j · q`; j counts the keys of the memory from its start."""
        return query @ self._rows(key).to(query.dtype).transpose(-2, -1)

    def terms(self, query: Queries, key: Keys) -> Terms:
        """`w_ji q_i`."""
        return query.unsqueeze(-2) * self._rows(key).unsqueeze(-3)

    def _rows(self, key: Keys) -> Float[Tensor, "*rows keys size"]:
        """The row of W of each key, plus its shift if it has one."""
        longest, keys = len(self.weight), key.size(-2)
        if torch.compiler.is_exporting():  # for any number of keys
            rows = self.weight[torch.arange(keys, device=key.device).clamp(max=longest - 1)]
        else:
            rows = self.weight[:keys]
            if keys > longest:
                rows = torch.cat([rows, rows[-1:].expand(keys - longest, -1)])
        return rows + key if key.size(-1) else rows
