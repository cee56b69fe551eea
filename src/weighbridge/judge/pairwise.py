"""A judge's verdicts on two answers at a time, both ways round, and what they say about candidate and judge."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weighbridge.judge.asking import Outcome
from weighbridge.stats.fixed import Interval, mcnemar, mean_interval
from weighbridge.stats.fixed.logistic import logistic_fit
from weighbridge.stats.fixed.special import normal_quantile

Floats = NDArray[np.float64]

RIDGE = 0.01
"""Keeps the length coefficient finite where length separates wins from losses; of no weight otherwise."""

FEWEST_FOR_LENGTH = 20
"""Items below which no length-controlled rate is given: two coefficients cannot be told apart."""


OVERLAP = 0.1
"""Least share of items on which the candidate's answer is the shorter, and on which it is the longer one. Below it
the rate at equal length would be an extrapolation: on AlpacaEval's recordings the curve then ends up to 60 points
from the published length-controlled rate (a candidate that games the judge gains most), else within three."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One item's verdict on a candidate against the reference candidate."""

    item: str
    forward: Outcome | None
    """The candidate's answer stood first; None: the judge's words held no verdict, or it gave none."""
    backward: Outcome | None
    """The candidate's answer stood second."""
    longer: float
    """ln((characters of the candidate's answer + 1) / (characters of the reference's + 1))."""

    @property
    def score(self) -> float:
        """The candidate's share: mean of both orders, a tie and an unreadable verdict being a half."""
        return (_share(self.forward, "first") + _share(self.backward, "second")) / 2

    @property
    def flipped(self) -> str | None:
        """``first`` or ``second`` where the judge preferred that place in both orders, whoever stood there."""
        return self.forward if self.forward == self.backward and self.forward in ("first", "second") else None


@dataclass(frozen=True, slots=True)
class Rate:
    """A win rate in [0, 1] and its interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class LengthControl:
    """The win rate had both answers been of one length, and how verdicts go with length."""

    rate: Rate
    slope: Rate
    """Change of the log odds of winning where the candidate's answer is e times as long (its log ratio being 1)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One candidate against the reference."""

    model: str
    items: int
    raw: Rate
    win: int
    tie: int
    loss: int
    controlled: LengthControl | None
    """None where the data cannot tell (see `length_control`)."""
    longer: float
    """Mean of `Pair.longer`: above 0 where the candidate's answers are longer."""
    kin: tuple[str, ...] = ()
    """Families the candidate shares with the judge."""


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How far the judge's verdicts depend on the order in which answers stand."""

    pairs: int
    flipped: int
    """Pairs where it preferred one place in both orders."""
    first: int
    """Of these, those where it preferred the answer that stood first."""
    unreadable: int
    """Verdicts (of two a pair) that could not be read."""
    p_value: float
    """Exact two-sided p value that flips favour neither place; a noisy but fair judge flips both ways alike."""

    @property
    def share(self) -> float:
        return self.flipped / self.pairs if self.pairs else 0.0


def _share(outcome: Outcome | None, mine: Outcome) -> float:
    return 0.5 if outcome in (None, "tie") else float(outcome == mine)


def length_ratio(candidate: str, reference: str) -> float:
    """See `Pair.longer`."""
    return math.log((len(candidate) + 1) / (len(reference) + 1))


def standing(
    model: str,
    pairs: Sequence[Pair],
    alpha: float,
    kin: Sequence[str] = (),
    clusters: Mapping[str, str] | None = None,
) -> Standing:
    """Win rate of `model` over `pairs` (at least one), raw and length-controlled, at 1 - alpha.

    `clusters` names the cluster of items that have one; the raw interval then allows for dependence within them.
    """
    scores = np.array([pair.score for pair in pairs])
    labels = None if not clusters else [clusters.get(pair.item, f"\0{pair.item}") for pair in pairs]
    return Standing(
        model,
        len(pairs),
        Rate(float(scores.mean()), mean_interval(scores, alpha, labels)),
        int(np.count_nonzero(scores > 0.5)),
        int(np.count_nonzero(scores == 0.5)),
        int(np.count_nonzero(scores < 0.5)),
        length_control(scores, np.array([pair.longer for pair in pairs]), alpha),
        float(np.mean([pair.longer for pair in pairs])),
        tuple(kin),
    )


def length_control(scores: Floats, longer: Floats, alpha: float) -> LengthControl | None:
    """The win rate at equal length, from a logistic regression of the score on the length term, at 1 - alpha.

    log odds(win) = theta + phi tanh(longer / s), s the standard deviation of `longer`; the rate is that at
    longer = 0. The term's form, with its saturation, is that of Dubois and others 2024, Length-Controlled AlpacaEval
    (arXiv 2404.04475), fitted for each candidate by itself and without their term for the instruction's difficulty.
    None where the data cannot tell: fewer than 20 items, or nearly all answers on one side of equal length
    (`OVERLAP`).

    What it does not do: where longer answers are longer because they are better, controlling for length takes some
    of their merit away. That is why the raw rate stands beside it.
    """
    spread = float(longer.std())
    if scores.size < FEWEST_FOR_LENGTH or spread < 1e-9 or not overlapping(longer):
        return None
    term = np.tanh(longer / spread)
    try:
        fit = logistic_fit(np.column_stack([np.ones(scores.size), term]), scores, RIDGE)
    except ValueError:
        return None
    z = normal_quantile(1 - alpha / 2)
    theta, phi = (float(value) for value in fit.coefficients)
    errors = np.sqrt(np.diag(fit.covariance))
    low, high = theta - z * float(errors[0]), theta + z * float(errors[0])
    scale = math.tanh(1 / spread)
    slope = (phi - z * float(errors[1])) * scale, (phi + z * float(errors[1])) * scale
    return LengthControl(Rate(_chance(theta), (_chance(low), _chance(high))), Rate(phi * scale, slope))


def overlapping(longer: Floats) -> bool:
    """Whether both the candidate and the reference have the longer answer often enough to compare at equal length."""
    return min(float((longer > 0).mean()), float((longer < 0).mean())) >= OVERLAP


def _chance(odds: float) -> float:
    return 0.5 * (1 + math.tanh(odds / 2))


def steadiness(pairs: Sequence[Pair]) -> Steadiness:
    """How the order swayed the judge over all pairs."""
    flips = [pair.flipped for pair in pairs if pair.flipped]
    first = flips.count("first")
    unreadable = sum((pair.forward is None) + (pair.backward is None) for pair in pairs)
    return Steadiness(len(pairs), len(flips), first, unreadable, mcnemar(first, len(flips) - first))
