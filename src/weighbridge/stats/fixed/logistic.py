"""Logistic regression by iteratively reweighted least squares, for shares as well as for wins and losses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from weighbridge.stats.fixed.means import Floats

_STEPS = 100
_CLOSE = 1e-10


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """Coefficients of log odds and how uncertain they are."""

    coefficients: Floats
    """Shape (p,)."""
    covariance: Floats
    """Shape (p, p), robust (the sandwich of Huber and White, HC0), because shares are not coin tosses."""
    ridge: float


def logistic_fit(design: ArrayLike, outcome: ArrayLike, ridge: float = 0.0) -> LogisticFit:
    """Coefficients b of P(outcome) = 1 / (1 + exp(-design b)).

    `design` has shape (n, p), with a column of ones where an intercept is wanted; `outcome`, shape (n,), lies in
    [0, 1]: halves are ties (Papke & Wooldridge 1996, J. Applied Econometrics 11:619). `ridge` adds ridge |b|^2 / 2
    to what is made small, so that a column which separates wins from losses has a finite coefficient; with 0 such
    data raise ValueError, as do columns that repeat each other. Source of the iteration: McCullagh & Nelder 1989,
    Generalized Linear Models, 2.5.
    """
    x, y = np.atleast_2d(np.asarray(design, dtype=np.float64)), np.asarray(outcome, dtype=np.float64).ravel()
    if x.shape[0] != y.size or not y.size:
        raise ValueError(f"{x.shape[0]} rows of the design for {y.size} outcomes")
    if not (np.isfinite(x).all() and (y >= 0).all() and (y <= 1).all()):
        raise ValueError("the design must be finite and outcomes must lie in [0, 1]")
    b = np.zeros(x.shape[1])
    penalty = ridge * np.eye(x.shape[1])
    loss = _loss(x, y, b, ridge)
    for _ in range(_STEPS):
        fitted = _expit(x @ b)
        gradient = x.T @ (y - fitted) - ridge * b
        bend = (x.T * (fitted * (1 - fitted))) @ x + penalty
        try:
            step = np.linalg.solve(bend, gradient)
        except np.linalg.LinAlgError:
            raise ValueError(
                "the design repeats a column, or a column separates the outcomes: give a ridge above 0"
            ) from None
        size = 1.0
        # A Newton step may overshoot where fitted shares are near 0 or 1; halving it always leads downhill.
        while (new := _loss(x, y, b + size * step, ridge)) > loss + 1e-12 and size > 1e-6:
            size /= 2
        b, loss = b + size * step, new
        if float(np.abs(size * step).max()) < _CLOSE:
            break
    else:
        raise ValueError("a column of the design separates the outcomes: give a ridge above 0")
    if not ridge and float(np.abs(b).max()) > 25:
        raise ValueError("a column of the design separates the outcomes: give a ridge above 0")
    fitted = _expit(x @ b)
    bread = np.linalg.inv((x.T * (fitted * (1 - fitted))) @ x + penalty)
    filling = (x.T * (y - fitted) ** 2) @ x
    return LogisticFit(b, bread @ filling @ bread, ridge)


def _expit(z: Floats) -> Floats:
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + small), small / (1 + small))


def _loss(x: Floats, y: Floats, b: Floats, ridge: float) -> float:
    z = x @ b
    return float(np.sum(np.logaddexp(0, z) - y * z) + ridge * (b @ b) / 2)
