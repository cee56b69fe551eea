"""Decoding for encoder-decoder models (T5): prompts are encoded once, the answers grow from the start token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weighbridge.models.local.torch.decode_cache import KeyValues
from weighbridge.models.local.torch.loaded import Loaded


class Seq2SeqDecoder:
    """All rows begin together, so that the answers have no padding; the next batch waits until all are done."""

    most: int | None = None
    joining = False

    def __init__(self, loaded: Loaded) -> None:
        config = loaded.config
        self.model = loaded.model
        self.device = loaded.device
        self.depth = int(getattr(config, "num_decoder_layers", None) or config.num_hidden_layers)
        start = getattr(loaded.model.generation_config, "decoder_start_token_id", None)
        start = config.decoder_start_token_id if start is None else start
        self.start = int(config.pad_token_id if start is None else start)
        self.held = KeyValues(self.depth)
        self._cross: Any = None
        self._encoded: Any = None
        self._mask: Any = None

    @property
    def rows(self) -> int:
        return self.held.rows

    def add(self, prompts: Sequence[Sequence[int]]) -> Any:
        import torch
        from transformers.cache_utils import DynamicCache, EncoderDecoderCache

        if self.held.rows:
            raise ValueError("rows are under way")
        longest = max(len(prompt) for prompt in prompts)
        ids = torch.tensor([list(p) + [0] * (longest - len(p)) for p in prompts], device=self.device)
        lengths = torch.tensor([len(prompt) for prompt in prompts], device=self.device)
        self._mask = (torch.arange(longest, device=self.device) < lengths[:, None]).long()
        self._encoded = self.model.get_encoder()(input_ids=ids, attention_mask=self._mask).last_hidden_state
        self.held = KeyValues(self.depth)
        self.held.open([1] * len(prompts))
        self._cross = EncoderDecoderCache(self.held.cache, DynamicCache())
        return self._forward([self.start] * len(prompts))

    def step(self, tokens: Sequence[int]) -> Any:
        self.held.reserve(self.held.rows, 1)
        return self._forward(tokens)

    def _forward(self, tokens: Sequence[int]) -> Any:
        import torch

        out = self.model(
            decoder_input_ids=torch.tensor(tokens, device=self.device)[:, None],
            encoder_outputs=(self._encoded,),
            attention_mask=self._mask,
            past_key_values=self._cross,
            use_cache=True,
        )
        self.held.end += 1
        return out.logits[:, -1].float()

    def drop(self, row: int) -> None:
        import torch

        last = self.held.rows - 1
        self.held.drop(row)
        kept = [*range(last)]
        if row != last:
            kept[row] = last
        chosen = torch.tensor(kept, dtype=torch.long, device=self.device)
        self._cross.cross_attention_cache.batch_select_indices(chosen)
        self._encoded = self._encoded[chosen]
        self._mask = self._mask[chosen]
