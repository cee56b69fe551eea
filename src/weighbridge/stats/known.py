"""Evidence about a newcomer whose rivals are already known on the whole pool (cached incumbents).

The incumbents are not asked again. What they scored on the items still to come predicts the newcomer's scores, and
the prediction goes inside the bet (the rectifier of prediction-powered inference on a finite pool):

    Z_t = (D_t - Dhat_t) + mean over what is left of Dhat,    E[Z_t | past] = mean over what is left of D

with Dhat_i = predicted newcomer score - known rival score, from a ridge regression on the past alone. Z_t is bet
against the same m_t as D_t; its least possible value is min over what is left of (-known_i - Dhat_i) + mean Dhat.
A plain and a rectified process are averaged, which is an e-process again and costs at most ln 2.

Source: Waudby-Smith and Ramdas, arXiv 2006.04347; Shekhar et al., arXiv 2305.06884 (control variates).
"""

from __future__ import annotations

import numpy as np

from weighbridge.stats.betting import Bets, Floats, log_evidence, log_mean

REFIT = 16
"""Draws between fits of the predictor."""

RIDGE = 2.0
"""Penalty of the regression, in pseudo-draws for each feature of unit variance."""


def features(known: Floats) -> Floats:
    """Shape (N, M + 4): the M incumbents' scores, their mean, its square, all right, all wrong; standardised."""
    mean = known.mean(axis=0)
    columns = np.vstack([known, mean, mean**2, (known >= 1).all(axis=0), (known <= 0).all(axis=0)]).T
    spread = columns.std(axis=0)
    standard: Floats = (columns - columns.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    return standard


def predicted(design: Floats, seen: Floats) -> Floats:
    """Shape (N,): ridge prediction of all scores, in [0, 1], from the first n of them (`seen`)."""
    count = len(seen)
    if count < 2:
        return np.full(len(design), 0.5)
    past = design[:count]
    centre = seen.mean()
    gram = past.T @ past + RIDGE * np.eye(design.shape[1])
    slope = np.linalg.solve(gram, past.T @ (seen - centre))
    guess: Floats = np.clip(centre + design @ slope, 0.0, 1.0)
    return guess


def rectified_log_evidence(newcomer: Floats, known: Floats, rival: int, null: float, bets: Bets) -> Floats:
    """Logarithm of the averaged e-process against H0: theta_newcomer - theta_rival <= `null`, pool claim.

    Parameters
    ----------
    newcomer: shape (n,), the newcomer's scores so far, in draw order.
    known: shape (M, N), the incumbents' scores on all N units, in draw order.
    rival: row of `known` to compare with.

    Returns shape (n,): log E after each draw; threshold log(1/alpha).
    """
    units = known.shape[1]
    plain = log_evidence(newcomer - known[rival, : len(newcomer)], null, units, bets)
    rectified = _rectified(newcomer, known, known[rival], null, bets)
    both: Floats = np.logaddexp(plain, rectified) - np.log(2)
    return both


def _rectified(newcomer: Floats, known: Floats, side: Floats, null: float, bets: Bets) -> Floats:
    units, count = known.shape[1], len(newcomer)
    design = features(known)
    capital = np.zeros((1, bets.size))
    path = np.empty(count)
    total = square = shifted = 0.0
    for start in range(0, count, REFIT):
        stop = min(start + REFIT, count)
        guess = predicted(design, newcomer[:start]) - side
        left = units - np.arange(start, stop)
        rest = np.cumsum(guess[::-1])[::-1][start:stop] / left
        floor = np.minimum.accumulate((-side - guess)[::-1])[::-1][start:stop] + rest
        draws = newcomer[start:stop] - side[start:stop]
        surprise = draws - guess[start:stop] + rest
        for t in range(stop - start):
            seen = start + t
            edge_null = (units * null - total) / left[t]
            mean = shifted / max(seen, 1)
            variance = max(
                (square + bets.prior_draws * bets.prior_square) / (seen + bets.prior_draws) - mean * mean, 0.001
            )
            path_stake = _stakes(bets, units / left[t], variance)
            if edge_null < floor[t] - 1e-9:
                capital[:] = np.inf
            else:
                stake = np.minimum(path_stake, bets.cap / max(edge_null - floor[t], 1e-12))
                capital += np.log1p(stake * (surprise[t] - edge_null))
            path[seen] = log_mean(capital, bets)[0]
            total += draws[t]
            shifted += surprise[t]
            square += surprise[t] ** 2
    return path


def _stakes(bets: Bets, growth: float, variance: float) -> Floats:
    edges = np.asarray(bets.edges) * growth
    excesses = np.asarray(bets.excesses) * growth
    return np.concatenate([edges / (1 + edges**2) / np.sqrt(variance), excesses / (variance + excesses**2)])
