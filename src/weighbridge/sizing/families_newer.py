"""Decoders some of whose layers keep a state of fixed size instead of keys and values; and Gemma 4."""

from __future__ import annotations

from dataclasses import replace

from weighbridge.sizing.families import together
from weighbridge.sizing.said import Said
from weighbridge.sizing.shape import Layers, Shape

_SINGLE = 4
"""Bytes of a state's number: states are kept in single precision."""


def read_qwen_hybrid(said: Said) -> Shape:
    """Qwen3-Next and Qwen 3.5: three of four layers are gated delta rules, the fourth is gated attention."""
    hidden, heads = said.count("hidden_size"), said.count("num_attention_heads")
    kept, size = said.count("num_key_value_heads"), said.maybe("head_dim") or 256
    wide, narrow = heads * size, kept * size
    bias = 2 * wide + 2 * narrow + hidden if said.flag("attention_bias", False) else 0
    whole = Layers(1, heads, kept, size, extra=2 * hidden + hidden * wide + 2 * size + bias)
    keys = said.count("linear_num_key_heads") * said.count("linear_key_head_dim")
    lines, each = said.count("linear_num_value_heads"), said.count("linear_value_head_dim")
    values, span = lines * each, said.count("linear_conv_kernel_dim")
    mixed = 2 * keys + values
    matrices = hidden * (2 * keys + 2 * values + 2 * lines) + hidden * values
    state = Layers(
        *(1, 0, 0, 0),
        extra=2 * hidden + matrices + mixed * span + 2 * lines + each,
        state=_SINGLE * (lines * said.count("linear_key_head_dim") * each + mixed * (span - 1)),
    )
    depth = said.depth("num_hidden_layers")
    step = said.maybe("full_attention_interval") or 4
    kinds = _kinds(said, depth, [place % step == step - 1 for place in range(depth)])
    runs = [whole if one else state for one in kinds]
    sparse = said.natural("decoder_sparse_step", 1) or 1
    dense = said.places("mlp_only_layers")
    for place, run in enumerate(runs):
        if said.family == "qwen3_5_text" or place in dense or (place + 1) % sparse:
            runs[place] = replace(run, ffn=said.count("intermediate_size"))
        else:
            mixture = _mixture(said, run, "num_experts", "moe_intermediate_size")
            shared = said.count("shared_expert_intermediate_size")
            runs[place] = replace(mixture, ffn=shared, extra=run.extra + hidden)
    return _decoder(said, runs, tied=False)


def read_granite_hybrid(said: Said) -> Shape:
    """Granite 4: most layers are Mamba-2, each with experts and a part that all tokens pass."""
    hidden, heads = said.count("hidden_size"), said.count("num_attention_heads")
    kept, size = said.maybe("num_key_value_heads") or heads, said.maybe("head_dim") or hidden // heads
    bias = (heads + 2 * kept) * size + hidden if said.flag("attention_bias", False) else 0
    whole = Layers(1, heads, kept, size, extra=2 * hidden + bias)
    lines, each, wide = said.count("mamba_n_heads"), said.maybe("mamba_d_head"), said.count("mamba_d_state")
    inner = lines * each if each else said.count("mamba_expand") * hidden
    span = said.count("mamba_d_conv")
    mixed = inner + 2 * said.natural("mamba_n_groups", 1) * wide
    rows = inner + mixed + lines
    biases = (mixed if said.flag("mamba_conv_bias", True) else 0) + (
        rows + hidden if said.flag("mamba_proj_bias", False) else 0
    )
    state = Layers(
        *(1, 0, 0, 0),
        extra=2 * hidden + hidden * rows + hidden * inner + inner + mixed * span + 3 * lines + biases,
        state=_SINGLE * (inner * wide + mixed * (span - 1)),
    )
    depth = said.depth("num_hidden_layers")
    runs = [whole if one else state for one in _kinds(said, depth, [False] * depth)]
    shared = said.natural("shared_intermediate_size")
    runs = [replace(run, ffn=shared) for run in runs]
    if said.natural("num_local_experts"):
        runs = [_mixture(said, run, "num_local_experts", "intermediate_size") for run in runs]
    return _decoder(said, runs, tied=False)


def read_gemma4(said: Said) -> Shape:
    """Gemma 4: wider heads where a layer sees all, keys that serve as values, late layers that keep none.

    Small ones look a second embedding up in each layer; one has experts beside its feed-forward parts.
    """
    hidden, heads, depth = (
        said.count("hidden_size"),
        said.count("num_attention_heads"),
        said.depth("num_hidden_layers"),
    )
    kinds = said.list_of("layer_types") or [
        "sliding_attention" if (place + 1) % 6 else "full_attention" for place in range(depth)
    ]
    if len(kinds) != depth:
        raise said.damaged("layer_types", f"a list of {depth}, one for each layer")
    own = depth - min(depth, said.natural("num_kv_shared_layers"))
    same, window = said.flag("attention_k_eq_v", False), said.maybe("sliding_window") or 512
    given = "hidden_size_per_layer_input" in said.values  # null there means none
    narrow = said.natural("hidden_size_per_layer_input", 0 if given else 256)
    each = said.natural("vocab_size_per_layer_input", 262_144) * narrow * depth
    runs = []
    for place, kind in enumerate([*kinds[:-1], "full_attention"]):
        whole = kind != "sliding_attention"
        size = (_of_layer(said, place, "head_dim") or said.maybe("global_head_dim") or 512) if whole else None
        size = size or said.maybe("head_dim") or 256
        kept = said.maybe("num_key_value_heads") or heads
        if whole:
            wider = said.maybe("num_global_key_value_heads") if same else None
            kept = _of_layer(said, place, "num_key_value_heads") or wider or kept
        kept = kept if place < own else 0
        extra = 4 * hidden + size + (size if kept else 0)
        extra -= hidden * kept * size if same and whole else 0  # keys serve as values: one matrix less
        extra += 2 * narrow * hidden + hidden if narrow else 0
        double = 2 if said.flag("use_double_wide_mlp", False) and not kept else 1
        if said.flag("attention_bias", False):
            extra += (heads + (1 if same and whole else 2) * kept) * size + hidden
        run = Layers(1, heads, kept, size, window=None if whole else window, extra=extra)
        run = replace(run, ffn=double * said.count("intermediate_size"))
        if said.flag("enable_moe_block", False):
            run = _mixture(said, run, "num_experts", "moe_intermediate_size", "top_k_experts")
            run = replace(run, extra=run.extra + 3 * hidden + hidden + run.experts)
        runs.append(run)
    shape = _decoder(said, runs, tied=True)
    if not narrow:
        return shape
    return replace(shape, extra=shape.extra + each + narrow * depth * hidden + narrow, looked_up=each)


def _of_layer(said: Said, place: int, name: str) -> int | None:
    """What ``per_layer_config`` says of one layer."""
    every = said.inside("per_layer_config")
    if every is None:
        return None
    one = every.inside(str(place).zfill(2)) or every.inside(str(place))
    return one.maybe(name) if one else None


def _kinds(said: Said, depth: int, otherwise: list[bool]) -> list[bool]:
    """For each layer whether it attends (True) or keeps a state."""
    kinds = said.list_of("layer_types")
    if not kinds:
        return otherwise
    if len(kinds) != depth or not set(map(str, kinds)) <= _NAMES:
        raise said.damaged("layer_types", f"a list of {depth} of {', '.join(sorted(_NAMES))}")
    return [kind in ("full_attention", "attention") for kind in kinds]


_NAMES = {"full_attention", "attention", "linear_attention", "mamba"}


def _mixture(said: Said, run: Layers, many: str, inner: str, passed: str = "num_experts_per_tok") -> Layers:
    experts, used = said.count(many), said.count(passed)
    if used > experts:
        raise said.damaged(passed, f"at most the number of experts, {experts}")
    return replace(run, experts=experts, experts_used=used, expert_ffn=said.count(inner))


def _decoder(said: Said, runs: list[Layers], *, tied: bool) -> Shape:
    hidden = said.count("hidden_size")
    return Shape(
        name=said.name,
        family=said.family,
        hidden=hidden,
        vocab=said.count("vocab_size"),
        layers=together(runs),
        tied=said.flag("tie_word_embeddings", tied),
        extra=hidden,
        context=said.maybe("max_position_embeddings"),
    )
