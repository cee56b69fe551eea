"""A short way to one step of decoding for the LLaMA family, checked against the model's own forward pass.

A step of transformers makes about sixty calls of PyTorch a layer; here it is about twenty-five. Query heads that
share a key head are handed to attention as positions of one head, so that keys are read once and not copied for each
of them, and rows of similar length attend together, so that little padding is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from weighbridge.models.local.torch.decode import CausalDecoder
from weighbridge.models.local.torch.loaded import Loaded

FAMILY = frozenset({"llama", "mistral", "qwen2", "qwen3"})
_TOGETHER = 8
"""Rows that attend in one call."""
_TOLERANCE = {"torch.float32": 1e-4, "torch.bfloat16": 0.05, "torch.float16": 0.02}
"""Largest difference of logits that the self-check lets pass, relative to the largest logit."""

Apply = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Layer:
    """The parts of one decoder layer: what maps vectors is a function, what scales them a weight."""

    before: Any
    query: Apply
    key: Apply
    value: Apply
    query_norm: Any
    key_norm: Any
    out: Apply
    after: Any
    gate: Apply
    up: Apply
    down: Apply


def lean(loaded: Loaded) -> list[Layer] | None:
    """The layers of a model that can go the short way, None for others and for one whose check fails."""
    config = loaded.config
    if loaded.architecture not in FAMILY or getattr(config, "sliding_window", None) is not None:
        return None
    kinds = getattr(config, "layer_types", None) or []
    if config.hidden_act not in ("silu", "swish") or any(kind != "full_attention" for kind in kinds):
        return None
    try:
        layers = [_layer(layer) for layer in loaded.model.model.layers]
    except AttributeError:  # an architecture of this name built otherwise
        return None
    return layers if _agrees(loaded, layers) else None


def _layer(layer: Any) -> Layer:  # noqa: ANN401 - a module
    attention, mlp = layer.self_attn, layer.mlp
    return Layer(
        before=layer.input_layernorm.weight,
        query=attention.q_proj.forward,
        key=attention.k_proj.forward,
        value=attention.v_proj.forward,
        query_norm=attention.q_norm.weight if hasattr(attention, "q_norm") else None,
        key_norm=attention.k_norm.weight if hasattr(attention, "k_norm") else None,
        out=attention.o_proj.forward,
        after=layer.post_attention_layernorm.weight,
        gate=mlp.gate_proj.forward,
        up=mlp.up_proj.forward,
        down=mlp.down_proj.forward,
    )


def _agrees(loaded: Loaded, layers: list[Layer]) -> bool:
    """Whether a few steps of rows of different length give the logits of the model's own forward pass."""
    import torch

    words = int(loaded.model.get_input_embeddings().weight.shape[0])
    prompts = [[(7 * place + 3) % words for place in range(length)] for length in (9, 4, 7)]
    short, plain = LeanDecoder(loaded, layers), CausalDecoder(loaded)
    with torch.inference_mode():
        tokens = plain.add(prompts).argmax(-1).tolist()
        short.add(prompts)
        for _ in range(3):
            right, ours = plain.step(tokens), short.step(tokens)
            if (right - ours).abs().max() > _TOLERANCE.get(str(loaded.dtype), 0) * right.abs().max():
                return False
            tokens = right.argmax(-1).tolist()
    return True


class LeanDecoder(CausalDecoder):
    """Prompts go through the model's own forward pass, single steps through `_step`."""

    def __init__(self, loaded: Loaded, layers: list[Layer]) -> None:
        super().__init__(loaded)
        config, inner = loaded.config, loaded.model.model
        attention = inner.layers[0].self_attn
        self._layers = layers
        self._words = inner.embed_tokens.weight
        self._rotary = inner.rotary_emb
        self._norm = inner.norm.weight
        self._eps = float(config.rms_norm_eps)
        self._head = loaded.model.lm_head.forward
        self._size = int(attention.head_dim)
        self._keys = int(config.num_key_value_heads)
        self._each = int(config.num_attention_heads) // self._keys
        self._scale = float(attention.scaling)

    def _step(self, tokens: Sequence[int]) -> Any:  # noqa: ANN401 - torch.Tensor
        import torch
        from torch.nn.functional import embedding, rms_norm, scaled_dot_product_attention, silu

        held, rows, end, size, eps = self.held, self.held.rows, self.held.end, self._size, self._eps
        x = embedding(torch.tensor(tokens, device=self.device), self._words)
        width = (x.shape[1],)
        cos, sin = self._rotary(x, torch.tensor(held.lengths(), device=self.device)[:, None])
        half = size // 2
        # Rotating the two halves of a head is adding its halves swapped, the first with its sign turned.
        sin = torch.cat((-sin[..., :half], sin[..., half:]), -1)
        groups = self._groups(x.dtype)
        for layer, buffer in zip(self._layers, held.layers, strict=True):
            h = rms_norm(x, width, layer.before, eps)
            q, k = layer.query(h).view(rows, -1, size), layer.key(h).view(rows, -1, size)
            if layer.query_norm is not None:
                q, k = rms_norm(q, (size,), layer.query_norm, eps), rms_norm(k, (size,), layer.key_norm, eps)
            q = torch.addcmul(q * cos, q.roll(half, -1), sin).view(rows, self._keys, self._each, size)
            keys, values = buffer.keys, buffer.values
            keys[:rows, :, end] = torch.addcmul(k * cos, k.roll(half, -1), sin)
            values[:rows, :, end] = layer.value(h).view(rows, -1, size)
            seen = [
                scaled_dot_product_attention(
                    q[first:last],
                    keys[first:last, :, start : end + 1],
                    values[first:last, :, start : end + 1],
                    attn_mask=mask,
                    scale=self._scale,
                )
                for first, last, start, mask in groups
            ]
            x = x + layer.out((seen[0] if len(seen) == 1 else torch.cat(seen)).reshape(rows, -1))
            h = rms_norm(x, width, layer.after, eps)
            x = x + layer.down(silu(layer.gate(h)).mul_(layer.up(h)))
        return self._head(rms_norm(x, width, self._norm, eps)).float()

    def _groups(self, dtype: Any) -> list[tuple[int, int, int, Any]]:
        """(first row, past the last, first column, mask to add or None) of the rows that attend together."""
        import torch

        held, groups = self.held, []
        for begin in range(0, held.rows, _TOGETHER):
            firsts = held.first[begin : begin + _TOGETHER]
            start, mask = min(firsts), None
            if max(firsts) > start:
                columns = torch.arange(start, held.end + 1, device=self.device)
                hidden = columns < torch.tensor(firsts, device=self.device)[:, None]
                mask = torch.zeros(hidden.shape, dtype=dtype, device=self.device).masked_fill_(hidden, float("-inf"))
                mask = mask[:, None, None].expand(-1, 1, self._each, -1)
            groups.append((begin, begin + len(firsts), start, mask))
        return groups
