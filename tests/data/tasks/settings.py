"""Settings of small tasks."""

from typing import Any

from attnlab.data.tasks import TaskConfig


def task(name: str, **changes: Any) -> TaskConfig:
    """A small one, with `changes`."""
    values: dict[str, Any] = {
        "name": name,
        "symbols": 12,
        "shortest": 2,
        "longest": 5,
        "repeats": False,
        "queries": 2 if name == "lookup" else None,
        "pairs": 40,
        "held_out": 10,
        "seed": 1,
    }
    return TaskConfig(**values | changes)
