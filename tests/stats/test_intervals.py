"""Confidence sequences: coverage over the whole run, width, and agreement with the e-process they invert."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.stats.betting import log_evidence
from weighbridge.stats.intervals import OPEN_ENDED, difference_sequence, mean_sequence, mean_sequence_at


@pytest.mark.parametrize("level", [0.02, 0.3, 0.9, 0.995])
@pytest.mark.parametrize("pool", [True, False])
def test_coverage_over_the_whole_run(level: float, pool: bool) -> None:
    rng = np.random.default_rng(2)
    runs, units, missed = 300, 240, 0
    for _ in range(runs):
        values = (rng.random(units) < level).astype(float)
        truth = values.mean() if pool else level
        low, high = mean_sequence(values[:-1], 0.05, units if pool else None)
        missed += not low - 1e-9 <= truth <= high + 1e-9
    assert missed / runs <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.sampled_from([0.01, 0.05, 0.2]))
@settings(max_examples=60, deadline=None)
def test_the_interval_holds_the_mean_and_is_never_a_point(values: list[float], alpha: float) -> None:
    low, high = mean_sequence(np.array(values), alpha)
    assert 0 <= low <= np.mean(values) + 1e-9
    assert np.mean(values) - 1e-9 <= high <= 1
    assert high - low > 0.01


@given(st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_means_outside_are_rejected_by_the_process_itself(seed: int) -> None:
    values = (np.random.default_rng(seed).random(120) < 0.8).astype(float)
    low, high = mean_sequence(values, 0.05)
    for null, draws in ((low - 0.01, values), (1 - high - 0.01, 1 - values)):
        if null > 0:
            assert log_evidence(draws, null, None, OPEN_ENDED, low=0.0).max() >= math.log(40)
    inside = log_evidence(values, (low + high) / 2, None, OPEN_ENDED, low=0.0)
    assert inside.max() < math.log(40)


def test_more_draws_never_widen_and_the_pool_ends_in_a_point() -> None:
    values = (np.random.default_rng(0).random(300) < 0.7).astype(float)
    path = mean_sequence_at(values, [10, 50, 150, 299, 300], 0.05, 300)
    widths = [high - low for low, high in path]
    assert widths == sorted(widths, reverse=True)
    assert path[-1][0] == pytest.approx(values.mean(), abs=0.003)
    assert mean_sequence(values, 0.05, 300) == (values.mean(), values.mean())


def test_differences_are_the_same_sequence_on_another_scale() -> None:
    differences = np.random.default_rng(1).choice([-1.0, 0.0, 1.0], 90)
    low, high = mean_sequence((differences + 1) / 2)
    assert difference_sequence(differences) == (2 * low - 1, 2 * high - 1)


@pytest.mark.parametrize("values", [[0.2, 1.2], [-0.1], [float("nan")]])
def test_values_outside_the_unit_interval_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        mean_sequence(np.array(values))


def test_a_planned_length_narrows_and_still_covers() -> None:
    rng = np.random.default_rng(4)
    missed, narrower = 0, 0
    for _ in range(200):
        values = (rng.random(80) < 0.7).astype(float)
        low, high = mean_sequence(values, planned=400)
        wide = mean_sequence(values)
        narrower += high - low < wide[1] - wide[0]
        missed += not low <= 0.7 <= high
    assert narrower > 150
    assert missed / 200 <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 200)
