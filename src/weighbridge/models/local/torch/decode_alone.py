"""Decoding one sequence at a time with the cache that the model itself asks for: right for every architecture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weighbridge.models.local.torch.loaded import Loaded


class AloneDecoder:
    """For architectures that nobody has tested in a batch: no padding, no shared cache, no guess."""

    most: int | None = 1
    joining = False

    def __init__(self, loaded: Loaded) -> None:
        self.model = loaded.model
        self.device = loaded.device
        self._past: Any = None

    @property
    def rows(self) -> int:
        return 0 if self._past is None else 1

    def add(self, prompts: Sequence[Sequence[int]]) -> Any:
        from transformers import DynamicCache

        (prompt,) = prompts
        self._past = DynamicCache(config=self.model.config)
        return self._forward(prompt)

    def step(self, tokens: Sequence[int]) -> Any:
        return self._forward(tokens)

    def _forward(self, tokens: Sequence[int]) -> Any:
        import torch

        ids = torch.tensor([list(tokens)], device=self.device)
        out = self.model(input_ids=ids, past_key_values=self._past, use_cache=True)
        self._past = out.past_key_values
        return out.logits[:, -1].float()

    def drop(self, row: int) -> None:
        if row != 0:
            raise IndexError(row)
        self._past = None
