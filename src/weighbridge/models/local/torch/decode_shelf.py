"""The beginning that prompts share, such as worked examples: read once, and kept for the prompts that come later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.models.local.torch.decode_cache import KeyValues

_LEAST = 32
"""Tokens from which on sharing pays."""
_LONGER = 1.25
"""How much longer the prompts' own common beginning must be than what the shelf has of it, to take its place."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """`tokens` and, as the only row of `held`, their keys and values."""

    tokens: list[int]
    held: KeyValues

    def shared(self, prompts: Sequence[Sequence[int]]) -> tuple[int, bool]:
        """How many first tokens of all `prompts` need not be read for each, and whether for a shelf of their own.

        0 where it does not pay. Every prompt keeps a token to read.
        """
        shortest = min(map(len, prompts)) - 1
        first = prompts[0][:shortest]
        common = min((_alike(first, prompt) for prompt in prompts[1:]), default=len(first))
        on_shelf = min(common, _alike(first, self.tokens))
        if len(prompts) > 1 and common >= max(_LEAST, _LONGER * on_shelf):
            return common, True
        return (on_shelf if on_shelf >= _LEAST else 0), False


def _alike(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of their common beginning."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
