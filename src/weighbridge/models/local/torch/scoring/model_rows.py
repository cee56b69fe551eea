"""Packed scoring and the cached prefix through a model of transformers as it is.

Packed: a row is a tree, with a four-dimensional mask that says who sees whom and positions that start anew after the
context. Cached prefix: a row is one sequence, for models whose positions come from the mask (ALiBi); the context is
computed once and its keys and values serve all continuations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.scoring.encode import Piece
from weighbridge.models.local.torch.scoring.head import Head
from weighbridge.models.local.torch.scoring.naive import padded
from weighbridge.models.local.torch.scoring.plan import Shape, Stem, batches, leaves, plan
from weighbridge.models.local.torch.scoring.shelf import Shelf
from weighbridge.models.local.torch.scoring.tally import Tally
from weighbridge.models.local.torch.scoring.tree import Row, chain

BATCH_TOKENS = 2048
PACKED = Shape(branches=256, stem=512)
"""A row's mask and attention grow with the square of its length: beyond this the stem goes into a pass of its own."""
CACHED = Shape(branches=0)
"""No branches: each row is one sequence."""
Kept = tuple[tuple[Any, Any], ...]
"""Keys and values of each layer, (1, key heads, tokens, head size)."""


class ModelRows:
    """The methods ``packed`` and ``cached prefix``."""

    def __init__(self, loaded: Loaded, head: Head, limits: Limits, packed: bool) -> None:
        self._base = getattr(loaded.model, loaded.model.base_model_prefix)
        self._device, self._dtype = loaded.device, loaded.dtype
        self._head, self._limits, self._packed = head, limits, packed
        self._tokens = min(limits.tokens, BATCH_TOKENS)
        self._shelf: Shelf[Kept] = Shelf()
        self._kinds = sorted(set(getattr(loaded.config, "layer_types", None) or ()))
        self._window = window_of(loaded.config)
        self.name = "packed" if packed else "cached prefix"

    def run(self, pieces: list[Piece], shape: Shape | None = None, /) -> Tally:
        import torch

        tally = Tally(len(pieces))
        shape = shape if shape is not None and self._packed else PACKED if self._packed else CACHED
        with torch.inference_mode():
            self._below(plan(leaves(pieces), shape, self._shelf.tokens()), None, tally)
        return tally

    def _below(self, stem: Stem, kept: Kept | None, tally: Tally) -> None:
        for batch in batches(stem.rows, self._tokens, self._limits.rows, padded=True):
            self._batch(batch, kept, tally)
        for below in stem.stems:
            self._below(below, self._kept(below, kept), tally)

    def _kept(self, stem: Stem, above: Kept | None) -> Kept:
        if stem.start == 0 and (found := self._shelf.find(stem.tokens)) is not None:
            return tuple((key[:, :, : stem.depth], value[:, :, : stem.depth]) for key, value in found)
        import torch

        cache = _cache(above, 1)
        row = chain(stem.tokens, stem.start)
        tokens = torch.from_numpy(row.tokens)[None].to(self._device)
        self._base(input_ids=tokens, past_key_values=cache, use_cache=True)
        made = tuple((layer.keys, layer.values) for layer in cache.layers)
        if stem.start == 0 and len(stem.rows) + len(stem.stems) > 1:
            size = sum(key.nbytes + value.nbytes for key, value in made)
            self._shelf.put(stem.tokens, made, size)
        return made

    def _batch(self, batch: Sequence[Row], kept: Kept | None, tally: Tally) -> None:
        import torch

        device = self._device
        depth = batch[0].depth
        inputs: dict[str, Any] = {"input_ids": torch.from_numpy(padded([row.tokens for row in batch])).to(device)}
        if self._packed:
            inputs["position_ids"] = torch.from_numpy(padded([row.positions for row in batch])).to(device)
            inputs["attention_mask"] = self._masks(batch)
        else:
            seen = padded([np.ones(depth + row.size, dtype=np.int64) for row in batch])
            inputs["attention_mask"] = torch.from_numpy(seen).to(device)
        if kept is not None:
            inputs |= {"past_key_values": _cache(kept, len(batch)), "use_cache": True}
        else:
            inputs["use_cache"] = False
        hidden = self._base(**inputs)[0]
        longest = hidden.shape[1]
        nodes = np.concatenate([row.nodes + at * longest for at, row in enumerate(batch)])
        wanted, places = np.unique(nodes, return_inverse=True)
        order = np.argsort(places, kind="stable")
        targets = np.concatenate([row.targets for row in batch])[order]
        owners = np.concatenate([row.owners for row in batch])[order]
        rows = hidden.reshape(-1, hidden.shape[-1])[torch.from_numpy(wanted).to(device)]
        found, greedy = self._head.scored(
            rows, torch.from_numpy(places[order]).to(device), torch.from_numpy(targets).to(device)
        )
        tally.add(owners, found, greedy)

    def _masks(self, batch: Sequence[Row]) -> Any:
        """One additive mask, or one for each kind of layer where the model asks for that."""
        if "sliding_attention" in self._kinds:
            windows = {kind: self._window if kind == "sliding_attention" else None for kind in self._kinds}
            return {kind: self._mask(batch, window) for kind, window in windows.items()}
        return self._mask(batch, self._window)

    def _mask(self, batch: Sequence[Row], window: int | None) -> Any:
        import torch

        longest = max(row.size for row in batch)
        depth = batch[0].depth
        seen = np.zeros((len(batch), 1, longest, depth + longest), dtype=np.bool_)
        for number, row in enumerate(batch):
            seen[number, 0, : row.size, : depth + row.size] = row.mask(window)
            # Filling sees itself: a token that sees nothing would be no number.
            filling = np.arange(row.size, longest)
            seen[number, 0, filling, depth + filling] = True
        mask = torch.zeros(seen.shape, dtype=self._dtype)
        mask.masked_fill_(torch.from_numpy(~seen), torch.finfo(self._dtype).min)
        return mask.to(self._device)


def window_of(config: Any) -> int | None:
    """How many positions back a token sees in the layers that do not see all; None where all layers see all."""
    window = getattr(config, "sliding_window", None)
    kinds = getattr(config, "layer_types", None)
    if window is None or (kinds is not None and "sliding_attention" not in kinds):
        return None
    if kinds is None and getattr(config, "use_sliding_window", True) is False:
        return None
    return int(window)


def _cache(kept: Kept | None, rows: int) -> Any:
    """A cache of transformers that holds what is kept, the same for each row."""
    from transformers import DynamicCache

    if kept is None:
        return DynamicCache()
    return DynamicCache([(key.expand(rows, -1, -1, -1), value.expand(rows, -1, -1, -1)) for key, value in kept])
