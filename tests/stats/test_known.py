"""Cached incumbents: the rectified process is valid at the null and cheaper away from it."""

from __future__ import annotations

import math

import numpy as np

from weighbridge.stats.betting import log_evidence, settled_bets
from weighbridge.stats.known import features, predicted, rectified_log_evidence


def world(seed: int, units: int, lift: float) -> tuple[np.ndarray, np.ndarray]:
    """Three incumbents and a newcomer that mostly fail on the same hard items."""
    rng = np.random.default_rng(seed)
    hard = rng.random(units)
    known = (hard + 0.25 * rng.standard_normal((3, units)) < 0.8).astype(float)
    newcomer = (hard + 0.25 * rng.standard_normal(units) < 0.8 + lift).astype(float)
    return known, newcomer


def test_false_claims_at_the_exact_null() -> None:
    crossed, runs, units = 0, 250, 150
    for seed in range(runs):
        known, newcomer = world(seed, units, 0.0)
        null = float(newcomer.mean() - known[0].mean())
        path = rectified_log_evidence(newcomer, known, 0, null, settled_bets(units, True))
        crossed += bool(path.max() >= math.log(20))
    assert crossed / runs <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)


def test_prediction_saves_calls_to_the_newcomer() -> None:
    plain, helped = [], []
    for seed in range(40):
        known, newcomer = world(seed, 400, 0.0)
        bets = settled_bets(400, True)
        null = -0.06
        a = log_evidence(newcomer - known[0], null, 400, bets) >= math.log(20)
        b = rectified_log_evidence(newcomer, known, 0, null, bets) >= math.log(20)
        plain.append(int(np.argmax(a)) if a.any() else 400)
        helped.append(int(np.argmax(b)) if b.any() else 400)
    assert np.mean(helped) < 0.97 * np.mean(plain)


def test_ridge_agrees_with_the_normal_equations() -> None:
    known, newcomer = world(1, 120, 0.0)
    design = features(known)
    seen = newcomer[:60]
    expected = np.linalg.lstsq(
        np.vstack([design[:60], np.sqrt(2.0) * np.eye(design.shape[1])]),
        np.concatenate([seen - seen.mean(), np.zeros(design.shape[1])]),
        rcond=None,
    )[0]
    np.testing.assert_allclose(predicted(design, seen), np.clip(seen.mean() + design @ expected, 0, 1), atol=1e-8)
