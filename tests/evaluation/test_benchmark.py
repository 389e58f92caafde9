"""Benchmarks of passes: exact peaks of memory, rounds in turn, and exponents of known growth."""

import numpy as np
import pytest
import torch

from attnlab.evaluation.benchmark import (
    doubling,
    forward_pass,
    measure_passes,
    peak_bytes,
    tail_exponent,
    training_pass,
)

LENGTHS = [16, 32, 64, 128, 256]


def test_the_peak_is_what_is_there_at_once():
    kept = []

    def work():
        kept.append(torch.ones(250))  # 1000 bytes
        first = torch.ones(1000)
        del first
        second = torch.ones(500)
        del second

    work()
    assert peak_bytes(work) == 1000 + 4000
    assert peak_bytes(lambda: None) == 0


def test_passes_take_turns_and_stop_after_enough_seconds():
    calls = []
    now = iter(range(100))
    costs = measure_passes(
        [lambda: calls.append("a"), lambda: calls.append("b")],
        10,
        enough_seconds=4.0,
        clock=lambda: float(next(now)),
    )
    assert calls == ["a", "b"] + ["a", "b"] * 3  # once for memory; three rounds are the fewest
    assert [(each.median, each.fastest, each.rounds) for each in costs] == [(1.0, 1.0, 3)] * 2


def test_a_training_pass_computes_gradients_of_inputs_and_parameters():
    layer = torch.nn.Linear(5, 3)
    x = torch.randn(2, 5)
    forward_pass(layer, [x])()
    assert not x.requires_grad
    forward = peak_bytes(forward_pass(layer, [x]))
    training = peak_bytes(training_pass(layer, [x], list(layer.parameters())))
    assert forward == 4 * 2 * 3
    assert training >= 4 * (2 * 5 + 3 * 5 + 3)  # the gradients; the output is freed before


def test_lengths_double():
    assert doubling(3, 13) == [3, 6, 12]
    assert doubling(5, 5) == [5]


def test_the_exponent_is_that_of_the_tail_alone():
    values = [9.0, *(3e-5 * np.array(LENGTHS[1:]) ** 1.7)]
    assert tail_exponent(LENGTHS, values) == pytest.approx(1.7)
    assert tail_exponent(LENGTHS[:2], values[:2]) is None
    assert tail_exponent(LENGTHS, [0.0] * 5) is None
