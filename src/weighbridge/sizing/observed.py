"""The rate at which tokens were written, from a run's own answers: to stand in place of a prediction."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from weighbridge.errors import UsageError
from weighbridge.sizing.interval import Interval

LEAST = 10
"""Answers below which a rate is not told."""
_Z = 1.959964
"""Of the normal distribution: 95 % lie within."""


def observed_rate(tokens: Sequence[float | None], seconds: Sequence[float | None], at_once: float = 1) -> Interval:
    """Tokens a second that a server wrote while it was asked `at_once` requests at a time, all of them together.

    `tokens` written and `seconds` to the last one, answer by answer; pairs with a gap are left out. By Little's law,
    ``at_once`` x sum of tokens / sum of seconds; the 95 % interval is that of a ratio of means, answers taken as
    independent. It holds for this many requests at a time: put it in place of the prediction for as many,
    ``measured(rates(..., sequences=at_once), observed_rate(...))``. Raises `UsageError` for fewer than ten answers,
    lengths that differ, or times that are not positive.
    """
    if len(tokens) != len(seconds):
        raise UsageError(f"{len(tokens)} counts of tokens and {len(seconds)} times: they must be pairs")
    if not at_once >= 1:
        raise UsageError(f"requests at a time must be at least 1, not {at_once}")
    pairs = [
        (float(count), float(time))
        for count, time in zip(tokens, seconds, strict=True)
        if count is not None and time is not None and math.isfinite(count) and math.isfinite(time)
    ]
    if len(pairs) < LEAST:
        raise UsageError(
            f"{len(pairs)} answers tell both their tokens and their time; a rate needs at least {LEAST}",
            fix="run on more items, against a server that reports usage",
        )
    written, spent = np.array(pairs).T
    if (spent <= 0).any() or (written < 0).any() or not written.sum() > 0:
        raise UsageError("times must be more than 0 s, and some answer must hold a token")
    rate = written.sum() / spent.sum()
    error = np.std(written - rate * spent, ddof=1) / (math.sqrt(len(pairs)) * spent.mean())
    # On the logarithm, so that the lower end stays above nought.
    factor = math.exp(_Z * error / rate)
    return Interval(at_once * rate / factor, at_once * rate, at_once * rate * factor)
