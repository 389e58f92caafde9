"""Work side by side comes back in order, and what goes wrong is told at its turn."""

import os
import time

import pytest

from attnlab.workers import each, usable_cores


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
