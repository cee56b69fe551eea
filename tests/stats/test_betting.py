"""The e-process against a plain loop over its definition, and its validity at exact nulls."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.stats.betting import Bets, Past, log_evidence, log_factors, log_growth, settled_bets


def by_definition(draws: list[float], null: float, units: int | None, bets: Bets) -> list[float]:
    """One draw after the other, as the formula is written."""
    wealth = [1.0] * len(bets.edges)
    seen: list[float] = []
    path = []
    for draw in draws:
        n = len(seen)
        left = (units or 0) - n
        m = null if units is None else (units * null - sum(seen)) / left
        mean = sum(seen) / n if n else 0.0
        squares = sum(d * d for d in seen) + bets.prior_draws * bets.prior_square
        sd = math.sqrt(max(squares / (n + bets.prior_draws) - mean**2, 0.001))
        for g, edge in enumerate(bets.edges):
            e = edge * (1.0 if units is None else units / left)
            stake = min((e / sd) / (1 + e * e), bets.cap / max(m + 1, 1e-12))
            wealth[g] = math.inf if m < -1 - 1e-9 else wealth[g] * (1 + stake * (draw - m))
        path.append(sum(wealth) / len(wealth))
        seen.append(draw)
    return path


@given(
    st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0]), min_size=1, max_size=40),
    st.floats(-0.3, 0.3),
    st.integers(0, 30),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_log_evidence_is_the_formula(draws: list[float], null: float, spare: int, pool: bool) -> None:
    units = len(draws) + spare if pool else None
    bets = settled_bets(max(len(draws) + spare, 1), pool)
    expected = by_definition(draws, null, units, bets)
    got = np.exp(log_evidence(np.array(draws), null, units, bets))
    np.testing.assert_allclose(got, expected, rtol=1e-8)


@given(st.integers(1, 59), st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_cutting_the_draws_anywhere_changes_nothing(cut: int, seed: int) -> None:
    draws = np.random.default_rng(seed).choice([-1.0, 0.0, 1.0], (2, 60))
    bets = settled_bets(80, True)
    whole = log_factors(draws, Past(np.zeros(2), np.zeros(2), 0), -0.02, 80, bets)
    first = draws[:, :cut]
    past = Past(first.sum(axis=1), (first**2).sum(axis=1), cut)
    rest = log_factors(draws[:, cut:], past, -0.02, 80, bets)
    np.testing.assert_allclose(whole[:, :, cut:], rest, rtol=1e-9, atol=1e-12)


@given(st.integers(1, 90), st.integers(0, 10_000), st.floats(-0.2, 0.2), st.booleans())
@settings(max_examples=60, deadline=None)
def test_growth_is_the_sum_of_the_logarithms(length: int, seed: int, null: float, pool: bool) -> None:
    draws = np.random.default_rng(seed).choice([-1.0, 0.0, 0.5, 1.0], (3, length))
    bets = Bets(edges=(0.9, 0.1), excesses=(0.05,), cap=0.95)
    past = Past(np.zeros(3), np.zeros(3), 0)
    units = length + seed % 5 if pool else None
    expected = log_factors(draws, past, null, units, bets).sum(axis=2)
    np.testing.assert_allclose(log_growth(draws, past, null, units, bets), expected, rtol=1e-9, atol=1e-9)


def test_capital_never_turns_negative_and_a_true_null_is_never_called_impossible() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        draws = rng.choice([-1.0, 0.0, 1.0], 30, p=rng.dirichlet([1, 1, 1]))
        path = log_evidence(draws, float(draws.mean()), 30, settled_bets(30, True))
        assert np.isfinite(path).all()


def test_equal_remaining_draws_do_not_flag_a_true_null() -> None:
    draws = np.concatenate([np.ones(5), -np.ones(20)])
    path = log_evidence(draws, float(draws.mean()), 25, settled_bets(25, True))
    assert np.isfinite(path).all()


def test_a_null_that_has_become_impossible_is_rejected_outright() -> None:
    path = log_evidence(np.ones(9), 0.5, 10, settled_bets(10, True))
    assert path[-1] == np.inf


@pytest.mark.parametrize("pool", [True, False])
@pytest.mark.parametrize("law", ["rare", "ternary", "fractional", "skewed"])
def test_false_claims_at_the_exact_null_stay_below_alpha(pool: bool, law: str) -> None:
    rng = np.random.default_rng(11)
    units, runs, crossed = 200, 1000, 0
    bets = settled_bets(units, pool)
    for _ in range(runs):
        if law == "rare":
            draws = rng.choice([-1.0, 0.0, 1.0], units, p=[0.02, 0.96, 0.02])
        elif law == "ternary":
            draws = rng.choice([-1.0, 0.0, 1.0], units, p=[0.2, 0.6, 0.2])
        elif law == "fractional":
            draws = rng.uniform(-1, 1, units)
        else:
            draws = rng.choice([-1.0, 1 / 9], units, p=[0.1, 0.9])
        null = float(draws.mean()) if pool else 0.0
        crossed += bool(log_evidence(draws, null, units if pool else None, bets).max() >= math.log(20))
    assert crossed / runs <= 0.05 + 1.96 * math.sqrt(0.05 * 0.95 / runs)


def test_the_expected_capital_at_a_null_is_at_most_one() -> None:
    rng = np.random.default_rng(5)
    bets = settled_bets(40, False)
    final = [np.exp(log_evidence(rng.choice([-1.0, 1.0], 12), 0.0, None, bets)[-1]) for _ in range(20_000)]
    mean, error = np.mean(final), np.std(final) / np.sqrt(len(final))
    assert abs(mean - 1) <= 4 * error
