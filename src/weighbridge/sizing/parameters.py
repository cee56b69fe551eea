"""How many numbers a model holds, all and those one token passes; exact where the configuration says all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.sizing.shape import Layers, Shape


@dataclass(frozen=True, slots=True)
class Parameters:
    """Counts of weights."""

    total: int
    active: int
    """Those used for one token, embeddings and head included (makers differ in whether they count embeddings)."""
    embedding: int
    """Of these, embeddings: looked up, not multiplied. Where the tokens' is also the output matrix, it is not one."""

    @property
    def multiplied(self) -> int:
        """Numbers that one token is multiplied with: each costs two operations."""
        return self.active - self.embedding


def parameters(shape: Shape) -> Parameters:
    """Numbers in a model of this shape.

    The sum over the matrices of its layers, checked in the tests to be exact against the architectures of
    transformers. Published counts replace it where the shape does not tell all parts.
    """
    words = shape.vocab * shape.hidden
    outside = words * (1 if shape.tied or not shape.writes else 2) + shape.extra
    stacks = (*shape.encoder, *shape.layers)
    total = outside + sum(run.count * layer_numbers(shape.hidden, run) for run in stacks)
    active = outside + sum(run.count * layer_active(shape.hidden, run) for run in stacks)
    if shape.stated is not None:
        total, active = shape.stated
    return Parameters(total, active, (0 if shape.tied and shape.writes else words) + shape.looked_up)


def layer_numbers(hidden: int, run: Layers) -> int:
    """Numbers in one layer, all experts included."""
    experts = run.experts * (expert_numbers(hidden, run) + hidden)  # and a row of the router for each
    return attention_numbers(hidden, run) + _ffn(hidden, run.ffn, run.gated) + experts + run.extra


def layer_active(hidden: int, run: Layers) -> int:
    """Numbers of one layer that a token passes."""
    return layer_numbers(hidden, run) - max(0, run.experts - run.experts_used) * expert_numbers(hidden, run)


def expert_numbers(hidden: int, run: Layers) -> int:
    """Numbers in one expert."""
    return _ffn(hidden, run.expert_ffn, run.gated) + run.expert_extra


def attention_numbers(hidden: int, run: Layers) -> int:
    """Numbers in the matrices of one layer's attention, to an encoder's output too where it does so."""
    out = run.heads * run.values * hidden
    if run.latent:
        plain = run.head_dim - run.rope_dim
        wide = run.heads * run.head_dim
        query = run.query_rank * (hidden + wide) if run.query_rank else hidden * wide
        squeezed = hidden * (run.kv_rank + run.rope_dim)
        return query + squeezed + run.kv_rank * run.heads * (plain + run.values) + out
    once = hidden * (run.heads * run.head_dim + run.kv_heads * (run.head_dim + run.values)) + out
    return 2 * once if run.cross else once


def multiplied(shape: Shape, *, reading: bool) -> int:
    """Numbers that a token is multiplied with while a prompt is read, or while one is written.

    They differ where an encoder reads and a decoder writes.
    """
    if not shape.encoder:
        return parameters(shape).multiplied
    stack = shape.encoder if reading else shape.layers
    inside = sum(run.count * layer_active(shape.hidden, run) for run in stack)
    return inside if reading else inside + shape.vocab * shape.hidden


def spans(layers: Sequence[Layers]) -> int:
    """Layers in a stack."""
    return sum(run.count for run in layers)


def _ffn(hidden: int, inner: int, gated: bool) -> int:
    return (3 if gated else 2) * hidden * inner
