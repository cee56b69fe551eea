"""Intervals for proportions, means and quantiles: against peers, by property and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import statsmodels.api
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from weighbridge.stats.fixed import clustered_error, exact, mean_interval, quantile_interval, wilson
from weighbridge.stats.fixed.quantiles import ranks

counts = st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
alphas = st.sampled_from([0.2, 0.05, 0.01, 0.001])
scores = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=60)


@given(count=counts, alpha=alphas)
@settings(max_examples=200, deadline=None)
def test_wilson_and_exact_are_statsmodels(count: tuple[int, int], alpha: float) -> None:
    k, n = count
    assert wilson(k, n, alpha) == pytest.approx(proportion_confint(k, n, alpha, "wilson"), abs=1e-10)
    assert exact(k, n, alpha) == pytest.approx(proportion_confint(k, n, alpha, "beta"), abs=1e-10)


@given(count=counts, alpha=alphas)
@settings(max_examples=100, deadline=None)
def test_proportion_intervals_hold_the_share_and_have_width(count: tuple[int, int], alpha: float) -> None:
    k, n = count
    for low, high in (wilson(k, n, alpha), exact(k, n, alpha)):
        assert 0 <= low <= k / n <= high <= 1
        assert high > low
    mirrored = exact(n - k, n, alpha)
    assert exact(k, n, alpha) == pytest.approx((1 - mirrored[1], 1 - mirrored[0]), abs=1e-9)


@pytest.mark.parametrize("p", [0.003, 0.05, 0.4, 0.97])
@pytest.mark.parametrize("n", [7, 40, 150])
def test_exact_covers_at_every_truth(p: float, n: int) -> None:
    mass = scipy.stats.binom.pmf(np.arange(n + 1), n, p)
    covered = [low <= p <= high for low, high in (exact(k, n) for k in range(n + 1))]
    assert float(mass @ covered) >= 0.95


@given(values=scores, data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_mean_interval_is_never_a_point(values: list[float], data: st.DataObject) -> None:
    labels = data.draw(st.lists(st.integers(0, 8), min_size=len(values), max_size=len(values)))
    for clusters in (None, labels):
        low, high = mean_interval(values, clusters=clusters)
        assert 0 <= low <= np.mean(values) + 1e-12
        assert np.mean(values) - 1e-12 <= high <= 1
        assert high - low > 1e-6


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_equal_scores_get_the_exact_interval(value: float) -> None:
    assert mean_interval([value] * 50) == pytest.approx(exact(int(50 * value), 50), abs=1e-12)


def test_clusters_that_cancel_inside_still_have_width() -> None:
    low, high = mean_interval([0.0, 1.0] * 30, clusters=np.repeat(np.arange(30), 2))
    assert low < 0.5 - 0.05
    assert high > 0.5 + 0.05
    assert mean_interval([0.2, 0.9, 0.4], clusters=[1, 1, 1]) == (0.0, 1.0)


def test_clustered_error_is_the_sandwich_estimate() -> None:
    rng = np.random.default_rng(3)
    clusters = rng.integers(0, 25, 400)
    values = np.clip(0.5 + 0.2 * rng.normal(size=25)[clusters] + 0.1 * rng.normal(size=400), 0, 1)
    fit = statsmodels.api.OLS(values, np.ones(400)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}
    )
    assert clustered_error(values, clusters) == pytest.approx(float(fit.bse[0]), rel=1e-10)
    assert clustered_error(values, clusters) > 1.5 * clustered_error(values)
    named = np.array([f"customer {code}" for code in clusters])
    assert clustered_error(values, named) == pytest.approx(clustered_error(values, clusters), rel=1e-12)


def test_without_clusters_the_interval_is_students() -> None:
    values = np.random.default_rng(1).uniform(0.2, 0.8, 200)
    expected = scipy.stats.t.interval(0.95, 199, values.mean(), scipy.stats.sem(values))
    assert mean_interval(values) == pytest.approx(expected, abs=1e-10)


def test_mean_interval_covers() -> None:
    rng = np.random.default_rng(11)
    clustered = plain = rare = 0
    codes = np.repeat(np.arange(30), 6)
    for _ in range(600):
        shared = rng.beta(2, 2, 30)
        low, high = mean_interval(rng.binomial(1, shared[codes]), clusters=codes)
        clustered += low <= 0.5 <= high
        low, high = mean_interval(rng.beta(2, 3, 80))
        plain += low <= 0.4 <= high
        low, high = mean_interval(rng.binomial(1, 0.01, 120))
        rare += low <= 0.01 <= high
    assert clustered / 600 >= 0.92
    assert plain / 600 >= 0.92
    assert rare / 600 >= 0.95


@pytest.mark.parametrize(
    ("values", "message"), [([], "no values"), ([0.5, np.nan], "finite"), ([0.5, 1.5], r"\[0.0, 1.0\]")]
)
def test_bad_values(values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mean_interval(values)


def test_bad_counts() -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="alpha"):
        exact(1, 2, 0)
    with pytest.raises(ValueError, match="labels"):
        mean_interval([0.1, 0.2], clusters=[1])


@given(n=st.integers(1, 400), q=st.sampled_from([0.5, 0.9, 0.95, 0.99]), alpha=alphas)
@settings(max_examples=100, deadline=None)
def test_quantile_ranks_are_the_tightest_that_cover(n: int, q: float, alpha: float) -> None:
    low, high = ranks(n, q, alpha)
    below = scipy.stats.binom(n, q)
    assert below.cdf(low - 1) <= alpha / 2 + 1e-12
    assert below.cdf(low) > alpha / 2 - 1e-12
    assert below.sf(high - 1) <= alpha / 2 + 1e-12
    assert high == 1 or below.sf(high - 2) > alpha / 2 - 1e-12


def test_quantile_interval_covers_and_says_when_it_cannot() -> None:
    rng = np.random.default_rng(5)
    truth = float(scipy.stats.lognorm(0.8).ppf(0.95))
    covered = 0
    for _ in range(800):
        found = quantile_interval(rng.lognormal(0, 0.8, 150), 0.95)
        covered += (found.low or 0) <= truth <= (np.inf if found.high is None else found.high)
    assert covered / 800 >= 0.94
    small = quantile_interval(rng.lognormal(size=20), 0.95)
    assert small.high is None
    assert small.low is not None
    assert small.low < small.value
    assert quantile_interval([1.0], 0.5).low is None
