"""One function of many things, side by side in processes, or in a fresh one each time.

Knows nothing of what it computes.
"""

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from types import ModuleType
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def each(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    """`function` of each item, in the order of the items, of which few are held at a time.

    One worker is this process. What `function` raises is raised here, at its item's turn.
    """
    if workers == 1:
        yield from map(function, items)
        return
    with ProcessPoolExecutor(workers, initializer=_leave_interrupts_to_the_parent) as pool:
        coming: deque[Future[Result]] = deque()
        try:
            for item in items:
                coming.append(pool.submit(function, item))
                if len(coming) > 2 * workers:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


class FreshProcesses:
    """Calls functions, each in a process of its own that nothing has run in before.

    Where the system can, they are copies of one that has imported the `modules` and done nothing
    else, which takes some milliseconds; elsewhere each imports them anew. That one starts to import
    them at once, beside whatever the caller does before the first call.
    """

    def __init__(self, modules: list[str]) -> None:
        can_copy = "forkserver" in multiprocessing.get_all_start_methods()
        self._context = multiprocessing.get_context("forkserver" if can_copy else "spawn")
        if can_copy:
            from multiprocessing import forkserver  # is not on every system

            self._context.set_forkserver_preload(modules)
            forkserver.ensure_running()

    def call(self, function: Callable[[Item], Result], item: Item) -> Result:
        """`function` of `item`; what it raises is raised here.

        Raises:
            BrokenProcessPool: the process was ended, as by a system that is short of memory.
        """
        with ProcessPoolExecutor(
            1, mp_context=self._context, initializer=_leave_interrupts_to_the_parent
        ) as pool:
            with _nothing_to_run_again():
                future = pool.submit(function, item)
            return future.result()


@contextmanager
def _nothing_to_run_again() -> Iterator[None]:
    """Processes that begin in the block do not import the program that begins them.

    They would, for a function that is defined there; it takes longer than most calls.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
