"""Token sequences that begin alike, as one row: every shared token is there once.

A row is a tree laid out in the order of the sorted sequences. A token sees its ancestors and itself and stands at the
position it has in its own sequence, so that the row gives each sequence what it would get alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Row:
    """L tokens of one tree, all below the same `depth` tokens that came before."""

    tokens: Ints
    """(L,)"""
    positions: Ints
    """(L,): place in the sequence, counted from its beginning."""
    stem: int
    """The first tokens that form a single chain, seen by all tokens after them."""
    below: Bools
    """(L - stem, L): whether a token after the stem sees a token of the row."""
    depth: int
    """How many tokens stand before the row, seen by all of it."""
    nodes: Ints
    """(N,): token after which something is to be scored."""
    targets: Ints
    """(N,): the token that is to be scored there."""
    owners: Ints
    """(N,): number of the piece it belongs to."""

    @property
    def size(self) -> int:
        return len(self.tokens)

    @property
    def reach(self) -> int:
        """One more than its largest position."""
        return int(self.positions.max()) + 1

    def mask(self, window: int | None = None) -> Bools:
        """(L, depth + L): who sees whom, of what came before and of the row, within `window` positions."""
        size = self.size
        own = np.zeros((size, size), dtype=np.bool_)
        own[: self.stem, : self.stem] = np.tri(self.stem, dtype=np.bool_)
        own[self.stem :] = self.below
        whole = np.concatenate((np.ones((size, self.depth), dtype=np.bool_), own), axis=1)
        if window is not None and self.reach > window:
            places = np.concatenate((np.arange(self.depth), self.positions))
            whole &= self.positions[:, None] - places[None, :] < window
        return whole


@dataclass(frozen=True, slots=True)
class Leaf:
    """One piece as the tree takes it."""

    path: Ints
    """All tokens but the last, which nothing follows."""
    targets: Ints
    """What is scored, from after ``path[len(path) - len(targets)]`` on."""
    owner: int


def chain(tokens: Ints, start: int) -> Row:
    """The tokens of a sequence from `start` on, with nothing to score."""
    none = np.empty(0, dtype=np.int64)
    size = len(tokens) - start
    below = np.zeros((0, size), dtype=np.bool_)
    return Row(tokens[start:], np.arange(start, len(tokens)), size, below, start, none, none, none)


def grown(leaves: Sequence[Leaf], depth: int) -> Row:
    """The row of sorted leaves whose first `depth` tokens are equal and lie before it."""
    tokens: list[Ints] = []
    positions: list[Ints] = []
    sees: list[tuple[int, int, Ints]] = []
    nodes: list[Ints] = []
    path: Ints = np.empty(0, dtype=np.int64)
    before: Ints | None = None
    count = 0
    stem = 0
    for leaf in leaves:
        own = leaf.path[depth:]
        same = 0 if before is None else shared(before, own)
        fresh = len(own) - same
        if fresh:
            new = np.arange(count, count + fresh)
            sees.append((count, count + fresh, path[:same]))
            stem = count + fresh if before is None else min(stem, same)
            path = np.concatenate((path[:same], new))
            tokens.append(own[same:])
            positions.append(np.arange(depth + same, depth + len(own)))
            count += fresh
            before = own
        # A leaf that ends inside the path (sorted order puts it first, so only an equal one can) adds no token.
        last = len(leaf.path) - depth
        nodes.append(path[last - len(leaf.targets) : last])
    below = np.zeros((count - stem, count), dtype=np.bool_)
    for start, end, ancestors in sees:
        low = max(start, stem)
        if low >= end:
            continue
        rows = np.arange(low - stem, end - stem)
        below[np.ix_(rows, ancestors)] = True
        below[low - stem : end - stem, start:end] = np.tri(end - start, dtype=np.bool_)[low - start :]
    return Row(
        tokens=np.concatenate(tokens),
        positions=np.concatenate(positions),
        stem=stem,
        below=below,
        depth=depth,
        nodes=np.concatenate(nodes),
        targets=np.concatenate([leaf.targets for leaf in leaves]),
        owners=np.concatenate([np.full(len(leaf.targets), leaf.owner) for leaf in leaves]),
    )


def shared(first: Ints, second: Ints) -> int:
    """How many tokens two sequences have in common from the beginning."""
    size = min(len(first), len(second))
    differ = np.flatnonzero(first[:size] != second[:size])
    return int(differ[0]) if len(differ) else size
