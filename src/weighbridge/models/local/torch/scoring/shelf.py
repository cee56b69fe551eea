"""Beginnings kept from one batch of calls to the next: a few-shot prefix is the same for a whole task."""

from __future__ import annotations

from typing import Generic, TypeVar

from weighbridge.models.local.torch.scoring.tree import Ints, shared

Held = TypeVar("Held")


class Shelf(Generic[Held]):
    """The few most recent beginnings and what the model has computed of them."""

    def __init__(self, places: int = 2, most_bytes: int = 1 << 28) -> None:
        self._places, self._most = places, most_bytes
        self._held: list[tuple[Ints, Held]] = []

    def tokens(self) -> list[Ints]:
        return [tokens for tokens, _ in self._held]

    def find(self, tokens: Ints) -> Held | None:
        """What is held of a sequence that begins with these tokens."""
        for at, (known, held) in enumerate(self._held):
            if len(known) >= len(tokens) and shared(known, tokens) == len(tokens):
                self._held.insert(0, self._held.pop(at))
                return held
        return None

    def put(self, tokens: Ints, held: Held, size: int) -> None:
        """Keeps it where its `size` in bytes allows; the least recent goes."""
        if size <= self._most:
            self._held.insert(0, (tokens, held))
            del self._held[self._places :]
