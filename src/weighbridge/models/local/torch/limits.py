"""How much an engine in PyTorch may take at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what runs at the same time; they change speed and memory, never an answer's meaning."""

    rows: int = 32
    """Most prompts answered or texts read at once."""
    tokens: int = 16_384
    """Most token positions held at once, padding included: long prompts are batched less. A single prompt that
    needs more runs alone."""
    threads: int | None = None
    """Threads of PyTorch; None leaves the process's setting as it is. Set once, by whoever loads the model."""

    def __post_init__(self) -> None:
        if self.rows < 1 or self.tokens < 1 or (self.threads is not None and self.threads < 1):
            raise ValueError("rows, tokens and threads must be at least 1")
