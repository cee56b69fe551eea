"""The quantile functions against SciPy."""

from __future__ import annotations

import math

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.stats.fixed import special

shapes = st.floats(0.3, 20_000)
levels = st.floats(1e-6, 1 - 1e-6)


@given(x=st.floats(0, 1), a=shapes, b=shapes)
@settings(max_examples=300, deadline=None)
def test_beta_cdf_is_scipys(x: float, a: float, b: float) -> None:
    assert special.beta_cdf(x, a, b) == pytest.approx(scipy.stats.beta.cdf(x, a, b), abs=1e-10)


@given(p=levels, a=shapes, b=shapes)
@settings(max_examples=300, deadline=None)
def test_beta_quantile_is_scipys(p: float, a: float, b: float) -> None:
    assert special.beta_quantile(p, a, b) == pytest.approx(scipy.stats.beta.ppf(p, a, b), abs=1e-10)


@given(p=st.floats(1e-4, 1 - 1e-4), freedom=st.integers(1, 100_000))
@settings(max_examples=300, deadline=None)
def test_t_quantile_is_scipys(p: float, freedom: int) -> None:
    assert special.t_quantile(p, freedom) == pytest.approx(scipy.stats.t.ppf(p, freedom), rel=1e-8, abs=1e-10)


@given(n=st.integers(1, 5_000), p=levels, data=st.data())
@settings(max_examples=200, deadline=None)
def test_binomial_is_scipys(n: int, p: float, data: st.DataObject) -> None:
    k = data.draw(st.integers(-1, n + 1))
    assert special.binomial_cdf(k, n, p) == pytest.approx(scipy.stats.binom.cdf(k, n, p), abs=1e-10)
    assert special.binomial_mass(k, n, p) == pytest.approx(scipy.stats.binom.pmf(k, n, p), abs=1e-10)


@pytest.mark.parametrize("p", [1e-12, 1e-5, 0.025, 0.5, 0.8, 0.975, 1 - 1e-9])
def test_normal_quantile_is_scipys(p: float) -> None:
    assert special.normal_quantile(p) == pytest.approx(scipy.stats.norm.ppf(p), rel=1e-11, abs=1e-14)
    assert special.normal_cdf(special.normal_quantile(p)) == pytest.approx(p, rel=1e-10)


def test_edges() -> None:
    assert special.beta_quantile(0, 2, 3) == 0
    assert special.beta_quantile(1, 2, 3) == 1
    assert special.beta_cdf(-1, 2, 3) == 0
    assert special.beta_cdf(2, 2, 3) == 1
    assert special.binomial_mass(0, 4, 0) == 1
    assert special.binomial_mass(4, 4, 1) == 1
    assert special.t_quantile(0.5, 3) == 0
    assert math.isclose(special.t_quantile(0.2, 7), -special.t_quantile(0.8, 7))
    with pytest.raises(ValueError, match="probability"):
        special.beta_quantile(1.5, 2, 3)
