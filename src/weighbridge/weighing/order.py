"""The one random order in which items are drawn, and the units that the race counts in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from weighbridge.evidence import Claim
from weighbridge.tasks.item import Item

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DrawOrder:
    """Unit u (u-th drawn) holds the items ``items[starts[u]:starts[u + 1]]``."""

    items: Ints
    """Shape (N,): item index at each draw position."""
    starts: Ints
    """Shape (U + 1,): first draw position of each unit, then N."""
    unit: Literal["item", "cluster"]
    seed: int

    @property
    def units(self) -> int:
        return len(self.starts) - 1

    def positions(self, start: int, stop: int) -> tuple[int, int]:
        """Draw positions [first, last) of the items in units [start, stop)."""
        return int(self.starts[start]), int(self.starts[stop])

    def unit_values(self, drawn: Floats) -> Floats:
        """Means over each unit's items.

        `drawn` has shape (..., N) in draw order; the result (..., U). NaN where an item of the unit is NaN.
        """
        if self.unit == "item" or not self.units:
            return drawn
        sums: Floats = np.add.reduceat(drawn, self.starts[:-1], axis=-1)
        return sums / np.diff(self.starts)


def cluster_numbers(items: Sequence[Item]) -> Ints | None:
    """Shape (N,): clusters numbered 0..C-1 as they first appear; None where no two items share one.

    An item without a cluster stands alone.
    """
    seen: dict[tuple[bool, str], int] = {}
    numbers = np.empty(len(items), dtype=np.int64)
    for position, item in enumerate(items):
        name = (True, item.cluster) if item.cluster is not None else (False, str(position))
        numbers[position] = seen.setdefault(name, len(seen))
    return numbers if len(seen) < len(items) else None


def draw_order(items: int, cluster: Ints | None, claim: Claim, seed: int) -> DrawOrder:
    """A uniform random permutation from PCG64 at `seed`; the same seed gives the same order on every machine.

    Under the population claim whole clusters are drawn (items of one cluster are not independent draws from the
    population); under the pool claim each item is drawn by itself, which is what that claim's guarantee rests on.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    order = generator.permutation(items).astype(np.int64)
    if cluster is None or claim == "pool":
        return DrawOrder(order, np.arange(items + 1, dtype=np.int64), "item", seed)
    clusters = int(cluster.max()) + 1 if items else 0
    rank = np.empty(clusters, dtype=np.int64)
    rank[generator.permutation(clusters)] = np.arange(clusters)
    order = order[np.argsort(rank[cluster[order]], kind="stable")]
    sizes = np.bincount(rank[cluster], minlength=clusters)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return DrawOrder(order, starts, "cluster", seed)
