"""The location-based score: the query alone says which place to look at, whatever stands there."""

from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.scores.interface import SCORES, Score, ScoreConfig
from attnlab.support.ranges import Size


@dataclass(kw_only=True)
class LocationConfig(ScoreConfig):
    """`longest`: how many places have a row of W of their own; all later ones share the last."""

    longest: Size


@SCORES.register("location", LocationConfig)
class LocationScore(Score):
    """Luong et al. 2015, equation 8: `a_t = softmax(W_a h_t)`; h_t is query.

    The score of the key at place j is row j of W_a times the query. What the key says plays no
    part, only how many keys stand before it: a memory that grows key by key, as that of a decoder
    does, keeps the places it has. Moved, as by coverage, are the rows themselves.
    """

    formula = "wⱼ·q, where j is the place of the key"
    working = "wⱼ is row j of W, and Σᵢ wⱼᵢ qᵢ"
    symbols = MappingProxyType({"weight": "W"})
    reads_keys = False
    takes_unequal_sizes = True

    def __init__(self, config: LocationConfig, query_size: int, key_size: int) -> None:  # noqa: ARG002
        super().__init__()
        self.weight = nn.Parameter(torch.empty(config.longest, query_size))
        nn.init.uniform_(self.weight, -(query_size**-0.5), query_size**-0.5)  # as nn.Linear does

    def project_key(self, key: Float[Tensor, "*batch key_size"]) -> Tensor:
        """Keys without features, since all that counts is how many there are."""
        return key[..., :0]

    def movable_features(self, key_size: int) -> int:  # noqa: ARG002
        """Those of a row of W."""
        return self.weight.size(1)

    def moved_key(
        self,
        key: Float[Tensor, "*batch keys no_features"],  # noqa: ARG002
        by: Float[Tensor, "*batch keys movable_features"],
    ) -> Float[Tensor, "*batch keys movable_features"]:
        """What is added to each key's row of W."""
        return by

    def compare(
        self,
        query: Float[Tensor, "*batch queries size"],
        key: Float[Tensor, "*batch keys features"],
    ) -> Float[Tensor, "*batch queries keys"]:
        """`w_j · q`, with j counted from the beginning of the memory."""
        return query @ self._rows(key).to(query.dtype).transpose(-2, -1)

    def terms(
        self,
        query: Float[Tensor, "*batch queries size"],
        key: Float[Tensor, "*batch keys features"],
    ) -> Float[Tensor, "*batch queries keys size"]:
        """`w_ji q_i`."""
        return query.unsqueeze(-2) * self._rows(key).unsqueeze(-3)

    def _rows(self, key: Float[Tensor, "*batch keys features"]) -> Float[Tensor, "*rows keys size"]:
        """The row of W for each key, moved where it was moved."""
        longest, keys = len(self.weight), key.size(-2)
        rows = self.weight[:keys]
        if keys > longest:
            rows = torch.cat([rows, rows[-1:].expand(keys - longest, -1)])
        return rows + key if key.size(-1) else rows
