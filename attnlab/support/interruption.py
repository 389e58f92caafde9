"""Handling of stop signals: the first one is deferred until training is saved.

SIGINT is sent by Ctrl-C, SIGTERM by schedulers and `kill`, SIGHUP when a terminal closes; SIGUSR2
by submitit before a time limit, which counts where submitit handles it.
"""

import logging
import os
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from types import FrameType

from attnlab.support.console import console

_HANGUP = getattr(signal, "SIGHUP", None)  # not on Windows
SIGNALS = tuple(each for each in (signal.SIGINT, signal.SIGTERM, _HANGUP) if each is not None)
LAUNCHERS_SIGNAL = getattr(signal, "SIGUSR2", None)
"""A launcher's notice that it is going to requeue or end the process."""

_ignoring_repeated: ContextVar[bool] = ContextVar("_ignoring_repeated", default=False)

logger = logging.getLogger(__name__)


class Interrupted(BaseException):
    """A signal stopped a run, which was saved.

    It does not derive from Exception, since a sweep continues with the next run after those.
    """

    def __init__(self, signal_number: int, message: str) -> None:
        super().__init__(signal_number, message)
        self.signal_number = signal_number
        self.exit_code = 128 + signal_number

    def __str__(self) -> str:
        return str(self.args[1])


class StopRequest:
    """Whether a stop signal was received: `signal_number` is its number, or None."""

    signal_number: int | None = None
    _to_raise: type[BaseException] | None = None

    def __init__(self, when: str = "the current step is done") -> None:
        self._when = when

    @contextmanager
    def raising(self, exception: type[BaseException]) -> Iterator[None]:
        """Raise `exception` at the first signal in the block, or on entry if there was one."""
        if self.signal_number is not None:
            raise exception
        self._to_raise = exception
        try:
            yield
        finally:
            self._to_raise = None

    def receive(self, number: int, ignore_repeated: bool) -> None:
        """Record a first signal; a later one ends the process, unless `ignore_repeated`."""
        repeated, self.signal_number = self.signal_number is not None, number
        if number == _HANGUP:
            _leave_closed_terminal()
        if repeated and ignore_repeated:
            return
        with suppress(OSError, RuntimeError):  # in the middle of another message, for example
            self._log(number, repeated, ignore_repeated)
        if repeated:
            os._exit(128 + number)  # an exception could be lost, or wait for a write
        if self._to_raise is not None:
            raise self._to_raise

    def _log(self, number: int, repeated: bool, ignore_repeated: bool) -> None:
        name = signal.Signals(number).name
        if repeated:
            console().show_cursor(True)
            logger.info("%s again: ended at once; what was saved before stands", name)
        else:
            more = "" if ignore_repeated else "; a second one ends at once, without saving"
            logger.info("%s: stopping as soon as %s%s", name, self._when, more)


def _leave_closed_terminal() -> None:
    """Redirect standard output and error to the null device if their terminal has closed."""
    for descriptor in (1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


@contextmanager
def ignoring_repeated_signals() -> Iterator[None]:
    """In the block, a second stop signal does not end the process, which may do other work too."""
    token = _ignoring_repeated.set(True)
    try:
        yield
    finally:
        _ignoring_repeated.reset(token)


@contextmanager
def deferred_signals(
    ignore_repeated: bool = False, when: str = "the current step is done"
) -> Iterator[StopRequest]:
    """Defer the first stop signal in the block; a second one ends the process at once.

    With `ignore_repeated`, later signals are ignored, in blocks within this one as well: under
    torchrun, or started by a launcher, a process may get the same signal several times, and is
    killed after a timeout. The message says that the process stops as soon as `when`.
    """
    request = StopRequest(when)
    if threading.current_thread() is not threading.main_thread():  # others get no signals
        yield request
        return
    ignore_repeated = ignore_repeated or _ignoring_repeated.get()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    if before.get(_HANGUP) == signal.SIG_IGN:  # started with nohup
        del before[_HANGUP]
    if LAUNCHERS_SIGNAL and callable(handler := signal.getsignal(LAUNCHERS_SIGNAL)):
        before[LAUNCHERS_SIGNAL] = handler

    def receive(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        request.receive(number, ignore_repeated)

    token = _ignoring_repeated.set(ignore_repeated)
    try:
        for number in before:
            signal.signal(number, receive)
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _ignoring_repeated.reset(token)
