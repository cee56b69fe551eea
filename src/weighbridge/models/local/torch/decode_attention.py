"""Attention over right-aligned rows: which rows attend together, and prompts that are read end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weighbridge.models.local.torch.decode_cache import KeyValues

_TOGETHER = 8
"""Rows that attend in one call."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows `first` to `last` (past the end), which see the columns from `start` on where `mask` lets them."""

    first: int
    last: int
    start: int
    mask: Any | None
    """[rows, 1, 1, columns] to be added to the scores."""


def groups(held: KeyValues, window: int | None, dtype: Any, device: Any) -> list[Group]:
    """The rows for a step that writes its token to column ``held.end``; `window` counts that token too."""
    import torch

    found = []
    earliest = held.start if window is None else max(held.start, held.end + 1 - window)
    spread = max(held.first) - earliest
    # Rows of nearly one length waste less on padding than several calls would cost.
    together = held.rows if 8 * spread <= held.length else _TOGETHER
    for begin in range(0, held.rows, together):
        firsts = [max(first, earliest) for first in held.first[begin : begin + together]]
        start, mask = min(firsts), None
        if max(firsts) > start:
            columns = torch.arange(start, held.end + 1, device=device)
            hidden = columns < torch.tensor(firsts, device=device)[:, None]
            mask = torch.zeros(hidden.shape, dtype=dtype, device=device).masked_fill_(hidden, float("-inf"))
            mask = mask[:, None, None]
        found.append(Group(begin, begin + len(firsts), start, mask))
    return found


@dataclass(frozen=True, slots=True)
class Span:
    """One prompt's own tokens among those that stand end to end, and what of the buffer they see."""

    row: int
    at: int
    """Its first own token."""
    size: int
    first: int
    """Column of the row's first token."""
    known: int
    """Tokens of the row whose keys and values are in the buffer already."""
    mask: Any | None
    """[own, known + own], True where one sees the other; None: each sees all before it, and nothing is known."""


def spans(first: Sequence[int], sizes: Sequence[int], known: int, window: int | None, device: Any) -> list[Span]:
    """For rows that begin at columns `first`, have `known` tokens already and `sizes` more to read."""
    import torch

    found, at = [], 0
    for row, size in enumerate(sizes):
        mask = None
        if known or (window is not None and size > window):
            back = torch.arange(known, known + size, device=device)[:, None] - torch.arange(
                known + size, device=device
            )
            mask = (back >= 0) if window is None else (back >= 0) & (back < window)
        found.append(Span(row, at, size, first[row], known, mask))
        at += size
    return found


def read_prompts(query: Any, key: Any, value: Any, buffer: Any, found: Sequence[Span], scaling: float) -> Any:
    """What the tokens of prompts that stand end to end see, (tokens, heads x size); keys and values go into `buffer`.

    query: (tokens, heads, size); key, value: (tokens, key heads, size); buffer: a layer of `KeyValues`.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    mixed = torch.empty_like(query)
    for span in found:
        end, column = span.at + span.size, span.first + span.known
        q, k, v = (part[span.at : end].transpose(0, 1) for part in (query, key, value))
        buffer.keys[span.row, :, column : column + span.size] = k
        buffer.values[span.row, :, column : column + span.size] = v
        if span.known:
            k, v = (held[span.row, :, span.first : column + span.size] for held in (buffer.keys, buffer.values))
        seen = scaled_dot_product_attention(
            q[None],
            k[None],
            v[None],
            attn_mask=span.mask,
            is_causal=span.mask is None,
            scale=scaling,
            enable_gqa=q.shape[0] != k.shape[0],
        )
        mixed[span.at : end] = seen[0].transpose(0, 1)
    return mixed.view(len(mixed), -1)
