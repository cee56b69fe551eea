"""Packed scoring with the lean forward pass: rows end to end, no padding, long stems without a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weighbridge.models.local.torch.lean import Lean
from weighbridge.models.local.torch.lean.forward import Kept, Span, forward
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.scoring.encode import Piece
from weighbridge.models.local.torch.scoring.head import Head
from weighbridge.models.local.torch.scoring.plan import Shape, Stem, batches, leaves, plan
from weighbridge.models.local.torch.scoring.shelf import Shelf
from weighbridge.models.local.torch.scoring.tally import Tally
from weighbridge.models.local.torch.scoring.tree import Row, chain

BATCH_TOKENS = 1536
"""Tokens of a batch: enough for full speed of the matrix products; more only takes memory."""
SHAPE = Shape(branches=256)


class LeanRows:
    """The method ``packed`` for the LLaMA family."""

    name = "packed"

    def __init__(self, lean: Lean, head: Head, limits: Limits) -> None:
        self._lean, self._head = lean, head
        self._tokens = min(limits.tokens, BATCH_TOKENS)
        self._shelf: Shelf[Kept] = Shelf()
        self._windows = sorted({layer.window for layer in lean.layers if layer.window is not None})

    def run(self, pieces: list[Piece], shape: Shape | None = None, /) -> Tally:
        import torch

        tally = Tally(len(pieces))
        with torch.inference_mode():
            self._below(plan(leaves(pieces), shape or SHAPE, self._shelf.tokens()), None, tally)
        return tally

    def _below(self, stem: Stem, kept: Kept | None, tally: Tally) -> None:
        for batch in batches(stem.rows, self._tokens, len(stem.rows), padded=False):
            hidden, _ = self._pass(batch, kept)
            self._score(batch, hidden, tally)
        for below in stem.stems:
            self._below(below, self._kept(below, kept), tally)

    def _kept(self, stem: Stem, above: Kept | None) -> Any:
        if stem.start == 0 and (found := self._shelf.find(stem.tokens)) is not None:
            depth = stem.depth
            return Kept(tuple(key[:depth] for key in found.keys), tuple(value[:depth] for value in found.values))
        import torch

        _, own = self._pass([chain(stem.tokens, stem.start)], above, keep=True)
        if above is not None:
            keys = tuple(torch.cat(pair) for pair in zip(above.keys, own.keys, strict=True))
            own = Kept(keys, tuple(torch.cat(pair) for pair in zip(above.values, own.values, strict=True)))
        if stem.start == 0 and len(stem.rows) + len(stem.stems) > 1:
            self._shelf.put(stem.tokens, own, stem.depth * self._lean.cache_bytes)
        return own

    def _pass(self, batch: Sequence[Row], kept: Kept | None, keep: bool = False) -> tuple[Any, Any]:
        import torch

        lean = self._lean
        starts = np.cumsum([0, *(row.size for row in batch)])
        nodes = np.concatenate([row.nodes + start for row, start in zip(batch, starts, strict=False)])
        wanted = None if keep else torch.from_numpy(np.unique(nodes)).to(lean.device)
        return forward(
            lean,
            torch.from_numpy(np.concatenate([row.tokens for row in batch])).to(lean.device),
            torch.from_numpy(np.concatenate([row.positions for row in batch])).to(lean.device),
            [self._span(row) for row in batch],
            wanted,
            kept,
            keep,
        )

    def _span(self, row: Row) -> Span:
        import torch

        device = self._lean.device
        whole = torch.from_numpy(row.mask()).to(device) if row.depth else None
        windowed = None
        if self._windows and row.reach > self._windows[0]:
            windowed = torch.from_numpy(row.mask(self._windows[0])).to(device)
        return Span(row.size, row.stem, torch.from_numpy(row.below).to(device), whole, windowed)

    def _score(self, batch: Sequence[Row], hidden: Any, tally: Tally) -> None:
        import torch

        starts = np.cumsum([0, *(row.size for row in batch)])
        nodes = np.concatenate([row.nodes + start for row, start in zip(batch, starts, strict=False)])
        targets = np.concatenate([row.targets for row in batch])
        owners = np.concatenate([row.owners for row in batch])
        _, places = np.unique(nodes, return_inverse=True)
        order = np.argsort(places, kind="stable")
        device = self._lean.device
        logprobs, greedy = self._head.scored(
            hidden, torch.from_numpy(places[order]).to(device), torch.from_numpy(targets[order]).to(device)
        )
        tally.add(owners[order], logprobs, greedy)
