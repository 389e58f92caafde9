"""Ranges of numeric settings, declared in the annotations of config dataclasses.

`learning_rate: Positive` is a float for the type checker and OmegaConf; `schema.py` checks the
range. Infinity and NaN are in no range. A list's range is that of its elements, and an optional
field may also be null.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

LARGEST_INT = 2**63 - 1
"""The largest int64."""

LARGEST_FLOAT, SMALLEST_FLOAT = 1e30, 1e-30
"""Limits of every float setting: products and quotients with it stay finite in float32."""


@dataclass(frozen=True)
class Range:
    """From `minimum` (exclusive: `above`) to `maximum` (exclusive: `below`)."""

    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None

    def refusal(self, value: float, may_be_null: bool = False) -> str | None:
        """The refusal of `value`, such as `must be at least 1`; None if it is in the range."""
        limit: float = LARGEST_INT if isinstance(value, int) else LARGEST_FLOAT
        low = self.minimum if self.minimum is not None else self.above
        high = self.maximum if self.maximum is not None else self.below
        tiny = isinstance(value, float) and self.above == 0 and 0 < value < SMALLEST_FLOAT
        inside = (
            -limit <= value <= limit
            and (low is None or value > low or value == self.minimum)
            and (high is None or value < high or value == self.maximum)
        )
        if inside and not tiny:
            return None
        finite = isinstance(value, int) or math.isfinite(value)
        if low is None and finite and value < -limit:
            low = -limit
        if high is None and finite and value > limit:
            high = limit
        lower = _number(SMALLEST_FLOAT if tiny else low)
        upper = _number(high)
        exclusive = self.above is not None and not tiny
        if low is not None and high is not None and not exclusive:
            bounds = f"from {lower} to {'under ' if self.below is not None else ''}{upper}"
        else:
            least = f"{'above' if exclusive else 'at least'} {lower}" if low is not None else ""
            most = f"{'under' if self.below is not None else 'at most'} {upper}"
            bounds = " and ".join(filter(None, (least, most if high is not None else "")))
        wanted = " ".join(filter(None, ("" if finite else "a finite number", bounds)))
        return f"must be {wanted}{', or null' if may_be_null else ''}"


def _number(value: float | None) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def range_of(hint: Any) -> Range | None:
    """The range in an annotation, of the value itself or of a list's elements."""
    if get_origin(hint) is Annotated:
        for each in get_args(hint)[1:]:
            if isinstance(each, Range):
                return each
    found = (range_of(each) for each in get_args(hint))
    return next((each for each in found if each is not None), None)


Count = Annotated[int, Range(minimum=1)]
CountOrZero = Annotated[int, Range(minimum=0)]
Seed = Annotated[int, Range(minimum=0)]
Size = Annotated[int, Range(minimum=1, maximum=2**20)]
"""Of an axis of a tensor of weights; what the whole takes is compared with the memory."""
Layers = Annotated[int, Range(minimum=1, maximum=1000)]
Positive = Annotated[float, Range(above=0)]
NonNegative = Annotated[float, Range(minimum=0)]
Share = Annotated[float, Range(minimum=0, maximum=1)]
ShareBelowOne = Annotated[float, Range(minimum=0, below=1)]
