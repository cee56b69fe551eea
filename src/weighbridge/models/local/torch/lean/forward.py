"""One pass of a LLaMA-like model over rows of tokens laid end to end: nothing is padded.

Linear layers see all tokens of the batch as one matrix; attention goes row by row, each row with the keys and values
of what came before it and its own mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weighbridge.models.local.torch.lean.weights import Layer, Lean


@dataclass(frozen=True, slots=True)
class Span:
    """One row of a batch: `size` tokens, seen by nobody outside it."""

    size: int
    stem: int
    """Its first tokens form a chain: each sees those before it."""
    below: Any
    """(size - stem, size) bool tensor: whom the others see; None where the whole row is a chain."""
    whole: Any = None
    """(size, depth + size) bool tensor over what came before and the row, where the parts above do not say it: below
    kept keys and values."""
    windowed: Any = None
    """The same for layers with a window, where the row reaches beyond it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Keys and values of tokens that came before, one pair a layer, (tokens, key heads, head size) each."""

    keys: tuple[Any, ...]
    values: tuple[Any, ...]

    @property
    def depth(self) -> int:
        return int(self.keys[0].shape[0]) if self.keys else 0


def forward(
    lean: Lean,
    tokens: Any,
    positions: Any,
    spans: Sequence[Span],
    wanted: Any | None,
    before: Kept | None = None,
    keep: bool = False,
) -> tuple[Any, Any]:
    """Last hidden states (after the final norm) of the `wanted` tokens, and keys and values where asked for.

    tokens, positions: (T,) of all rows; wanted: indices into them, None for none. Runs under inference mode.
    """
    x = lean.embed(tokens)
    turns = _turns(lean, x, positions)
    kept: list[tuple[Any, Any]] = []
    last = len(lean.layers) - 1
    for number, layer in enumerate(lean.layers):
        past = None if before is None else (before.keys[number], before.values[number])
        query, key, value = _heads(lean, layer, x, turns[layer.kind])
        if keep:
            kept.append((key, value))
        if number == last:
            if wanted is None:
                break
            mixed = _attend(lean, layer, query, key, value, spans, past)[wanted]
            x = x[wanted]
        else:
            mixed = _attend(lean, layer, query, key, value, spans, past)
        x = _after(lean, layer, x, mixed)
    hidden = None if wanted is None else normed(lean, x, lean.final)
    if not keep:
        return hidden, None
    return hidden, Kept(tuple(key for key, _ in kept), tuple(value for _, value in kept))


def normed(lean: Lean, x: Any, gain: Any) -> Any:
    """Root-mean-square norm over the last dimension, in float32 inside, as each architecture rounds it."""
    import torch

    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
    scale = length.square_().div_(x.shape[-1]).add_(lean.epsilon).rsqrt_()
    if x.dtype == torch.float32:
        return (x * scale).mul_(gain)
    if lean.gains_in_float:
        return (x * scale).mul_(gain).to(x.dtype)
    return (x * scale).to(x.dtype).mul_(gain)


def _turns(lean: Lean, x: Any, positions: Any) -> dict[str, tuple[Any, Any]]:
    """Cosines and sines (T, 1, head size) by kind of layer."""
    made: dict[str, tuple[Any, Any]] = {}
    for kind in {layer.kind for layer in lean.layers}:
        extra = (kind,) if lean.several_rotaries else ()
        cosines, sines = lean.rotary(x[None], positions[None], *extra)
        made[kind] = cosines[0][:, None], sines[0][:, None]
    return made


def _heads(lean: Lean, layer: Layer, x: Any, turn: tuple[Any, Any]) -> tuple[Any, Any, Any]:
    """Queries (T, heads, size), keys and values (T, key heads, size), turned by their positions."""
    from torch.nn.functional import linear

    fused = linear(normed(lean, x, layer.before_attention), layer.qkv, layer.qkv_bias)
    heads = fused.view(len(x), lean.heads + 2 * lean.key_heads, lean.head_size)
    turned = heads[:, : lean.heads + lean.key_heads]
    if layer.head_gain is not None:
        turned = normed(lean, turned, layer.head_gain)
    half = lean.head_size // 2
    cosines, sines = turn
    out = turned * cosines
    out[..., :half].addcmul_(turned[..., half:], sines[..., :half], value=-1)
    out[..., half:].addcmul_(turned[..., :half], sines[..., half:])
    return out[:, : lean.heads], out[:, lean.heads :], heads[:, lean.heads + lean.key_heads :]


def _attend(
    lean: Lean, layer: Layer, query: Any, key: Any, value: Any, spans: Sequence[Span], past: tuple[Any, Any] | None
) -> Any:
    """(T, heads x size): each row's tokens mixed from what they may see."""
    import torch

    mixed = torch.empty_like(query)
    depth = 0 if past is None else past[0].shape[0]
    if past is not None:
        room = (depth + max(span.size for span in spans), lean.key_heads, lean.head_size)
        all_keys, all_values = key.new_empty(room), value.new_empty(room)
        all_keys[:depth], all_values[:depth] = past[0], past[1]
    at = 0
    for span in spans:
        end = at + span.size
        if past is None:
            keys, values = key[at:end], value[at:end]
        else:
            all_keys[depth : depth + span.size] = key[at:end]
            all_values[depth : depth + span.size] = value[at:end]
            keys, values = all_keys[: depth + span.size], all_values[: depth + span.size]
        queries, target = query[at:end], mixed[at:end]
        if layer.window is not None and span.windowed is not None:
            _mix(lean, target, queries, keys, values, span.windowed)
        elif span.whole is not None:
            _mix(lean, target, queries, keys, values, span.whole)
        else:
            stem = span.stem
            _mix(lean, target[:stem], queries[:stem], keys[:stem], values[:stem], None)
            if stem < span.size:
                _mix(lean, target[stem:], queries[stem:], keys, values, span.below)
        at = end
    return mixed.view(len(mixed), -1)


def _mix(lean: Lean, target: Any, query: Any, key: Any, value: Any, mask: Any | None) -> None:
    from torch.nn.functional import scaled_dot_product_attention

    found = scaled_dot_product_attention(
        query.transpose(0, 1)[None],
        key.transpose(0, 1)[None],
        value.transpose(0, 1)[None],
        attn_mask=mask,
        is_causal=mask is None,
        scale=lean.scaling,
        enable_gqa=lean.heads != lean.key_heads,
    )
    target.copy_(found[0].transpose(0, 1))


def _after(lean: Lean, layer: Layer, x: Any, mixed: Any) -> Any:
    """What a layer does after attention; changes `x` in place."""
    from torch.nn.functional import linear, silu

    out = linear(mixed, layer.out, layer.out_bias)
    if layer.after_attention is not None:
        out = normed(lean, out, layer.after_attention)
    x = x.add_(out)
    both = linear(normed(lean, x, layer.before_mlp), layer.gate_up)
    size = both.shape[-1] // 2
    gate, up = both[:, :size], both[:, size:]
    gate = silu(gate, inplace=True) if lean.silu else lean.activation(gate)
    out = linear(gate.mul_(up), layer.down)
    if layer.after_mlp is not None:
        out = normed(lean, out, layer.after_mlp)
    return x.add_(out)
