"""A decoder's steps over token numbers: rows of different lengths side by side, padded on the left.

Padding stands on the left so that the columns of a row are neighbours as its tokens are: windows and relative
positions are then right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weighbridge.models.local.onnx.graph import Graph, Tensors, empty, open_graph, taken, tensor
from weighbridge.models.local.onnx.manifest import Manifest

if TYPE_CHECKING:
    import numpy as np

_COLUMNS = 512
"""Most columns of a prompt read in one step: attention needs memory for each pair of columns."""


@dataclass(frozen=True, slots=True)
class Graphs:
    """The graphs of one folder, open."""

    manifest: Manifest
    model: Graph
    """The one graph, or the decoder of two."""
    encoder: Graph | None = None


def open_graphs(folder: Path, manifest: Manifest, threads: int | None = None) -> Graphs:
    """Open all graphs of `folder`. Raises UsageError for those that cannot be."""
    if "encoder" in manifest.graphs:
        encoder = open_graph(folder, "encoder", manifest, threads)
        return Graphs(manifest, open_graph(folder, "decoder", manifest, threads), encoder)
    return Graphs(manifest, open_graph(folder, "model", manifest, threads))


@dataclass(slots=True)
class Rows:
    """Texts under way in a decoder, one a row, with their cache."""

    graphs: Graphs
    mask: np.ndarray
    """1 where a column of a row holds a token: ``[rows, columns so far]``."""
    past: Tensors
    """Cache tensors in the decoder's order."""
    cross: Tensors = field(default_factory=list)
    """What the decoder looks up in the encoder's text."""
    source: np.ndarray | None = None
    """Mask of the encoder's text."""

    def step(self, tokens: np.ndarray, present: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Read `tokens` ``[rows, new columns]``, real where `present` is 1; logits at flat places `wanted`."""
        import numpy as np

        manifest = self.graphs.manifest
        feed: dict[str, Any] = {"input_ids": tokens.astype(np.int64), "rows": wanted.astype(np.int64)}
        self.mask = np.concatenate([self.mask, present.astype(np.int64)], axis=1)
        if manifest.kind == "seq2seq":
            feed["source_mask"] = self.source
            feed |= dict(zip(names(len(self.cross), "cross"), self.cross, strict=True))
        else:
            feed["attention_mask"] = self.mask
            positions = np.maximum(self.mask.cumsum(1) - 1, 0)[:, -tokens.shape[1] :]
            feed["position_ids"] = np.ascontiguousarray(positions)
        if manifest.cached:
            feed |= dict(zip(names(len(self.past), "past"), self.past, strict=True))
        logits, *self.past = self.graphs.model.run(feed)
        found: np.ndarray = logits.numpy()
        return found

    def keep(self, rows: Sequence[int], *, trim: bool = True) -> None:
        """Go on with those rows alone (one may come more than once), without columns that none of them uses."""
        import numpy as np

        index = np.asarray(rows, np.int64)
        mask = self.mask[index]
        after = int((mask.cumsum(1) == 0).all(0).sum()) if trim and self.graphs.manifest.kind == "causal" else 0
        self.mask = np.ascontiguousarray(mask[:, after:])
        self.past = [tensor(part) for part in taken(self.past, rows, after=after)]
        if self.source is not None:
            self.source = np.ascontiguousarray(self.source[index])
            self.cross = [tensor(part) for part in taken(self.cross, rows)]


def joined(first: Rows, second: Rows) -> Rows:
    """Rows of two batches in one, those of `second` behind; the shorter cache is padded on its left."""
    import numpy as np

    wide = max(first.mask.shape[1], second.mask.shape[1])
    masks = [np.pad(rows.mask, ((0, 0), (wide - rows.mask.shape[1], 0))) for rows in (first, second)]
    past = []
    for pair in zip(first.past, second.past, strict=True):
        parts = [part.numpy() for part in pair]
        heads, size = parts[0].shape[1], parts[0].shape[3]
        both = np.zeros((sum(len(part) for part in parts), heads, wide, size), np.float32)
        at = 0
        for part in parts:
            both[at : at + len(part), :, wide - part.shape[2] :] = part
            at += len(part)
        past.append(tensor(both))
    return Rows(first.graphs, np.concatenate(masks), past)


def begin(graphs: Graphs, prompts: Sequence[Sequence[int]]) -> tuple[Rows, np.ndarray]:
    """Read `prompts` (none empty) and give the logits after the last token of each: ``[rows, vocabulary]``.

    With an encoder the prompts are its texts, and the logits are those of the first token of the answer.
    """
    import numpy as np

    manifest = graphs.manifest
    count = len(prompts)
    if graphs.encoder is not None:
        source, mask = padded(prompts, manifest.pad, left=False)
        cross: Tensors = graphs.encoder.run({"input_ids": source, "attention_mask": mask})
        rows = Rows(graphs, np.zeros((count, 0), np.int64), _nothing(manifest, count), cross, mask)
        start = np.full((count, 1), manifest.decoder_start or 0, np.int64)
        return rows, rows.step(start, np.ones_like(start), np.arange(count))
    tokens, mask = padded(prompts, manifest.pad, left=True)
    rows = nothing_yet(graphs, count)
    wide = tokens.shape[1]
    for at in range(0, wide, _COLUMNS):
        part, here = tokens[:, at : at + _COLUMNS], mask[:, at : at + _COLUMNS]
        last = at + part.shape[1] == wide
        wanted = (np.arange(count) + 1) * part.shape[1] - 1 if last else np.zeros(1, np.int64)
        logits = rows.step(part, here, wanted)
    return rows, logits


def nothing_yet(graphs: Graphs, count: int) -> Rows:
    """Rows of a decoder that have read nothing."""
    import numpy as np

    return Rows(graphs, np.zeros((count, 0), np.int64), _nothing(graphs.manifest, count))


def _nothing(manifest: Manifest, rows: int) -> Tensors:
    return [tensor(part) for part in empty(manifest.caches, rows)]


def padded(texts: Sequence[Sequence[int]], pad: int, *, left: bool) -> tuple[np.ndarray, np.ndarray]:
    """Token numbers and mask, both ``[texts, longest]``."""
    import numpy as np

    wide = max(len(text) for text in texts)
    tokens = np.full((len(texts), wide), pad, np.int64)
    mask = np.zeros((len(texts), wide), np.int64)
    for row, text in enumerate(texts):
        here = slice(wide - len(text), wide) if left else slice(0, len(text))
        tokens[row, here] = text
        mask[row, here] = 1
    return tokens, mask


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Natural-log probabilities over the last axis, float32, with the sum taken in float64."""
    import numpy as np

    shifted = logits - logits.max(-1, keepdims=True)
    total = np.log(np.exp(shifted).sum(-1, keepdims=True, dtype=np.float64))
    found: np.ndarray = shifted - total.astype(np.float32)
    return found


def names(count: int, side: str) -> list[str]:
    """``past.0.key``, ``past.0.value``, ``past.1.key``, ...: as the graphs name their cache tensors."""
    return [f"{side}.{at // 2}.{('key', 'value')[at % 2]}" for at in range(count)]
