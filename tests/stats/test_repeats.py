"""Variance components against statsmodels and simulation, and what they say about further answers."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas
import pytest
import statsmodels.formula.api as models
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.stats.repeats import (
    Components,
    best_repeats,
    components,
    components_of_means,
    repeats_for,
)


def drawn(rng: np.random.Generator, items: int, repeats: int, between: float, within: float) -> np.ndarray:
    return 0.5 + rng.normal(0, between, (items, 1)) + rng.normal(0, within, (items, repeats))


def long_form(table: np.ndarray) -> pandas.DataFrame:
    item, _ = np.indices(table.shape)
    there = ~np.isnan(table)
    return pandas.DataFrame({"y": table[there], "item": item[there]})


@pytest.mark.parametrize("repeats", [2, 5])
def test_balanced_components_are_those_of_statsmodels(repeats: int) -> None:
    table = drawn(np.random.default_rng(1), 80, repeats, 0.2, 0.3)
    mine = components(table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = models.mixedlm("y ~ 1", long_form(table), groups="item").fit(reml=True)
    assert mine.between == pytest.approx(float(fit.cov_re.iloc[0, 0]), rel=1e-3)
    assert mine.within == pytest.approx(float(fit.scale), rel=1e-3)
    analysis = models.ols("y ~ C(item)", long_form(table)).fit()
    assert mine.within == pytest.approx(float(analysis.mse_resid), rel=1e-9)
    error = float(fit.bse_fe.iloc[0])
    assert math.sqrt(mine.variance) == pytest.approx(error, rel=1e-3)


def test_unequal_numbers_of_answers_come_near_statsmodels() -> None:
    rng = np.random.default_rng(2)
    table = drawn(rng, 400, 6, 0.25, 0.3)
    table[np.arange(6)[None, :] >= rng.integers(1, 7, 400)[:, None]] = np.nan
    mine = components(table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = models.mixedlm("y ~ 1", long_form(table), groups="item").fit(reml=True)
    assert mine.between == pytest.approx(float(fit.cov_re.iloc[0, 0]), rel=0.1)
    assert mine.within == pytest.approx(float(fit.scale), rel=0.03)


def test_right_and_wrong_answers_by_simulation() -> None:
    """The estimates are unbiased for 0/1 scores too, whose own variance differs from item to item."""
    rng = np.random.default_rng(3)
    found, means = [], []
    for _ in range(400):
        right = rng.beta(2, 1, 60)
        table = (rng.random((60, 3)) < right[:, None]).astype(float)
        found.append(components(table))
        means.append(table.mean())
    between, within = 1 / 18, 2 / 3 - (1 / 18 + 4 / 9)
    assert np.mean([one.between for one in found]) == pytest.approx(between, rel=0.06)
    assert np.mean([one.within for one in found]) == pytest.approx(within, rel=0.03)
    assert np.mean([one.variance for one in found]) == pytest.approx(np.var(means), rel=0.15)
    share = within / 3 / (between + within / 3)
    assert np.mean([one.share for one in found]) == pytest.approx(share, rel=0.1)


def test_means_and_their_own_variances_say_the_same() -> None:
    table = drawn(np.random.default_rng(4), 50, 4, 0.2, 0.4)
    whole = components(table)
    of_means = components_of_means(table.mean(axis=1), table.var(axis=1, ddof=1) / 4, 4)
    for name in ("between", "within", "repeats", "items", "share", "variance"):
        assert getattr(of_means, name) == pytest.approx(getattr(whole, name), rel=1e-9)


def test_what_more_answers_bring() -> None:
    found = Components(between=0.04, within=0.12, repeats=3, items=100)
    assert found.share == pytest.approx(0.5)
    assert found.narrower(1e9) == pytest.approx(1 - math.sqrt(0.5), abs=1e-6)
    assert found.narrower(6) == pytest.approx(1 - math.sqrt(0.06 / 0.08))
    assert found.narrower(1) < 0
    assert found.narrower_by_items() == pytest.approx(1 - math.sqrt((0.16 / 300) / (0.08 / 100)))


@settings(max_examples=60, deadline=None)
@given(st.floats(0.001, 1), st.floats(0.001, 1), st.floats(0.001, 1), st.one_of(st.just(0.0), st.floats(0.001, 20)))
def test_the_best_number_of_answers(between: float, within: float, call: float, item: float) -> None:
    found = Components(between, within, 2, 10)
    best = best_repeats(found, call, item)
    ideal = math.sqrt(within / between * item / call)
    assert best == 1 if item == 0 else abs(best - min(max(ideal, 1), 64)) <= 1
    worth = [(between + within / r) * (item + r * call) for r in (best, max(1, best - 1), best + 1)]
    assert worth[0] <= min(worth) * (1 + 1e-9) or best == 64


def test_the_best_number_spends_money_best_by_simulation() -> None:
    """An item costs 8 calls (somebody labels it); the mean's spread at one sum is least near it."""
    rng = np.random.default_rng(5)
    best = best_repeats(Components(0.05, 0.15, 1, 1), 1.0, 8.0)
    assert best == 5
    spread = {}
    for repeats in (1, best, 25):
        items = round(1200 / (8 + repeats))
        runs = [drawn(rng, items, repeats, math.sqrt(0.05), math.sqrt(0.15)).mean() for _ in range(1500)]
        spread[repeats] = np.var(runs)
    assert spread[best] == min(spread.values())


def test_answers_for_a_width() -> None:
    found = Components(between=0.04, within=0.12, repeats=1, items=100)
    assert repeats_for(found, 0.0008, 100) == 3
    assert repeats_for(found, 0.01, 100) == 1
    assert repeats_for(found, 0.0004, 100) is None, "the items alone are too few"


def test_what_cannot_be_told_apart() -> None:
    with pytest.raises(ValueError, match="two answers"):
        components(np.zeros((5, 1)))
    with pytest.raises(ValueError, match="two items"):
        components(np.zeros((1, 5)))
    with pytest.raises(ValueError, match="two axes"):
        components(np.zeros(5))
    with pytest.raises(ValueError, match="two answers to each"):
        components_of_means([1, 0], [0, 0], 1)
    with pytest.raises(ValueError, match="at least 0"):
        best_repeats(Components(1, 1, 1, 1), 0.0)
    alike = components(np.ones((4, 3)))
    assert (alike.between, alike.within, alike.share, alike.narrower(9)) == (0, 0, 0, 0)
    assert best_repeats(alike, 1.0, 5.0) == 1
