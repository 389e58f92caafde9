"""Functions called in other processes: in parallel, or each call in a fresh process."""

import multiprocessing
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


def each(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    """Map `function` over `items` in order, with a bounded number of items in memory.

    One worker is this process. What `function` raises is raised here, at its item's turn.
    """
    if workers == 1:
        yield from map(function, items)
        return
    with ProcessPoolExecutor(workers, initializer=_ignore_interrupts) as pool:
        pending: deque[Future[Result]] = deque()
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


class FreshProcesses:
    """Calls functions, each in a new process.

    Where the system can fork, they are copies of a server that has imported the `modules` and done
    nothing else, which takes milliseconds; elsewhere each imports them. The server starts at once,
    in parallel to the caller.
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
            BrokenProcessPool: the process was killed, such as for lack of memory.
        """
        with ProcessPoolExecutor(
            1, mp_context=self._context, initializer=_ignore_interrupts
        ) as pool:
            with _without_main_module():
                future = pool.submit(function, item)
            return future.result()


@contextmanager
def _without_main_module() -> Iterator[None]:
    """Keep new processes from importing the main module, which takes longer than most calls."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
