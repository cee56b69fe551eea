"""A judge that is gamed by length: the difference between two candidates at equal length."""

from __future__ import annotations

import math

import numpy as np

from weighbridge.audit.fairness.view import Floats, View, finding
from weighbridge.evidence import Finding
from weighbridge.evidence.words import points, signed
from weighbridge.stats.fixed.special import normal_quantile

FEWEST = 50

RIVALS = 5
"""The leader is held against this many others."""

SUPPORT = 0.03
"""Share of items on which the leader must be no longer than the other, to speak of equal length at all."""

EXPLAINS = 0.25
"""Share of a difference that length must explain to be named."""


def length_of_answers(view: View) -> list[Finding]:
    """For judged answers: how much of the leader's advantage goes with its answers being longer.

    The score difference of each item is regressed on tanh((length difference) / (its standard deviation)), the form
    of the length-controlled win rate (Dubois et al. 2024, arXiv 2404.04475); the intercept is the difference at equal
    length, with the heteroscedasticity-robust error HC1. It is an association: longer answers may also be better.
    ``not met`` where the lead is gone at equal length, ``unknown`` where some of it is.
    """
    if not view.judged or len(view.ranked) < 2:
        return []
    leader = view.ranked[0]
    found, looked = [], False
    for other in view.ranked[1 : 1 + RIVALS]:
        both, differences = view.differences(leader, other)
        mine, theirs = (_lengths(view, k)[both] for k in (leader, other))
        known = np.isfinite(mine) & np.isfinite(theirs)
        if known.sum() < FEWEST or float(theirs[known].sum()) == 0:
            continue
        looked = True
        longer = mine[known] - theirs[known]
        if (longer <= 0).sum() < max(10, SUPPORT * longer.size):
            found += _never_equal(view, leader, other, mine[known], theirs[known])
            continue
        spread = float(longer.std())
        if spread < 1e-9:
            continue
        x, y = np.tanh(longer / spread), differences[known]
        equal, slope, equal_error, slope_error = fitted(x, y)
        raw, due = float(y.mean()), slope * float(x.mean())
        sure = slope_error > 0 and slope / slope_error > normal_quantile(1 - 0.0005)
        if not sure or raw <= 0 or due < EXPLAINS * raw or due < 0.01:
            continue
        half = normal_quantile(1 - view.question.alpha / 2) * equal_error
        ratio = float(mine[known].mean() / theirs[known].mean())
        gone = equal - half <= 0
        sign = "is gone" if gone else "remains"
        found.append(
            finding(
                "not met" if gone else "unknown",
                f"length may have won the marks: {view.names[leader]} is {points(raw)} ahead of {view.names[other]} "
                f"with answers {ratio:.2f} times as long; at equal length the lead {sign} "
                f"({signed(equal)} points, between {signed(equal - half)} and {signed(equal + half)})",
                candidate=view.names[leader],
                value=equal,
                interval=(equal - half, equal + half),
                limit=raw,
                evidence=view.ids(both[known][np.argsort(-(x * y), kind="stable")]),
                would_change="a judge that is told to pass over length, or answers of about the same length",
            )
        )
    return found or ([finding("met", "the leader's advantage does not go with longer answers")] if looked else [])


def _never_equal(view: View, leader: int, other: int, mine: Floats, theirs: Floats) -> list[Finding]:
    """Where one is longer on nearly every item, length and quality cannot be told apart."""
    ratio = float(mine.mean() / theirs.mean())
    if ratio < 1.5:
        return []
    return [
        finding(
            "unknown",
            f"{view.names[leader]} answers nearly every item at greater length than {view.names[other]} "
            f"({ratio:.1f} times on average): whether a judge preferred the length cannot be told",
            candidate=view.names[leader],
            value=ratio,
            would_change="answers of about the same length, or a judge that is told to pass over length",
        )
    ]


def _lengths(view: View, k: int) -> Floats:
    """Characters of each answer, or tokens where texts are not kept; NaN where neither is known."""
    answers = view.evidence.answers
    if answers is None:
        tokens: Floats = view.evidence.tokens_out[k]
        return tokens
    return np.array([math.nan if text is None else len(text) for text in answers[k]], dtype=np.float64)


def fitted(x: Floats, y: Floats) -> tuple[float, float, float, float]:
    """Intercept, slope and their HC1 standard errors of the least-squares line of `y` on `x`."""
    design = np.column_stack([np.ones_like(x), x])
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ design.T @ y
    residual = y - design @ beta
    meat = design.T @ (design * (residual**2)[:, None])
    cover = inverse @ meat @ inverse * (x.size / max(1, x.size - 2))
    return float(beta[0]), float(beta[1]), math.sqrt(max(0.0, cover[0, 0])), math.sqrt(max(0.0, cover[1, 1]))
