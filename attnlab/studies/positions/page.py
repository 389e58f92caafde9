"""What a way to tell positions has to show and to say: a page of panels, and figures in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from attnlab.plotting.panels import Panel


@dataclass(frozen=True, kw_only=True)
class PositionsPage:
    """`title` and `note` stand above and below the panels, which are in rows.

    `checks` are figures that show whether what is promised holds, by what they are of; `numbers`
    are further ones, for programs alone.
    """

    title: str
    rows: Sequence[Sequence[Panel]]
    note: str
    checks: Mapping[str, float]
    numbers: Mapping[str, Any] = field(default_factory=dict)
