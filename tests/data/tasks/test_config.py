"""What a task's settings may not be, and what is told of it."""

import pytest

from attnlab.support.errors import UsageError
from tests.data.tasks.settings import task


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("count", {}, "unknown data.task.name 'count'; choose one of: copy, reverse, sort, lookup"),
        ("copy", {"longest": 1}, "data.task.longest=1 must be at least data.task.shortest=2"),
        ("copy", {"queries": 2}, "data.task.queries=2 belongs to data=lookup"),
        ("lookup", {"queries": None}, "data.task.queries=None must be from 1 to"),
        ("lookup", {"queries": 3}, "data.task.queries=3 must be from 1 to data.task.shortest=2"),
        ("sort", {"longest": 7}, "12 are too few for 14 .*=14 or more, or data.task.longest=6, or"),
        ("lookup", {"longest": 7, "repeats": True}, "data.task.longest=6$"),
        ("copy", {"pairs": 200_000}, "data.task.pairs=200000: 200,020 different sources of 2 to 5"),
    ],
)
def test_what_cannot_be_written_is_refused_by_name(name, changes, message):
    with pytest.raises(UsageError, match=message):
        task(name, **changes)


def test_as_many_sources_as_half_of_those_there_are_can_be_asked_for():
    # Two symbols, three places: 8 sources; test_long has 16 + 32 + 64.
    few = {"symbols": 2, "shortest": 3, "longest": 3, "repeats": True, "held_out": 1}
    assert task("copy", **few, pairs=2).pairs == 2
    with pytest.raises(
        UsageError, match=r"5 different sources of 3 to 3 are wanted, .* there are 8"
    ):
        task("copy", **few, pairs=3)
