"""The versions and the machine that a run was trained with, so that it can be repeated."""

import json
import platform
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from attnlab import __version__
from attnlab.run.layout import ENVIRONMENT
from attnlab.support.files import write_file
from attnlab.support.machine import processor_name, usable_cores

_PACKAGES = ("torch", "numpy", "sentencepiece", "sacrebleu")


def environment() -> dict[str, str]:
    """Versions of attnlab, Python and what results depend on, and the machine, in words."""
    import torch

    packages = (f"{name} {version(name)}" for name in _PACKAGES)
    cores, threads = usable_cores(), torch.get_num_threads()
    counts = [f"{cores} core{'s' * (cores > 1)}", f"{threads} thread{'s' * (threads > 1)}"]
    return {
        "versions": ", ".join(
            [f"attnlab {__version__}", f"Python {platform.python_version()}", *packages]
        ),
        "machine": ", ".join(
            [processor_name(), *counts, f"{platform.system()} {platform.machine()}"]
        ),
    }


def record_environment(folder: Path) -> None:
    """Write the environment of this process into the run in `folder`."""
    with suppress(OSError):  # a full disk ends training by what it cannot do without
        write_file(folder / ENVIRONMENT, json.dumps(environment(), indent=1) + "\n")


def recorded_environment(folder: Path) -> dict[str, str]:
    """The environment of the run in `folder`; empty where none was recorded."""
    try:
        found = json.loads((folder / ENVIRONMENT).read_text(encoding="utf-8"))
        return {str(name): str(value) for name, value in found.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
