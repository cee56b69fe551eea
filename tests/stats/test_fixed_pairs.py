"""Paired comparisons at a fixed sample size: against peers, by property and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import statsmodels.api
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as peer_mcnemar

from weighbridge.stats.fixed import mcnemar, paired_bootstrap, paired_error, paired_interval, resampled_error
from weighbridge.stats.fixed.special import binomial_mass

pairs = st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0])] * 2), min_size=1, max_size=50)


@given(win=st.integers(0, 300), loss=st.integers(0, 300))
@settings(max_examples=200, deadline=None)
def test_mcnemar_is_statsmodels(win: int, loss: int) -> None:
    if win + loss:
        peer = peer_mcnemar([[5, win], [loss, 5]], exact=True).pvalue
        assert mcnemar(win, loss) == pytest.approx(peer, abs=1e-10)
        mid = mcnemar(win, loss, mid=True)
        assert 0 < mid <= mcnemar(win, loss)
        # The definition: every less likely outcome, and half of those as likely as the one seen.
        mass = scipy.stats.binom.pmf(np.arange(win + loss + 1), win + loss, 0.5)
        away = np.abs(np.arange(win + loss + 1) - (win + loss) / 2)
        seen = abs(win - loss) / 2
        assert mid == pytest.approx(float(mass[away > seen].sum() + mass[away == seen].sum() / 2), abs=1e-9)
    assert mcnemar(win, loss) == mcnemar(loss, win)


def test_mcnemar_without_a_difference_is_no_evidence() -> None:
    assert mcnemar(0, 0) == mcnemar(0, 0, mid=True) == 1
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)


@pytest.mark.parametrize("discordant", [6, 15, 40])
def test_mcnemar_keeps_its_size(discordant: int) -> None:
    mass = [binomial_mass(k, discordant, 0.5) for k in range(discordant + 1)]
    size = sum(m for k, m in enumerate(mass) if mcnemar(k, discordant - k) <= 0.05)
    mid = sum(m for k, m in enumerate(mass) if mcnemar(k, discordant - k, mid=True) <= 0.05)
    assert size <= 0.05
    assert size <= mid <= 0.065


@given(rows=pairs, data=st.data())
@settings(max_examples=150, deadline=None)
def test_no_difference_is_ever_zero_plus_or_minus_zero(rows: list[tuple[float, float]], data: st.DataObject) -> None:
    a, b = (np.array(column) for column in zip(*rows, strict=True))
    labels = data.draw(st.lists(st.integers(0, 6), min_size=len(rows), max_size=len(rows)))
    for clusters in (None, labels):
        found = paired_interval(a, b, clusters=clusters)
        back = paired_interval(b, a, clusters=clusters)
        assert found.interval[0] - 1e-12 <= found.difference <= found.interval[1] + 1e-12
        assert found.interval[1] - found.interval[0] > 1e-6
        assert back.interval == pytest.approx((-found.interval[1], -found.interval[0]), abs=1e-9)
        assert found.win + found.tie + found.loss == found.items == len(rows)
        low, high = paired_bootstrap(a, b, clusters=clusters, resamples=200)
        assert -1 <= low < high <= 1


def test_identical_scores_get_a_rule_of_three() -> None:
    scores = np.random.default_rng(0).integers(0, 2, 100)
    found = paired_interval(scores, scores)
    assert found.error == 0
    bound = 1 - 0.025 ** (1 / 100)
    assert found.interval == pytest.approx((-bound, bound), abs=1e-12)
    assert paired_bootstrap(scores, scores) == pytest.approx((-bound, bound), abs=1e-12)


def test_paired_error_is_millers() -> None:
    rng = np.random.default_rng(8)
    clusters = rng.integers(0, 40, 500)
    easy = rng.beta(3, 2, 40)[clusters]
    a, b = rng.binomial(1, easy), rng.binomial(1, easy * 0.9)
    fit = statsmodels.api.OLS(a - b, np.ones(500)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}
    )
    assert paired_error(a, b, clusters) == pytest.approx(float(fit.bse[0]), rel=1e-10)
    difference = a - b
    direct = np.sqrt(sum((difference[clusters == c] - difference.mean()).sum() ** 2 for c in range(40))) / 500
    assert paired_error(a, b, clusters) == pytest.approx(direct, rel=1e-12)
    with pytest.raises(ValueError, match="same items"):
        paired_error(a, b[:-1])


def test_intervals_for_a_difference_cover() -> None:
    rng = np.random.default_rng(21)
    codes = np.repeat(np.arange(40), 3)
    covered = {"t": 0, "bca": 0, "percentile": 0}
    runs = 300
    for _ in range(runs):
        easy = rng.beta(4, 2, 40)[codes]
        a, b = rng.binomial(1, easy), rng.binomial(1, easy * 0.85)
        truth = 4 / 6 * 0.15
        low, high = paired_interval(a, b, clusters=codes).interval
        covered["t"] += low <= truth <= high
        for method in ("bca", "percentile"):
            low, high = paired_bootstrap(a, b, clusters=codes, resamples=600, method=method)
            covered[method] += low <= truth <= high
    assert all(count / runs >= 0.91 for count in covered.values()), covered


def test_bootstrap_is_scipys_and_seeded() -> None:
    rng = np.random.default_rng(2)
    a = rng.beta(4, 2, 150)
    b = np.clip(a - rng.exponential(0.05, 150), 0, 1)
    for method in ("percentile", "bca"):
        mine = paired_bootstrap(a, b, resamples=20_000, seed=4, method=method)
        peer = scipy.stats.bootstrap((a - b,), np.mean, n_resamples=20_000, method=method, rng=rng)
        assert mine == pytest.approx(tuple(peer.confidence_interval), abs=5e-4)
        assert mine == paired_bootstrap(a, b, resamples=20_000, seed=4, method=method)
    assert paired_bootstrap(a, b, clusters=[0] * 150) == (-1.0, 1.0)


def test_share_of_the_models_own_randomness() -> None:
    rng = np.random.default_rng(12)
    n, repeats = 4000, 4
    easy = rng.uniform(0.2, 0.9, n)
    a = rng.binomial(1, easy[:, None], (n, repeats))
    b = rng.binomial(1, (easy * 0.8)[:, None], (n, repeats))
    error, share = resampled_error(a.mean(1), b.mean(1), a.var(1, ddof=1), b.var(1, ddof=1), (repeats, repeats))
    own = np.mean(easy * (1 - easy)) / repeats + np.mean(0.8 * easy * (1 - 0.8 * easy)) / repeats
    between = np.var(0.2 * easy)
    assert share == pytest.approx(own / (own + between), abs=0.05)
    assert error == pytest.approx(np.sqrt((own + between) / n), rel=0.05)
    with pytest.raises(ValueError, match="two items"):
        resampled_error([1], [0], [0], [0], (2, 2))
