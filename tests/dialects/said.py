"""What a vendor is made to say, and what a client read of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Said:
    """One answer, in no format yet."""

    text: str = ""
    tools: tuple[tuple[str, str, str], ...] = ()
    """(id, name, arguments as JSON text)"""
    finish: str = "stop"
    """``stop``, ``length``, ``filter`` or ``tool``"""
    input: int = 11
    output: int = 7
    cached: int = 0
    """Part of `input`."""
    pieces: int = 3
    """Into how many pieces a stream cuts the text, and the arguments of each tool."""

    whole_calls: bool = False
    """A stream brings each tool call in one piece, as Mistral does."""

    def cut(self, text: str) -> list[str]:
        """`text` in `pieces` pieces, none of them empty."""
        step = max(1, -(-len(text) // self.pieces))
        return [text[start : start + step] for start in range(0, len(text), step)]


@dataclass(frozen=True)
class Read:
    """What a client made of it."""

    text: str
    tools: list[tuple[str, Any]] = field(default_factory=list)
    """(name, arguments decoded)"""
    reason: str | None = None
    """The vendor's own word."""
    input: int | None = None
    output: int | None = None
    cached: int | None = None
