"""attnlab: a bench for attention. Train, score and look inside small translation models."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from attnlab.api import ExplorerPage, SentenceTranslation, TrainedRun, load, train
    from attnlab.support.errors import AttnlabError, UsageError

__all__ = [
    "AttnlabError",
    "ExplorerPage",
    "SentenceTranslation",
    "TrainedRun",
    "UsageError",
    "load",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import what Python programs use, and torch with it, when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from attnlab.support.machine import omp_wait_briefly

    omp_wait_briefly()
    from attnlab import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
