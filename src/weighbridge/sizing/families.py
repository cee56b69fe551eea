"""Decoders of the LLaMA kin, from their configurations; every count is held against transformers in the tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from weighbridge.errors import UsageError
from weighbridge.sizing.said import Said
from weighbridge.sizing.shape import Layers, Shape

Reader = Callable[[Said], Shape]


@dataclass(frozen=True, slots=True)
class Kin:
    """How one family differs from LLaMA, where its configuration does not say so."""

    query_bias: bool | str = "attention_bias"
    """Whether queries, keys and values have biases, or the key that says it."""
    out_bias: bool | str = "attention_bias"
    ffn_bias: bool | str = "mlp_bias"
    gated: bool = True
    norms: int = 2
    """Norms of the layers' width in a layer."""
    norm_bias: bool = False
    no_norms: bool = False
    """Norms without weights."""
    head_norms: Literal["", "head", "wide"] = ""
    """Norms of queries and keys: one head wide, or as wide as all heads together."""
    tied: bool = False
    """Where the configuration says nothing."""
    window: Literal["", "all", "said"] = ""
    """Whether all layers have the configuration's window, or those it names."""
    head_dim: int | None = None
    """Where the configuration says nothing; None: width over heads."""


KIN: dict[str, Kin] = {
    "llama": Kin(),
    "mistral": Kin(query_bias=False, out_bias=False, ffn_bias=False, window="all"),
    "ministral": Kin(query_bias=False, out_bias=False, ffn_bias=False, window="said"),
    "mixtral": Kin(query_bias=False, out_bias=False, ffn_bias=False, window="all"),
    "qwen2": Kin(query_bias=True, out_bias=False, ffn_bias=False, window="said"),
    "qwen2_moe": Kin(query_bias="qkv_bias", out_bias=False, ffn_bias=False, window="said"),
    "qwen3": Kin(ffn_bias=False, head_norms="head", window="said", head_dim=128),
    "qwen3_moe": Kin(ffn_bias=False, head_norms="head", window="said"),
    "gemma": Kin(ffn_bias=False, tied=True, head_dim=256),
    "gemma2": Kin(ffn_bias=False, norms=4, tied=True, window="said", head_dim=256),
    "gemma3_text": Kin(ffn_bias=False, norms=4, tied=True, head_norms="head", window="said", head_dim=256),
    "phi3": Kin(query_bias=False, out_bias=False, ffn_bias=False, window="all"),
    "olmo": Kin(ffn_bias=False, no_norms=True),
    "olmo2": Kin(ffn_bias=False, head_norms="wide"),
    "granite": Kin(),
    "cohere": Kin(ffn_bias=False, norms=1, tied=True, head_norms=""),
    "starcoder2": Kin(
        query_bias="use_bias", out_bias="use_bias", ffn_bias="use_bias", gated=False, norm_bias=True, tied=True
    ),
    "cohere2": Kin(query_bias="attention_bias", ffn_bias=False, norms=1, tied=True, window="said"),
    "smollm3": Kin(tied=True),
    "llama4_text": Kin(ffn_bias=False),
    "olmoe": Kin(ffn_bias=False, head_norms="wide"),
    "glm4_moe": Kin(ffn_bias=False, out_bias=False, head_dim=128),
    "minimax_m2": Kin(query_bias=False, out_bias=False, ffn_bias=False, head_norms="wide"),
    "gpt_oss": Kin(ffn_bias=False, window="said"),
}

_TRUE_UNSAID = frozenset({"qkv_bias", "use_bias"})
"""Keys that mean yes where they are missing."""


def read_kin(said: Said) -> Shape:
    """A decoder of the LLaMA kin."""
    kin = KIN[said.family]
    hidden, heads = said.count("hidden_size"), said.count("num_attention_heads")
    size = said.maybe("head_dim") or kin.head_dim or divided(said, hidden, heads)
    kept = said.maybe("num_key_value_heads") or heads
    wide, narrow = heads * size, kept * size
    query = _says(said, kin.query_bias) or said.family == "gpt_oss"
    out = _says(said, kin.out_bias) or said.family == "gpt_oss"
    extra = (wide + 2 * narrow if query else 0) + (hidden if out else 0)
    extra += 0 if kin.no_norms else kin.norms * hidden * (2 if kin.norm_bias else 1)
    extra += {"": 0, "head": 2 * size, "wide": wide + narrow}[kin.head_norms]
    if said.flag("use_qk_norm", False):
        extra += {"cohere": wide + narrow, "glm4_moe": 2 * size}.get(said.family, 0)
    if said.family == "gpt_oss":
        extra += heads  # a sink for each head
    base = Layers(1, heads, kept, size, gated=kin.gated, extra=extra)
    inner = said.maybe("intermediate_size_mlp" if said.family == "llama4_text" else "intermediate_size")
    plain = replace(base, ffn=inner or 0)
    if plain.ffn and _says(said, kin.ffn_bias):
        plain = replace(plain, extra=extra + plain.ffn * (2 if kin.gated else 1) + hidden)
    depth = said.depth("num_hidden_layers")
    runs = [_with_experts(said, base, hidden) if one else plain for one in _mixed(said, depth)]
    if not all(run.ffn or run.experts for run in runs):
        said.count("intermediate_size")  # says that it is missing
    windows = _windows(said, kin, depth)
    runs = [replace(run, window=window) for run, window in zip(runs, windows, strict=True)]
    norm = 0 if kin.no_norms else hidden * (2 if kin.norm_bias else 1)
    return Shape(
        name=said.name,
        family=said.family,
        hidden=hidden,
        vocab=said.count("vocab_size"),
        layers=together(runs),
        tied=said.flag("tie_word_embeddings", kin.tied),
        extra=norm,
        context=said.maybe("max_position_embeddings"),
    )


def together(runs: list[Layers]) -> tuple[Layers, ...]:
    """Like layers counted together, in order of their first."""
    counted: dict[Layers, int] = {}
    for run in runs:
        alone = replace(run, count=1)
        counted[alone] = counted.get(alone, 0) + run.count
    return tuple(replace(run, count=count) for run, count in counted.items())


def divided(said: Said, hidden: int, heads: int) -> int:
    """Width of a head. Raises `UsageError` where the width is not shared out evenly."""
    if hidden % heads:
        raise UsageError(
            f"a width of {hidden} cannot be shared out among {heads} heads",
            where=said.where,
            fix="one of the two is damaged (or head_dim is missing): get config.json of this model again",
        )
    return hidden // heads


def _mixed(said: Said, depth: int) -> list[bool]:
    """Whether each layer has experts."""
    if said.family in ("mixtral", "gpt_oss", "olmoe", "minimax_m2"):
        return [True] * depth
    if said.family == "glm4_moe":
        return [place >= said.natural("first_k_dense_replace", 1) for place in range(depth)]
    if said.family == "llama4_text":
        step, named = said.maybe("interleave_moe_layer_step") or 1, said.values.get("moe_layers")
        mixed = said.places("moe_layers") if named is not None else set(range(step - 1, depth, step))
        return [place in mixed for place in range(depth)]
    if said.family not in ("qwen2_moe", "qwen3_moe"):
        return [False] * depth
    step, dense = said.natural("decoder_sparse_step", 1) or 1, said.places("mlp_only_layers")
    return [place not in dense and (place + 1) % step == 0 for place in range(depth)]


def _with_experts(said: Said, base: Layers, hidden: int) -> Layers:
    experts = said.count("num_local_experts", "num_experts", "n_routed_experts")
    inner = said.count("moe_intermediate_size", "intermediate_size")
    used = said.count("num_experts_per_tok")
    if used > experts:
        raise said.damaged("num_experts_per_tok", f"at most the number of experts, {experts}")
    shared, extra = 0, 0
    if said.family == "qwen2_moe":
        shared = said.natural("shared_expert_intermediate_size")
        extra = hidden if shared else 0  # its gate
    elif said.family == "llama4_text":
        shared = inner
    elif said.family == "glm4_moe":
        shared = said.natural("n_shared_experts", 1) * inner
    biased = said.family == "gpt_oss"
    return replace(
        base,
        experts=experts,
        experts_used=used,
        expert_ffn=inner,
        expert_extra=2 * inner + hidden if biased else 0,
        ffn=shared,
        extra=base.extra + extra + (experts if biased else 0),
    )


def _windows(said: Said, kin: Kin, depth: int) -> list[int | None]:
    window = said.natural("sliding_window") or None
    kinds = said.list_of("layer_types")
    if said.family == "llama4_text":  # three of four layers attend within chunks
        chunk, step = said.maybe("attention_chunk_size"), said.maybe("no_rope_layer_interval") or 4
        return [chunk if (place + 1) % step else None for place in range(depth)]
    if window is None or not kin.window:
        return [None] * depth
    if kinds:
        if len(kinds) != depth:
            raise said.damaged("layer_types", f"a list of {depth}, one for each layer")
        return [window if kind == "sliding_attention" else None for kind in kinds]
    if kin.window == "all":
        return [window] * depth
    # Older configurations name no kinds: these were the rules of their makers' code.
    if said.family in ("gemma2", "gpt_oss"):
        return [None if place % 2 else window for place in range(depth)]
    if said.family in ("gemma3_text", "cohere2"):
        step = said.maybe("sliding_window_pattern") or (6 if said.family == "gemma3_text" else 4)
        return [None if (place + 1) % step == 0 else window for place in range(depth)]
    if not said.flag("use_sliding_window", False):
        return [None] * depth
    first = said.natural("max_window_layers", depth)
    return [window if place >= first else None for place in range(depth)]


def _says(said: Said, rule: bool | str) -> bool:
    return said.flag(rule, rule in _TRUE_UNSAID) if isinstance(rule, str) else rule
