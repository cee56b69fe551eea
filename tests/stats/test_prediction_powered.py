"""PPI++ against the authors' package `ppi-python`, and its coverage."""

from __future__ import annotations

import numpy as np
import ppi_py
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.stats.fixed.prediction_powered import calibrated_difference, calibrated_mean

Z = scipy.stats.norm.ppf(0.975)


def drawn(seed: int, labelled: int, rest: int, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    truth = draw.random(labelled + rest)
    judged = np.clip((1 - noise) * truth + noise * draw.random(labelled + rest) + 0.1, 0, 1)
    human = (draw.random(labelled + rest) < truth).astype(float)
    return human[:labelled], judged[:labelled], judged[labelled:]


@given(
    seed=st.integers(0, 10_000),
    labelled=st.integers(2, 80),
    rest=st.integers(2, 300),
    noise=st.floats(0, 1),
    weight=st.sampled_from([None, 0.0, 0.4, 1.0]),
)
@settings(max_examples=150, deadline=None)
def test_value_weight_and_error_are_the_authors(
    seed: int, labelled: int, rest: int, noise: float, weight: float | None
) -> None:
    human, judged, others = drawn(seed, labelled, rest, noise)
    found = calibrated_mean(human, judged, others, weight=weight)
    value = ppi_py.ppi_mean_pointestimate(human, judged, others, lam=weight)
    assert found.value == pytest.approx(float(np.squeeze(value)), abs=1e-12)
    low, high = ppi_py.ppi_mean_ci(human, judged, others, alpha=0.05, lam=weight)
    assert found.error == pytest.approx(float(np.squeeze(high - low)) / 2 / Z, abs=1e-12)
    # Student's t is never narrower than the authors' normal interval.
    assert found.interval[0] <= max(0.0, float(np.squeeze(low))) + 1e-12
    assert found.interval[1] >= min(1.0, float(np.squeeze(high))) - 1e-12


@pytest.mark.parametrize("noise", [0.0, 0.5, 1.0])
def test_it_covers_and_gains(noise: float) -> None:
    hits, gains = 0, []
    for seed in range(500):
        human, judged, others = drawn(seed, 40, 400, noise)
        found = calibrated_mean(human, judged, others)
        hits += found.interval[0] <= 0.5 <= found.interval[1]
        gains.append(found.worth)
    assert 0.925 < hits / 500 < 0.985
    assert np.median(gains) > (1.2 if noise == 0 else 0.98)


def test_a_judge_without_a_fault_so_far_is_not_taken_for_perfect() -> None:
    human = np.array([1.0, 0.0] * 5)
    found = calibrated_mean(human, human, np.array([1.0, 0.0] * 500))
    assert found.value == pytest.approx(0.5)
    assert found.interval[1] - found.interval[0] > 0.2


def test_a_difference_is_the_mean_of_differences() -> None:
    one, two = drawn(1, 50, 200, 0.3), drawn(2, 50, 200, 0.3)
    found = calibrated_difference((one[0], two[0]), (one[1], two[1]), (one[2], two[2]))
    parts = [a - b for a, b in zip(one, two, strict=True)]
    assert found.value == pytest.approx(float(np.squeeze(ppi_py.ppi_mean_pointestimate(*parts))))
    same = calibrated_difference((one[0], one[0]), (one[1], one[1]), (one[2], one[2]))
    assert same.value == 0
    assert same.interval[0] < 0 < same.interval[1]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="same items"):
        calibrated_mean([1.0], [1.0, 0.0], [1.0])
    with pytest.raises(ValueError, match="lie in"):
        calibrated_mean([2.0, 1.0], [1.0, 0.0], [1.0])
    assert calibrated_mean([1.0], [1.0], [1.0, 0.0]).interval == (0.0, 1.0)
