"""Evidence made from arrays, for tests that decide on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from weighbridge.evidence import STATUS_CODES, Column, Evidence, Side, Status


def evidence_of(
    scores: ArrayLike,
    *,
    sides: tuple[Side, ...] | None = None,
    cost: ArrayLike | None = None,
    latency: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    failed: ArrayLike | None = None,
    repeats: int = 1,
    within: ArrayLike | None = None,
    simulated: bool = False,
) -> Evidence:
    """K x N scores; `cost` and `latency` broadcast to the same shape; candidates are called a, b, c, ..."""
    table = np.atleast_2d(np.asarray(scores, dtype=float))
    size, items = table.shape
    blank = np.full(table.shape, np.nan)

    def spread(values: ArrayLike | None) -> np.ndarray:
        return blank if values is None else np.broadcast_to(np.asarray(values, dtype=float), table.shape).copy()

    status = np.zeros(table.shape, dtype=np.uint8)
    if failed is not None:
        status[np.asarray(failed, dtype=bool)] = STATUS_CODES.index(Status.FAILED)
    return Evidence(
        columns=tuple(
            Column("abcdefghijklmnopqrstuvwxyz"[k], (sides or ("open",) * size)[k], simulated=simulated)
            for k in range(size)
        ),
        items=tuple(f"item {i}" for i in range(items)),
        order=np.arange(items),
        score=table,
        status=status,
        cost=spread(cost),
        latency=spread(latency),
        first_token=blank,
        tokens_in=blank,
        tokens_out=blank,
        repeats=np.full(size, repeats),
        within=spread(within),
        cluster=None if cluster is None else np.asarray(cluster),
    )


def binary(rates: list[float], items: int, seed: int = 0) -> np.ndarray:
    """Right or wrong at the given rates; items are equally hard for all, so that candidates agree on most."""
    hardness = np.random.default_rng(seed).random(items)
    own = np.random.default_rng(seed + 1).random((len(rates), items))
    mixed = 0.7 * hardness + 0.3 * own
    return np.array([row < np.quantile(row, rate) for row, rate in zip(mixed, rates, strict=True)], dtype=float)
