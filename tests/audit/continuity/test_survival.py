"""Survival: the curve against statsmodels, the interval by its formula, and what holds for any data."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.proportion import proportion_confint

from weighbridge.audit.continuity.survival import kaplan_meier, wilson

LIVES = st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=1, max_size=80)


@given(LIVES)
@settings(max_examples=150, deadline=None)
def test_the_curve_is_that_of_statsmodels(lives):
    ages, ended = [age for age, _ in lives], [end for _, end in lives]
    curve = kaplan_meier(ages, ended)
    if not any(ended):
        assert curve.times == ()
        assert curve.at(1000).value == 1.0
        return
    theirs = SurvfuncRight(np.array(ages, dtype=float), np.array(ended, dtype=int))
    assert np.allclose(curve.times, theirs.surv_times)
    assert np.allclose(curve.survival, theirs.surv_prob)
    assert list(curve.at_risk) == [int(risk) for risk in theirs.n_risk]
    z = NormalDist().inv_cdf(0.975)
    for share, error, low, high in zip(theirs.surv_prob, theirs.surv_prob_se, curve.low, curve.high, strict=True):
        if not 0 < share < 1:
            assert low == high == pytest.approx(share)
            continue
        # The delta method on log(-log S): its standard error is that of S over S |log S|.
        spread = z * error / (share * abs(math.log(share)))
        assert low == pytest.approx(share ** math.exp(spread), rel=1e-6, abs=1e-9)
        assert high == pytest.approx(share ** math.exp(-spread), rel=1e-6, abs=1e-9)


@given(LIVES, st.integers(0, 59), st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_the_conditional_share_is_the_curve_of_those_who_reached_the_age(lives, age, more):
    curve = kaplan_meier([one for one, _ in lives], [end for _, end in lives])
    found = curve.conditional(age, more)
    reached = [(one - age, end) for one, end in lives if one > age]
    if not reached:
        assert found is None
        return
    alone = kaplan_meier([one for one, _ in reached], [end for _, end in reached]).at(more)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((alone.value, alone.low, alone.high))
    before = curve.at(age).value
    if before > 0:
        assert found.value == pytest.approx(curve.at(age + more).value / before)


@given(LIVES)
def test_curves_fall_and_hold_their_intervals(lives):
    curve = kaplan_meier([age for age, _ in lives], [end for _, end in lives])
    assert list(curve.survival) == sorted(curve.survival, reverse=True)
    for low, share, high in zip(curve.low, curve.survival, curve.high, strict=True):
        assert 0 <= low <= share + 1e-12
        assert share <= high + 1e-12 <= 1 + 1e-11
    assert sum(curve.ended) == sum(end for _, end in lives)


def test_a_worked_example():
    # 6-MP arm of Freireich et al. (1963), as in every textbook: S(10) = 0.753, S(23) = 0.448.
    ages = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    ended = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    curve = kaplan_meier(ages, [bool(end) for end in ended])
    assert curve.at(10).value == pytest.approx(0.753, abs=5e-4)
    assert curve.at(23).value == pytest.approx(0.448, abs=5e-4)
    assert curve.median() == 23


@pytest.mark.parametrize(("ages", "ended"), [([], []), ([1.0], []), ([-1.0], [True]), ([math.nan], [True])])
def test_what_is_no_lifetime_is_refused(ages, ended):
    with pytest.raises(ValueError, match="ages"):
        kaplan_meier(ages, ended)


@given(st.integers(1, 200), st.data())
def test_shares_have_wilsons_interval(number, data):
    count = data.draw(st.integers(0, number))
    ours = wilson(count, number)
    low, high = proportion_confint(count, number, method="wilson")
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=1e-9)
