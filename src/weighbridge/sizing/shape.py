"""What a model is made of: runs of like layers, embeddings and a head, in counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layers:
    """A run of layers that are alike. Widths and heads are counts; 0: there is no such part."""

    count: int
    heads: int
    """Heads of the queries."""
    kv_heads: int
    """Heads of keys and values: as many as `heads` (each its own), fewer (groups share one), or 1 (all share)."""
    head_dim: int
    """Numbers in one head's query and key."""
    value_dim: int = 0
    """Numbers in one head's value; 0: as many as in its key."""
    query_rank: int = 0
    """Width that queries are squeezed through (latent attention)."""
    kv_rank: int = 0
    """Width that keys and values are squeezed through (latent attention); kept of a token, with `rope_dim`."""
    rope_dim: int = 0
    """Numbers of a key that carry the position and are shared by all heads (latent attention)."""
    index_dim: int = 0
    """Numbers of a key kept of each token to choose by which tokens are attended to (sparse attention)."""
    state: int = 0
    """Bytes that a layer keeps of a sequence however long it is (linear attention, Mamba)."""
    window: int | None = None
    """Tokens back that a layer sees, and keeps; None: all."""
    ffn: int = 0
    """Inner width of the feed-forward part that every token passes."""
    gated: bool = True
    """Whether feed-forward parts have a third matrix, the gate."""
    experts: int = 0
    """Feed-forward parts among which a router chooses."""
    experts_used: int = 0
    """How many of them a token passes."""
    expert_ffn: int = 0
    """Inner width of one expert."""
    expert_extra: int = 0
    """Numbers of one expert beside its matrices: biases."""
    cross: bool = False
    """Whether it also attends to an encoder's output."""
    extra: int = 0
    """Numbers of one layer beside the matrices: norms, biases, positions."""

    @property
    def latent(self) -> bool:
        """Whether keys and values are kept squeezed (multi-head latent attention)."""
        return self.kv_rank > 0

    @property
    def values(self) -> int:
        """Numbers in one head's value."""
        return self.value_dim or self.head_dim


@dataclass(frozen=True, slots=True)
class Stored:
    """What the files of a model hold."""

    numbers: int
    """Weights."""
    size: int
    """Bytes of them."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A model's make, from its configuration, its file's head, or the facts of the catalogue."""

    name: str
    family: str
    """Its architecture's name: ``llama``, ``t5``, ..."""
    hidden: int
    """Width between layers."""
    vocab: int
    """Rows of the token embedding."""
    layers: tuple[Layers, ...]
    """The only stack, or the decoder's."""
    encoder: tuple[Layers, ...] = ()
    """Of a model with an encoder and a decoder."""
    tied: bool = False
    """Whether the output matrix is the token embedding."""
    writes: bool = True
    """Whether it writes text token by token, and so keeps keys and values. Encoders alone do not."""
    extra: int = 0
    """Numbers outside the layers and the vocabulary's matrices: positions, last norms, heads of classifiers."""
    looked_up: int = 0
    """Of `extra`, embeddings of which a token takes a row and multiplies with none."""
    context: int | None = None
    """Most tokens it was made for; None where nothing says so."""
    stated: tuple[int, int] | None = None
    """Published counts (all, used for one token), taken where the parts known do not make up the whole."""
    stored: Stored | None = None
    """What its files hold, where they are at hand."""
    kept: str = ""
    """Precision that its makers publish it in, as `precision` names it; empty where nothing says so."""
    source: str = ""
    """Where this was read."""
    notes: tuple[str, ...] = ()

    @property
    def depth(self) -> int:
        """Layers, both stacks together."""
        return sum(run.count for run in (*self.encoder, *self.layers))

    @property
    def mixture(self) -> bool:
        """Whether it has experts of which a token passes some."""
        return any(run.experts for run in self.layers)
