"""Sums over the tokens of each piece."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from weighbridge.models.local.torch.scoring.encode import Piece
from weighbridge.models.local.torch.scoring.plan import Shape
from weighbridge.models.local.torch.scoring.tree import Ints


class Tally:
    """Log-probability of each piece, and whether all its tokens were the likeliest."""

    def __init__(self, pieces: int) -> None:
        self.logprobs = np.zeros(pieces, dtype=np.float64)
        self.greedy = np.ones(pieces, dtype=np.bool_)

    def add(self, owners: Ints, logprobs: Any, greedy: Any) -> None:
        """What was found for (N,) tokens: tensors of log-probabilities and of bool."""
        np.add.at(self.logprobs, owners, logprobs.cpu().numpy())
        np.logical_and.at(self.greedy, owners, greedy.cpu().numpy())


class Method(Protocol):
    """A way to score pieces of one model."""

    @property
    def name(self) -> str: ...

    def run(self, pieces: list[Piece], shape: Shape | None = None, /) -> Tally:
        """Scores them; `shape` overrules how large a row may be, for tests of a method against itself."""
        ...
