"""Logistic regression against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.stats.fixed.logistic import logistic_fit


@given(seed=st.integers(0, 10_000), n=st.integers(60, 300), columns=st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_it_is_statsmodels(seed: int, n: int, columns: int) -> None:
    draw = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), draw.normal(size=(n, columns - 1))]) if columns > 1 else np.ones((n, 1))
    y = draw.choice([0.0, 0.25, 0.5, 0.75, 1.0], n)
    found = logistic_fit(x, y)
    theirs = sm.GLM(y, x, family=sm.families.Binomial()).fit(cov_type="HC0", tol=1e-12)
    assert found.coefficients == pytest.approx(theirs.params, abs=1e-6)
    assert found.covariance == pytest.approx(theirs.cov_params(), abs=1e-6)


def test_it_finds_what_was_put_in() -> None:
    draw = np.random.default_rng(5)
    x = np.column_stack([np.ones(20_000), draw.normal(size=20_000)])
    y = (draw.random(20_000) < 1 / (1 + np.exp(-(x @ [0.4, -1.1])))).astype(float)
    found = logistic_fit(x, y)
    errors = np.sqrt(np.diag(found.covariance))
    assert (np.abs(found.coefficients - [0.4, -1.1]) < 4 * errors).all()


def test_separated_outcomes_need_a_ridge() -> None:
    x = np.column_stack([np.ones(40), np.repeat([-1.0, 1.0], 20)])
    y = np.repeat([0.0, 1.0], 20)
    with pytest.raises(ValueError, match="separates"):
        logistic_fit(x, y)
    found = logistic_fit(x, y, ridge=0.1)
    assert 1 < found.coefficients[1] < 10
    assert found.coefficients[0] == pytest.approx(0, abs=1e-6)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="rows"):
        logistic_fit(np.ones((3, 1)), [1.0])
    with pytest.raises(ValueError, match="lie in"):
        logistic_fit(np.ones((1, 1)), [2.0])
