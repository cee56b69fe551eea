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


def read_prompts(
    query: Any,
    key: Any,
    value: Any,
    buffer: Any,
    first: Sequence[int],
    lengths: Sequence[int],
    window: int | None,
    scaling: float,
) -> Any:
    """What the tokens of prompts that stand end to end see, (tokens, heads x size); keys and values go into `buffer`.

    query: (tokens, heads, size); key, value: (tokens, key heads, size); row r begins at column ``first[r]``.
    """
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    mixed = torch.empty_like(query)
    at = 0
    for row, length in enumerate(lengths):
        end = at + length
        q, k, v = (part[at:end].transpose(0, 1) for part in (query, key, value))
        buffer.keys[row, :, first[row] : first[row] + length] = k
        buffer.values[row, :, first[row] : first[row] + length] = v
        mask = None
        if window is not None and length > window:
            places = torch.arange(length, device=query.device)
            back = places[:, None] - places
            mask = (back >= 0) & (back < window)
        found = scaled_dot_product_attention(
            q[None],
            k[None],
            v[None],
            attn_mask=mask,
            is_causal=mask is None,
            scale=scaling,
            enable_gqa=q.shape[0] != k.shape[0],
        )
        mixed[at:end] = found[0].transpose(0, 1)
        at = end
    return mixed.view(len(mixed), -1)
