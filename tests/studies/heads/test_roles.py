"""Roles: which threshold comes first, and that none is none."""

import pytest

from attnlab.studies.heads.measures import FIGURES, HeadFigures
from attnlab.studies.heads.roles import LEGEND, name_role


def of(**values):
    return HeadFigures(**dict.fromkeys(FIGURES) | values)


@pytest.mark.parametrize(
    ("values", "role"),
    [
        ({"previous": 0.4, "same": 0.3}, "previous token"),
        ({"previous": 0.41, "same": 0.45}, "same token"),
        ({"following": 0.9, "diagonality": 0.95}, "next token"),
        ({"beginning": 0.6, "entropy": 0.9}, "beginning"),
        ({"end": 0.5, "punctuation": 0.45}, "end"),
        ({"punctuation": 0.7}, "punctuation"),
        ({"same": 0.39, "diagonality": 0.8, "entropy": 0.9}, "diagonal"),
        ({"same": 0.39, "diagonality": 0.79, "entropy": 0.75}, "broad"),
        ({"same": 0.39, "diagonality": 0.79, "entropy": 0.74}, None),
        ({}, None),
    ],
)
def test_thresholds(values, role):
    assert name_role(of(**values)) == role
    assert role is None or role.split()[0] in LEGEND


def test_an_aligner_beats_the_straight_line():
    ends = of(end=0.9)
    assert name_role(ends, 0.30, 0.36) == "aligner"
    assert name_role(ends, 0.36, 0.36) == "end"
    assert name_role(ends, None, 0.36) == "end"
