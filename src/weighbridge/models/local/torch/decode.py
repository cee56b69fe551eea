"""Decoding, one token of every sequence at a time, with the model's own forward pass and our cache."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Protocol

from weighbridge.models.local.torch.decode_cache import KeyValues
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.packed import pack_layers

TOGETHER = frozenset(
    {
        *("llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "gemma3_text"),
        *("gpt2", "gptj", "gpt_neox", "bloom", "falcon"),
        *("apertus", "arcee", "biogpt", "bitnet", "codegen", "cohere", "cohere2", "ernie4_5", "exaone4", "gemma"),
        *("glm", "glm4", "gpt_bigcode", "gpt_neo", "gpt_oss", "granite", "granitemoe", "helium", "hunyuan_v1_dense"),
        *("ministral", "mixtral", "mpt", "nemotron", "olmo", "olmo2", "olmo3", "olmoe", "opt", "persimmon", "phi"),
        *("phi3", "phimoe", "qwen2_moe", "qwen3_moe", "seed_oss", "smollm3", "stablelm", "starcoder2", "xglm"),
    }
)
"""Architectures whose sequences are decoded together, coming and going: each is tested, step by step, against a plain
forward pass (tests/models/torch/test_generate_architectures.py, test_generate_further.py). Others are decoded alone,
which is right for all."""


class Decoder(Protocol):
    """Holds the sequences under way, numbered from 0; all tensors of logits are float32 [rows, vocabulary]."""

    most: int | None
    """Most sequences at once; None leaves it to the limits."""
    joining: bool
    """Whether sequences may be added while others are under way."""

    @property
    def rows(self) -> int: ...

    def add(self, prompts: Sequence[Sequence[int]]) -> Any:
        """Read prompts; logits of the token after each. The new rows come after the old."""
        ...

    def step(self, tokens: Sequence[int]) -> Any:
        """Append one token to every row; logits of the next."""
        ...

    def drop(self, row: int) -> None:
        """End a row; the last row takes its number."""
        ...


def decoder_for(loaded: Loaded) -> Decoder:
    """The fastest decoder that is known to be right for the model."""
    from weighbridge.models.local.torch.decode_alone import AloneDecoder
    from weighbridge.models.local.torch.decode_lean import lean_decoder
    from weighbridge.models.local.torch.decode_seq2seq import Seq2SeqDecoder

    together = loaded.architecture in TOGETHER and not _turns_by_length(loaded.config)
    if loaded.kind == "causal" and together:
        short = lean_decoder(loaded)
        if short is not None:
            return short
    pack_layers(loaded.model, loaded.dtype, loaded.device)
    if loaded.kind == "seq2seq":
        return Seq2SeqDecoder(loaded)
    return CausalDecoder(loaded) if together else AloneDecoder(loaded)


def _turns_by_length(config: Any) -> bool:
    """Whether its rotary embedding changes with the longest sequence of a batch: then a batch changes its members."""
    said = getattr(config, "rope_parameters", None) or {}
    kinds = [said, *(part for part in said.values() if isinstance(part, dict))]
    return any(kind.get("rope_type") in ("dynamic", "longrope") for kind in kinds)


class CausalDecoder:
    """Decoder-only models: right-aligned rows, with the positions of each row counted from its own first token."""

    most: int | None = None
    joining = True

    def __init__(self, loaded: Loaded) -> None:
        self.model = loaded.model
        self.device = loaded.device
        self.depth = int(loaded.config.num_hidden_layers)
        self.held = KeyValues(self.depth)
        taken = inspect.signature(loaded.model.forward).parameters
        self._positions = "position_ids" in taken
        self._last_only = "logits_to_keep" in taken

    @property
    def rows(self) -> int:
        return self.held.rows

    def add(self, prompts: Sequence[Sequence[int]]) -> Any:
        fresh = KeyValues(self.depth) if self.held.rows else self.held
        logits = self._read(fresh, prompts)
        if fresh is not self.held:
            self.held.append(fresh)
        return logits

    def _read(self, held: KeyValues, prompts: Sequence[Sequence[int]]) -> Any:
        import torch

        lengths = [len(prompt) for prompt in prompts]
        longest = max(lengths)
        held.open(lengths)
        ids = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts], device=self.device)
        positions = torch.arange(longest, device=self.device) - torch.tensor(held.first, device=self.device)[:, None]
        logits = self._forward(held, ids, positions.clamp_(min=0), held.mask(longest, self.device))
        held.end = longest
        return logits

    def step(self, tokens: Sequence[int]) -> Any:
        self.held.reserve(self.held.rows, 1)
        logits = self._step(tokens)
        self.held.end += 1
        return logits

    def _step(self, tokens: Sequence[int]) -> Any:
        import torch

        held = self.held
        ids = torch.tensor(tokens, device=self.device)[:, None]
        positions = torch.tensor(held.lengths(), device=self.device)[:, None]
        return self._forward(held, ids, positions, held.mask(1, self.device))

    def _forward(self, held: KeyValues, ids: Any, positions: Any, mask: Any) -> Any:
        more: dict[str, Any] = {}
        if self._positions:
            more["position_ids"] = positions
        if self._last_only:
            more["logits_to_keep"] = 1
        out = self.model(input_ids=ids, attention_mask=mask, past_key_values=held.cache, use_cache=True, **more)
        return out.logits[:, -1].float()

    def drop(self, row: int) -> None:
        self.held.drop(row)
