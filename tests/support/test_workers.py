"""Results of parallel calls come in order, and errors at their turn."""

import os
import time
from concurrent.futures.process import BrokenProcessPool

import pytest

from attnlab.support.machine import usable_cores
from attnlab.support.workers import FreshProcesses, each


def slowest_first(number: int) -> tuple[int, int]:
    time.sleep(0.02 * (3 - number % 4))
    return number * number, os.getpid()


def refuse_five(number: int) -> int:
    if number == 5:
        raise ValueError("five")
    return number


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_order_of_the_items(workers):
    results = list(each(slowest_first, range(20), workers))
    assert [square for square, _ in results] == [number**2 for number in range(20)]
    processes = {process for _, process in results}
    assert (processes == {os.getpid()}) == (workers == 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_comes_after_the_results_before_it(workers):
    results = each(refuse_five, range(1000), workers)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="five"):
        next(results)


def test_few_items_are_held_at_a_time():
    taken = []
    results = each(refuse_five, (taken.append(n) or n for n in range(6, 500)), 2)
    for _ in range(100):
        next(results)
    assert len(taken) < 110


def test_no_more_cores_than_there_are():
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


def remember(word: str) -> list[str]:
    _REMEMBERED.append(word)
    return _REMEMBERED


_REMEMBERED: list[str] = []


def test_each_call_is_in_a_process_that_nothing_has_run_in():
    fresh = FreshProcesses([__name__])
    assert fresh.call(remember, "one") == ["one"]
    assert fresh.call(remember, "two") == ["two"]
    assert _REMEMBERED == []


def test_errors_and_ends_of_fresh_processes_are_told():
    fresh = FreshProcesses([])
    with pytest.raises(ValueError, match="five"):
        fresh.call(refuse_five, 5)
    with pytest.raises(BrokenProcessPool):
        fresh.call(os._exit, 1)
    assert fresh.call(refuse_five, 4) == 4
