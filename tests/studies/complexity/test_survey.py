"""A survey of the real layers in real processes: its measurements, its limits and its report."""

import json
from concurrent.futures.process import BrokenProcessPool

import pytest

from attnlab.studies.complexity import survey as surveys
from attnlab.studies.complexity.figure import draw_complexity
from attnlab.studies.complexity.layers import FUSED, LAYERS
from attnlab.studies.complexity.report import ComplexityReport
from attnlab.studies.complexity.survey import Survey, Task, measure, measure_layer
from attnlab.support.errors import UsageError
from attnlab.support.workers import FreshProcesses
from tests.studies.complexity.test_layers import settings


def a_survey(**changes):
    values = {
        "settings": settings(),
        "shortest": 3,
        "longest": 13,
        "batch": 2,
        "threads": 1,
        "processor_time": True,
        "seeds": 1,
        "restriction": 4,
        "budget_seconds": 60.0,
        "budget_bytes": 1e12,
    }
    return Survey(**values | changes)


@pytest.fixture(scope="module")
def report():
    survey = a_survey()
    return ComplexityReport(survey, measure(survey))


def test_every_layer_is_measured_at_every_length(report):
    for series in (report.measurements.forward, report.measurements.training):
        assert [each.name for each in series] == list(LAYERS)
        for each in series:
            assert each.lengths == [3, 6, 12]
            assert all(cost.fastest > 0 and cost.rounds >= 3 for cost in each.costs)
            assert each.ended is None
    for found in report.measurements.gradients.values():
        assert [each.length for each in found] == [4, 8]


def test_the_report_says_it_all(report):
    text = str(report)
    assert text.startswith(
        "one layer · d = 24 · 3 heads · k = 5 · 2 sentences at a time · 1 thread"
    )
    assert "Self-attention multiplies more than a GRU from n = 25 on." in text
    assert max(map(len, text.splitlines())) <= 120
    values = json.loads(json.dumps(report.as_json()))
    [costs] = [each["costs"] for each in values["forward"] if each["layer"] == "recurrent"]
    assert [each["length"] for each in costs] == [3, 6, 12]
    exact = {each["layer"]: each["multiply_adds"] for each in values["formulas"]}
    assert exact["recurrent"]["12"] == 6 * 12 * 24**2
    assert values["paths"]["12"]["convolution"] == 3  # windows of 5: 4 tokens further each
    assert values["gradient"]["recurrent"]["reaches"][0]["median"] < 1


def test_what_takes_too_long_ends_a_series_and_says_so():
    found = measure(a_survey(budget_seconds=0.0, longest=6))
    for each in [*found.forward, *found.training]:
        assert len(each.costs) == 1
        assert "a pass over 3 tokens took" in each.ended
        assert "more than --budget 0" in each.ended
        assert each.time_exponent is None


def test_a_killed_process_ends_a_series_at_the_longest_length_too(monkeypatch):
    def killed(self, function, task):
        raise BrokenProcessPool

    monkeypatch.setattr(FreshProcesses, "call", killed)
    survey = a_survey(longest=3)
    report = ComplexityReport(survey, measure(survey))
    for each in [*report.measurements.forward, *report.measurements.training]:
        assert not each.costs
        assert each.ended.startswith("the system ended the process at 3 tokens")
    assert "time, forward, ms" in str(report)
    assert len(draw_complexity(report).axes) == 1, "only the gradient's panel has points"


def test_memory_is_what_weights_take():
    fresh = FreshProcesses([surveys.__name__])
    length, heads, peaks = 1024, 3, {}
    for name in ("self-attention", FUSED):
        task = Task(
            layer=name,
            settings=settings(),
            length=length,
            batch=1,
            training=False,
            threads=1,
            processor_time=True,
        )
        peaks[name] = fresh.call(measure_layer, task).peak_bytes
    all_weights = 4 * heads * length**2
    assert all_weights < peaks["self-attention"] < 6 * all_weights
    assert peaks[FUSED] < all_weights / 2


def test_lengths_must_grow():
    with pytest.raises(UsageError, match="--from 3 --to 2: the second must be no less"):
        a_survey(longest=2)
