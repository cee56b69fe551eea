"""Coefficients of agreement against the packages `krippendorff` and statsmodels, and scikit-learn."""

from __future__ import annotations

import math

import krippendorff as peer
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa

from weighbridge.stats.fixed.agreement import cohen_kappa, krippendorff, krippendorff_alpha

tables = arrays(
    np.float64,
    st.tuples(st.integers(2, 4), st.integers(2, 12)),
    elements=st.sampled_from([0.0, 1.0, 2.0, 3.5, math.nan]),
)


@given(table=tables, level=st.sampled_from(["nominal", "ordinal", "interval"]))
@settings(max_examples=200, deadline=None)
def test_alpha_is_that_of_the_package(table: np.ndarray, level: str) -> None:
    paired = table[:, np.count_nonzero(~np.isnan(table), axis=0) >= 2]
    if not paired.size:
        with pytest.raises(ValueError, match="twice"):
            krippendorff_alpha(table, level)
    elif np.unique(paired[~np.isnan(paired)]).size < 2:
        assert math.isnan(krippendorff_alpha(table, level))
    else:
        # Values that only lone ratings hold take no part; the package counts them among its values all the same.
        assert krippendorff_alpha(table, level) == pytest.approx(peer.alpha(paired, level_of_measurement=level))


def test_alpha_of_krippendorffs_own_example() -> None:
    nan = math.nan
    table = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
        [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
    ]
    assert krippendorff_alpha(table, "nominal") == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(table, "ordinal") == pytest.approx(0.815, abs=5e-4)
    assert krippendorff_alpha(table, "interval") == pytest.approx(0.849, abs=5e-4)
    found = krippendorff(table, "nominal", resamples=300)
    assert found.units == 11
    assert found.interval[0] < found.value < found.interval[1]


raters = st.integers(1, 60).flatmap(
    lambda n: st.tuples(*(st.lists(st.sampled_from("abc"), min_size=n, max_size=n) for _ in range(2)))
)


@given(pair=raters)
@settings(max_examples=200, deadline=None)
def test_kappa_is_that_of_the_packages(pair: tuple[list[str], list[str]]) -> None:
    a, b = pair
    found = cohen_kappa(a, b)
    if len({*a, *b}) == 1:
        assert math.isnan(found.value)
        assert found.interval == (-1.0, 1.0)
        return
    assert found.value == pytest.approx(cohen_kappa_score(a, b))
    names = sorted({*a, *b})
    table = np.array([[sum((x, y) == (p, q) for x, y in zip(a, b, strict=True)) for q in names] for p in names])
    theirs = cohens_kappa(table)
    if not theirs.std_kappa > 1e-7:
        # A rater with one category alone, or no disagreement: the large-sample error is 0, and no interval follows.
        assert found.interval[1] == 1
        assert found.interval[0] < found.value
    else:
        assert found.interval[0] == pytest.approx(max(-1.0, theirs.kappa_low))
        assert found.interval[1] == pytest.approx(min(1.0, theirs.kappa_upp))


def test_ten_agreements_are_no_certainty() -> None:
    few, many = cohen_kappa("ab" * 5, "ab" * 5), cohen_kappa("ab" * 500, "ab" * 500)
    assert few.value == many.value == 1
    assert few.interval[0] < 0.6
    assert 0.98 < many.interval[0] < 1


def test_kappa_covers() -> None:
    draw = np.random.default_rng(3)
    truth, hits = 0.6, 0
    for _ in range(400):
        a = draw.integers(0, 2, 150)
        b = np.where(draw.random(150) < truth, a, draw.integers(0, 2, 150))
        low, high = cohen_kappa(a.tolist(), b.tolist()).interval
        hits += low <= truth <= high
    assert 0.91 < hits / 400 < 0.985


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="same units"):
        cohen_kappa("ab", "a")
    with pytest.raises(ValueError, match="no units"):
        cohen_kappa("", "")
