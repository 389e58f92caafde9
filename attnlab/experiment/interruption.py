"""Stopping politely: a signal to end waits until the update that it came into is done."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):  # noqa: N818 - what happened, and no error
    """A run was asked to end before it was done; all that it had is saved."""

    def __init__(self, signal_number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


class Request:
    """`signal_number` is that of the signal which asked for an end, or None while none has."""

    signal_number: int | None = None


@contextmanager
def deferred_signals(patiently: bool = False) -> Iterator[Request]:
    """Within the block a first SIGINT or SIGTERM is noted; a second one acts as it always does.

    Or else is borne `patiently`: for a process of several, which is sent the same signal by its
    machine and by torchrun, who kills it if it takes too long.
    """
    request = Request()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        request.signal_number = number
        if patiently:
            return
        for each, handler in before.items():
            signal.signal(each, handler)

    try:
        for number in SIGNALS:
            signal.signal(number, note)
    except ValueError:  # not in the main thread, where no signal arrives either
        yield request
        return
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
