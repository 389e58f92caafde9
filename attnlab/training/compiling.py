"""torch.compile, as a choice: the model's reading of a batch as code made for it.

Only `model(…)`, what training and the validation's loss call, is compiled, in its place: the
model's parameters keep their names, and search works as ever. Lengths and batch sizes are left
open, so that one compilation serves all batches.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from torch import nn

from attnlab.models.interface import respect_uncompiled
from attnlab.support.errors import AttnlabError

logger = logging.getLogger(__name__)

Step = TypeVar("Step")


def compile_model(model: nn.Module) -> None:
    """Have `model(…)` compiled as soon as it is called."""
    respect_uncompiled(model)
    model.compile(dynamic=True)


def told_of_compiling(steps: Iterator[Step]) -> Iterator[Step]:
    """The `steps` of a compiled model; the log tells when they wait for compilation, and how long.

    Raises:
        AttnlabError: the model cannot be compiled on this machine.
    """
    from torch._dynamo.exc import TorchDynamoException

    with _compilation_clock() as clock:
        try:
            for step in steps:
                if clock.seconds:
                    logger.info("compiled in %.0f s", clock.seconds)
                    clock.seconds = 0.0
                yield step
        except TorchDynamoException as error:
            reason = str(error).strip().splitlines()[0]
            raise AttnlabError(
                f"compile=true: torch cannot compile the model here ({reason}); install a C++ "
                "compiler (g++ or clang++, or name one in the variable CXX), or choose "
                "compile=false"
            ) from error


class _Clock:
    """Sums up the `seconds` between starts and ends."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._started = 0.0

    def start(self, *_: object) -> None:
        """Compilation begins; tell so, if it is the first since `seconds` were last asked."""
        if not self.seconds:
            logger.info("compiling the model …")
        self._started = time.monotonic()

    def end(self, *_: object) -> None:
        """It ends."""
        self.seconds += time.monotonic() - self._started


@contextmanager
def _compilation_clock() -> Iterator[_Clock]:
    from torch._dynamo.callback import callback_handler

    clock = _Clock()
    callback_handler.register_start_callback(clock.start)
    callback_handler.register_end_callback(clock.end)
    try:
        yield clock
    finally:
        callback_handler.remove_start_callback(clock.start)
        callback_handler.remove_end_callback(clock.end)
