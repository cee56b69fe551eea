"""A short way through the LLaMA family, for prompts and for single steps, checked against the model's own.

A step of transformers makes about sixty calls of PyTorch a layer; here it is about twenty. Query heads that share a
key head are handed to attention as positions of one head, so that keys are read once and not copied for each of
them; rows of similar length attend together, and prompts are read end to end, so that no padding is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weighbridge.models.local.torch.decode import CausalDecoder
from weighbridge.models.local.torch.decode_attention import Group, groups, read_prompts, spans
from weighbridge.models.local.torch.decode_cache import KeyValues
from weighbridge.models.local.torch.decode_shelf import Shelf
from weighbridge.models.local.torch.lean.forward import normed
from weighbridge.models.local.torch.lean.weights import Layer, Lean, lean_weights
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.packed import Apply, can_pack, packed, plain

_TOLERANCE = {"torch.float32": 1e-4, "torch.bfloat16": 0.05, "torch.float16": 0.02}
"""Largest difference of logits that the self-check lets pass, relative to the largest logit."""


@dataclass(frozen=True, slots=True)
class Maps:
    """The matrices of one layer as functions."""

    qkv: Apply
    out: Apply
    gate_up: Apply
    down: Apply


def lean_decoder(loaded: Loaded) -> LeanDecoder | None:
    """The short way, or None for a model outside the family, and for one whose check fails."""
    if getattr(loaded.config, "final_logit_softcapping", None):
        return None
    weights = lean_weights(loaded.model)
    if weights is None:
        return None
    decoder = LeanDecoder(loaded, weights)
    return decoder if _agrees(loaded, decoder) else None


def _agrees(loaded: Loaded, decoder: LeanDecoder) -> bool:
    """Whether prompts of different length and a few steps give the logits of the model's own forward pass."""
    import torch

    words = int(loaded.model.get_input_embeddings().weight.shape[0])
    prompts = [[(7 * place + 3) % words for place in range(length)] for length in (9, 4, 7)]
    most = _TOLERANCE.get(str(loaded.dtype), 0.0)
    right = CausalDecoder(loaded)
    with torch.inference_mode():
        wanted, found = right.add(prompts), decoder.add(prompts)
        for _ in range(3):
            if not (wanted - found).abs().max() <= most * wanted.abs().max():
                return False
            tokens = wanted.argmax(-1).tolist()
            wanted, found = right.step(tokens), decoder.step(tokens)
        for _ in prompts:
            decoder.drop(0)
    return True


class LeanDecoder(CausalDecoder):
    """Keeps the cache of `CausalDecoder` and does its arithmetic itself."""

    def __init__(self, loaded: Loaded, weights: Lean) -> None:
        super().__init__(loaded)
        head = loaded.model.get_output_embeddings()
        count = sum(parameter.numel() for parameter in loaded.model.parameters())
        make = packed if can_pack(count, loaded.dtype, loaded.device) else plain
        self._lean = weights
        self._maps = [_maps(layer, make) for layer in weights.layers]
        self._head = make(head.weight.detach(), None if head.bias is None else head.bias.detach())
        self._windows = {layer.window for layer in weights.layers}
        self._shelf = Shelf([], KeyValues(self.depth))

    def _read(self, held: KeyValues, prompts: Sequence[Sequence[int]]) -> Any:
        shared, fresh = self._shelf.shared(prompts)
        if fresh:
            # What these prompts share is read once, and kept for those that come later.
            self._shelf = Shelf(list(prompts[0][:shared]), KeyValues(self.depth))
            self._pass(self._shelf.held, [self._shelf.tokens], 0)
        return self._pass(held, prompts, shared)

    def _pass(self, held: KeyValues, prompts: Sequence[Sequence[int]], known: int) -> Any:
        """Read the prompts but for their first `known` tokens, which the shelf has."""
        import torch

        sizes = [len(prompt) - known for prompt in prompts]
        held.open([len(prompt) for prompt in prompts])
        tokens = torch.tensor([token for prompt in prompts for token in prompt[known:]], device=self.device)
        places = torch.cat([torch.arange(known, known + size, device=self.device) for size in sizes])
        ends = torch.tensor(sizes, device=self.device).cumsum(0) - 1
        x = self._lean.embed(tokens)
        turns = self._turns(x, places)
        seen = {window: spans(held.first, sizes, known, window, self.device) for window in self._windows}
        layers = zip(self._lean.layers, self._maps, held.layers, self._shelf.held.layers, strict=True)
        for layer, maps, buffer, before in layers:
            query, key, value = self._heads(layer, maps, x, turns[layer.kind])
            buffer.make(key, value)
            if known:
                buffer.begin(before, known)
            mixed = read_prompts(query, key, value, buffer, seen[layer.window], self._lean.scaling)
            if layer is self._lean.layers[-1]:
                x, mixed = x[ends], mixed[ends]
            x = self._after(layer, maps, x, mixed)
        held.end = max(map(len, prompts))
        return self._logits(x)

    def _step(self, tokens: Sequence[int]) -> Any:
        import torch

        lean, held = self._lean, self.held
        x = lean.embed(torch.tensor(tokens, device=self.device))
        turns = self._turns(x, torch.tensor(held.lengths(), device=self.device))
        seen = {window: groups(held, window, x.dtype, self.device) for window in self._windows}
        for layer, maps, buffer in zip(lean.layers, self._maps, held.layers, strict=True):
            query, key, value = self._heads(layer, maps, x, turns[layer.kind])
            keys, values = buffer.keys, buffer.values
            keys[: held.rows, :, held.end] = key
            values[: held.rows, :, held.end] = value
            x = self._after(layer, maps, x, self._attend(query, keys, values, seen[layer.window]))
        return self._logits(x)

    def _attend(self, query: Any, keys: Any, values: Any, seen: list[Group]) -> Any:
        import torch
        from torch.nn.functional import scaled_dot_product_attention

        lean, past = self._lean, self.held.end + 1
        query = query.view(len(query), lean.key_heads, -1, lean.head_size)
        found = [
            scaled_dot_product_attention(
                query[group.first : group.last],
                keys[group.first : group.last, :, group.start : past],
                values[group.first : group.last, :, group.start : past],
                attn_mask=None if group.mask is None else group.mask.expand(-1, 1, query.shape[2], -1),
                scale=lean.scaling,
            )
            for group in seen
        ]
        return (found[0] if len(found) == 1 else torch.cat(found)).reshape(len(query), -1)

    def _turns(self, x: Any, places: Any) -> dict[str, tuple[Any, Any]]:
        """Cosines and sines, (tokens, 1, head size), by kind of layer; the sines of the first half are negative."""
        import torch

        made = {}
        for kind in {layer.kind for layer in self._lean.layers}:
            extra = (kind,) if self._lean.several_rotaries else ()
            cos, sin = self._lean.rotary(x[None], places[None], *extra)
            half = sin.shape[-1] // 2
            made[kind] = cos[0][:, None], torch.cat((-sin[0, :, :half], sin[0, :, half:]), -1)[:, None]
        return made

    def _heads(self, layer: Layer, maps: Maps, x: Any, turn: tuple[Any, Any]) -> tuple[Any, Any, Any]:
        """Queries (tokens, heads, size), keys and values (tokens, key heads, size), turned by their positions."""
        lean = self._lean
        heads = maps.qkv(self._norm(x, layer.before_attention)).view(len(x), -1, lean.head_size)
        both = lean.heads + lean.key_heads
        turned = heads[:, :both]
        if layer.head_gain is not None:
            turned = normed(lean, turned, layer.head_gain)
        # Turning a head is adding its halves swapped, the first with its sign turned.
        swapped = turned.roll(lean.head_size // 2, -1)
        turned = turned.mul_(turn[0]).addcmul_(swapped, turn[1])
        return turned[:, : lean.heads], turned[:, lean.heads :], heads[:, both:]

    def _after(self, layer: Layer, maps: Maps, x: Any, mixed: Any) -> Any:
        from torch.nn.functional import silu

        out = maps.out(mixed)
        x = x + (out if layer.after_attention is None else self._norm(out, layer.after_attention))
        both = maps.gate_up(self._norm(x, layer.before_mlp))
        size = both.shape[-1] // 2
        gate = silu(both[:, :size]) if self._lean.silu else self._lean.activation(both[:, :size])
        out = maps.down(gate.mul_(both[:, size:]))
        return x + (out if layer.after_mlp is None else self._norm(out, layer.after_mlp))

    def _norm(self, x: Any, gain: Any) -> Any:
        from torch.nn.functional import rms_norm

        if self._lean.gains_in_float:
            return normed(self._lean, x, gain)
        return rms_norm(x, (x.shape[-1],), gain, self._lean.epsilon)

    def _logits(self, x: Any) -> Any:
        return self._head(self._norm(x, self._lean.final)).float()


def _maps(layer: Layer, make: Any) -> Maps:
    return Maps(
        qkv=make(layer.qkv, layer.qkv_bias),
        out=make(layer.out, layer.out_bias),
        gate_up=make(layer.gate_up, None),
        down=make(layer.down, None),
    )
