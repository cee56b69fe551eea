"""The rate of a run's own answers."""

from __future__ import annotations

import numpy as np
import pytest

from sizing_shapes import LLAMA_8B, shape
from weighbridge.errors import UsageError
from weighbridge.sizing import device, measured, observed_rate, rates


def test_the_rate_of_answers_that_are_alike() -> None:
    found = observed_rate([100] * 20, [2.0] * 20, at_once=8)
    assert (found.low, found.likely, found.high) == pytest.approx((400, 400, 400))


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        tokens = random.geometric(1 / 80, size=60)
        seconds = 0.3 + tokens / 40 * random.lognormal(0, 0.3, size=60)
        held += observed_rate(tokens.tolist(), seconds.tolist()).holds(80 / (0.3 + 2 * np.exp(0.045)))
    assert 0.91 <= held / 400 <= 0.985


def test_a_server_that_takes_turns_is_measured_by_its_clock() -> None:
    """Eight requests at a time on a machine that writes 500 tokens a second in all: waiting is part of their time."""
    random = np.random.default_rng(3)
    lengths = random.integers(20, 300, size=400)
    left = {place: float(lengths[place]) for place in range(8)}
    began, took, clock, following = dict.fromkeys(left, 0.0), {}, 0.0, 8
    while left:
        each = 500 / len(left)
        first = min(left, key=lambda place: left[place])
        step = left[first] / each
        clock += step
        left = {place: rest - step * each for place, rest in left.items() if place != first}
        took[first] = clock - began[first]
        if following < len(lengths):
            left[following], began[following] = float(lengths[following]), clock
            following += 1
    order = sorted(took)
    found = observed_rate([float(lengths[place]) for place in order], [took[place] for place in order], at_once=8)
    assert found.likely == pytest.approx(500, rel=0.02)


def test_gaps_are_left_out() -> None:
    full = observed_rate([100, 120] * 10, [1.0, 1.3] * 10)
    assert observed_rate([100, 120] * 10 + [None, 5], [1.0, 1.3] * 10 + [1.0, float("nan")]) == full


def test_it_takes_the_place_of_the_prediction() -> None:
    said = rates(shape(LLAMA_8B), device("L40S"), 1, "fp8", sequences=16)
    own = measured(said, observed_rate([200, 220, 180] * 10, [4.0, 4.6, 3.7] * 10, at_once=16))
    assert own.source == "measured"
    assert own.output.likely == pytest.approx(16 * 600 / 12.3)
    assert own.output.high / own.output.low < said.output.high / said.output.low


@pytest.mark.parametrize(
    ("tokens", "seconds", "at_once", "what"),
    [
        ([1.0] * 9, [1.0] * 9, 1, "a rate needs at least 10"),
        ([1.0] * 11, [1.0] * 10, 1, "they must be pairs"),
        ([1.0] * 10, [1.0] * 9 + [0.0], 1, "times must be more than 0"),
        ([0.0] * 10, [1.0] * 10, 1, "some answer must hold a token"),
        ([1.0] * 10, [1.0] * 10, 0.5, "at least 1"),
    ],
)
def test_what_cannot_be_is_said(tokens: list, seconds: list, at_once: float, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        observed_rate(tokens, seconds, at_once)
