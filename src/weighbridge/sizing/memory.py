"""Bytes a model takes to serve: weights, keys and values, working space."""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.errors import UsageError
from weighbridge.sizing.parameters import parameters, spans
from weighbridge.sizing.precision import Precision, as_stored, precision, weight_bytes
from weighbridge.sizing.shape import Layers, Shape

CHUNK = 8192
"""Tokens an engine works on at once while it reads prompts; longer prompts are read in pieces."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes, by what they are for; of all accelerators together."""

    weights: int
    cache: int
    """Keys and values of all tokens held."""
    activations: int
    """Values between layers while prompts are read, and the scores of the vocabulary."""

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.activations


def memory(
    shape: Shape, kept: Precision | str = "bf16", context: int = 4096, batch: int = 1, *, cache_bits: float = 16
) -> Memory:
    """What `batch` sequences of `context` tokens take at once.

    `context` counts prompt and answer together; `cache_bits` are those of one kept number (8 where the engine keeps
    keys and values in fp8). Raises `UsageError` for counts below one.
    """
    if context < 1 or batch < 1:
        raise UsageError(f"context {context} and batch {batch} must be at least 1")
    chosen = chosen_precision(shape, kept)
    return Memory(
        weights=weight_bytes(shape, chosen),
        cache=round(batch * sequence_cache(shape, context, cache_bits)),
        activations=activation_bytes(shape, context, batch, chosen),
    )


def chosen_precision(shape: Shape, kept: Precision | str) -> Precision:
    """The precision of that name; ``stored``: the one of the model's files. Raises `UsageError`."""
    if isinstance(kept, Precision):
        return kept
    return as_stored(shape) if kept.strip().lower() in ("stored", "as stored") else precision(kept)


def cache_per_token(shape: Shape, bits: float = 16) -> float:
    """Bytes kept of one token in all layers: 2 x layers x kv_heads x head_dim numbers, or a squeezed key and value.

    Layers with a window keep as much of each token, but forget it later: `sequence_cache`.
    """
    return sum(run.count * _kept(run) for run in shape.layers) * bits / 8 if shape.writes else 0.0


def sequence_cache(shape: Shape, tokens: int, bits: float = 16) -> float:
    """Bytes kept of a sequence of `tokens`. A window's layers keep no more than the window."""
    if not shape.writes:
        return 0.0
    numbers = sum(
        run.count * _kept(run) * (min(tokens, run.window) if run.window else tokens) * (2 if run.cross else 1)
        for run in shape.layers
    )
    return numbers * bits / 8 + sum(run.count * run.state for run in shape.layers)


def copies(shape: Shape, split: int) -> float:
    """How often keys and values are held: more devices than key heads each keep a copy."""
    kept = [1 if run.latent else run.kv_heads for run in shape.layers if run.kv_heads]
    return max(1.0, split / max(1, min(kept, default=split)))


def activation_bytes(shape: Shape, context: int, batch: int, kept: Precision) -> int:
    """Working space of a forward pass over one chunk of prompts, a few buffers of the widest layer; and the scores.

    Values between layers are in half precision (single where the weights are).
    """
    size = 4 if kept.arithmetic == "fp32" else 2
    tokens = min(context * batch, CHUNK)
    widest = max(
        (max(run.ffn, run.experts_used * run.expert_ffn) * (2 if run.gated else 1) for run in shape.layers), default=0
    )
    heads = max((run.heads * run.head_dim + 2 * run.kv_heads * run.head_dim for run in shape.layers), default=0)
    scores = min(batch, CHUNK) * shape.vocab * 4 if shape.writes else 0
    return round(tokens * (4 * shape.hidden + widest + heads) * size + scores)


def described(shape: Shape) -> str:
    """One line on the shape, as a person would say it."""
    counted = parameters(shape)
    used = f", {_billions(counted.active)} used a token" if shape.mixture else ""
    stacks = f"{spans(shape.encoder)} + {spans(shape.layers)}" if shape.encoder else str(spans(shape.layers))
    return f"{shape.name}: {_billions(counted.total)} parameters{used}, {stacks} layers, width {shape.hidden:,}"


def _billions(count: int) -> str:
    """``70.6B``; from a thousand on ``1.03T``."""
    return f"{count / 1e12:.3g}T" if count >= 999.5e9 else f"{count / 1e9:.3g}B"


def _kept(run: Layers) -> int:
    if run.latent:
        return run.kv_rank + run.rope_dim + run.index_dim
    return run.kv_heads * (run.head_dim + run.values) + run.index_dim
