"""Stopping by a signal: the first is deferred until everything can be saved, the second is not.

SIGINT is Ctrl-C; SIGTERM is sent by schedulers and `kill`; SIGHUP when a terminal closes.
"""

import logging
import os
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from attnlab.support.console import console

_HANGUP = getattr(signal, "SIGHUP", None)  # not on Windows
SIGNALS = tuple(each for each in (signal.SIGINT, signal.SIGTERM, _HANGUP) if each is not None)

logger = logging.getLogger(__name__)


class Interrupted(BaseException):
    """A run was stopped by a signal, and is saved.

    Not an Exception, after which a sweep goes on with its next run.
    """

    def __init__(self, signal_number: int, message: str) -> None:
        super().__init__(signal_number, message)
        self.exit_code = 128 + signal_number

    def __str__(self) -> str:
        return str(self.args[1])


class StopRequest:
    """`signal_number`: the signal that was received, or None."""

    signal_number: int | None = None
    _to_raise: type[BaseException] | None = None

    @contextmanager
    def raising(self, exception: type[BaseException]) -> Iterator[None]:
        """Within the block the first signal raises `exception` at once."""
        if self.signal_number is not None:
            raise exception
        self._to_raise = exception
        try:
            yield
        finally:
            self._to_raise = None

    def receive(self, number: int, patiently: bool) -> None:
        """Defer a first signal; end the process on a second one, unless it waits `patiently`."""
        again, self.signal_number = self.signal_number is not None, number
        if number == _HANGUP:
            _leave_closed_terminal()
        if again and patiently:
            return
        with suppress(OSError, RuntimeError):  # in the middle of another message, for example
            _log(number, again, patiently)
        if again:
            os._exit(128 + number)  # an exception could be lost, or wait for a write
        if self._to_raise is not None:
            raise self._to_raise


def _log(number: int, again: bool, patiently: bool) -> None:
    name = signal.Signals(number).name
    if again:
        console().show_cursor(True)
        logger.info("%s again: ended at once; what was saved before stands", name)
    else:
        more = "" if patiently else "; a second one ends at once, without saving"
        logger.info("%s: stopping as soon as the current step is done%s", name, more)


def _leave_closed_terminal() -> None:
    """Redirect output to a closed terminal, which would fail, to the null device."""
    for descriptor in (1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


@contextmanager
def deferred_signals(patiently: bool = False) -> Iterator[StopRequest]:
    """Within the block a first signal is deferred; a second one ends the process at once.

    Not so if it waits `patiently`, as one of several processes, which gets the same signal from
    the machine and from torchrun, which kills it after a while.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():  # which no signal reaches
        yield request
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    if before.get(_HANGUP) == signal.SIG_IGN:  # by nohup
        del before[_HANGUP]

    def receive(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        request.receive(number, patiently)

    try:
        for number in before:
            signal.signal(number, receive)
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
