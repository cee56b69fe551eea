"""What is run together: which beginnings are computed once and kept, and which rows go below them.

Sequences are sorted, so those that begin alike lie together. A group whose rows would be too large is cut where its
sequences part; what they have in common up to there becomes a `Stem`, computed once for all rows below it. Stems lie
below stems: a few-shot prefix, then a passage, then the questions on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from weighbridge.models.local.torch.scoring.encode import Piece
from weighbridge.models.local.torch.scoring.tree import Ints, Leaf, Row, grown, shared

WORTH = 32
"""Tokens that must be saved before a beginning is computed apart: a pass of its own costs about as much."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a row may be."""

    branches: int
    """Most tokens of a row after its stem. Each of them has a mask entry for each token of the row."""
    stem: int | None = None
    """Most tokens of a stem inside a row; None where a long one costs no mask."""

    def takes(self, stem: int, whole: int) -> bool:
        return whole - stem <= self.branches and (self.stem is None or stem <= self.stem)


@dataclass(slots=True)
class Stem:
    """Tokens that all rows below see before their own."""

    tokens: Ints
    """All from the beginning of the sequence."""
    start: int
    """How many of them its parent has computed."""
    rows: list[Row] = field(default_factory=list)
    stems: list[Stem] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return len(self.tokens)

    def walk(self) -> Iterator[Stem]:
        yield self
        for stem in self.stems:
            yield from stem.walk()


def leaves(pieces: Sequence[Piece]) -> list[Leaf]:
    """Sorted, so that what begins alike lies together and a beginning comes before what goes on from it."""
    made = []
    for number, piece in enumerate(pieces):
        tokens = np.array(piece.tokens, dtype=np.int64)
        made.append(Leaf(tokens[:-1], tokens[len(tokens) - piece.scored :], number))
    return sorted(made, key=lambda leaf: pieces[leaf.owner].tokens[:-1])


def plan(sorted_leaves: Sequence[Leaf], shape: Shape, known: Sequence[Ints] = ()) -> Stem:
    """The root stem (no tokens) with all rows somewhere below it.

    `known` are beginnings that are at hand from before: sequences that share most of one go below that part of it.
    """
    root = Stem(np.empty(0, dtype=np.int64), 0)
    groups: dict[int, list[Leaf]] = {}
    depths: dict[int, int] = {}
    for leaf in sorted_leaves:
        best, depth = -1, 0
        for at, tokens in enumerate(known):
            same = min(shared(leaf.path, tokens), len(leaf.path) - len(leaf.targets))
            if same > depth and same >= max(WORTH, 3 * len(tokens) // 4):
                best, depth = at, same
        groups.setdefault(best, []).append(leaf)
        depths[best] = min(depth, depths.get(best, depth))
    for at, group in groups.items():
        if at < 0:
            _cut(group, root, shape)
        else:
            below = Stem(known[at][: depths[at]], 0)
            root.stems.append(below)
            _cut(group, below, shape)
    return root


def _cut(group: Sequence[Leaf], parent: Stem, shape: Shape) -> None:
    """Puts the group below `parent`: as a row where it fits, below a stem of its own, or in parts."""
    depth = parent.depth
    steps = [shared(a.path, b.path) for a, b in pairwise(group)]
    common = min(steps, default=len(group[0].path))
    whole = len(group[0].path) - depth
    whole += sum(len(leaf.path) - same for leaf, same in zip(group[1:], steps, strict=True))
    if shape.takes(common - depth, whole) or len(set(steps)) == 0:
        parent.rows.append(grown(group, depth))
        return
    # The last token of every context stays out of the stem, for something is scored after it.
    ends = min(len(leaf.path) - len(leaf.targets) for leaf in group)
    keep = min(common, ends)
    if keep - depth >= WORTH:
        stem = Stem(group[0].path[:keep], depth)
        parent.stems.append(stem)
        _cut(group, stem, shape)
        return
    least = max(min(steps), depth)
    bounds = [at + 1 for at, same in enumerate(steps) if same < least + WORTH]
    for start, end in zip([0, *bounds], [*bounds, len(group)], strict=True):
        _cut(group[start:end], parent, shape)


def batches(rows: Sequence[Row], tokens: int, rows_at_once: int, padded: bool) -> Iterator[list[Row]]:
    """The rows, longest first, in batches of at most that many tokens (padding included where `padded`)."""
    batch: list[Row] = []
    held = 0
    for row in sorted(rows, key=lambda row: -row.size):
        longest = batch[0].size if batch else row.size
        after = longest * (len(batch) + 1) if padded else held + row.size
        if batch and (after > tokens or len(batch) >= rows_at_once):
            yield batch
            batch, held = [], 0
        batch.append(row)
        held += row.size
    if batch:
        yield batch
