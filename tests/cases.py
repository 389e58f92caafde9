"""Parametrised tests whose default cases are a part of all combinations; the others are slow."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import Any

import pytest


def combinations_of(
    axes: Mapping[str, Iterable[Any]], quick: Collection[Any], indirect: Sequence[str] = ()
) -> pytest.MarkDecorator:
    """All combinations of the axes' values; those that are not in `quick` are slow."""
    cases = [
        pytest.param(*case, marks=[] if case in quick else pytest.mark.slow)
        for case in product(*axes.values())
    ]
    return pytest.mark.parametrize(tuple(axes), cases, indirect=list(indirect))


def one_by_one(**axes: Iterable[Any]) -> pytest.MarkDecorator:
    """Each value with values of the other axes in turn, for axes that do not interact."""
    values = [list(each) for each in axes.values()]
    longest = max(map(len, values))
    quick = {tuple(each[place % len(each)] for each in values) for place in range(longest)}
    return combinations_of(axes, quick)


def pairwise(**axes: Iterable[Any]) -> pytest.MarkDecorator:
    """Any two values of different axes together in some case."""
    combined = list(product(*axes.values()))

    def pairs(case: Sequence[Any]) -> set[Any]:
        return {((i, case[i]), (j, case[j])) for i, j in combinations(range(len(case)), 2)}

    missing, quick = set().union(*map(pairs, combined)), set()
    while missing:
        best = max(combined, key=lambda case: len(pairs(case) & missing))
        quick.add(best)
        missing -= pairs(best)
    return combinations_of(axes, quick)
