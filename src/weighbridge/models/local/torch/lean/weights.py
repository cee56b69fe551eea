"""Weights of a LLaMA-like model, fused: query, key and value are one matrix, gate and up are one.

The model's own parameters become views of the fused ones, so that nothing is held twice and the model goes on
working as before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from weighbridge.models.local.torch.lean.pages import MappedFiles

FAMILY = frozenset({"llama", "mistral", "qwen2", "qwen3", "gemma3_text", "gemma3"})
"""``model_type`` of the architectures whose layers are written down in `lean.forward`."""
_KNOWN = frozenset(
    f"{name}.{kind}"
    for name in (
        *(f"self_attn.{part}_proj" for part in ("q", "k", "v", "o")),
        *("self_attn.q_norm", "self_attn.k_norm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"),
        *("input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"),
    )
    for kind in ("weight", "bias")
) - {"mlp.gate_proj.bias", "mlp.up_proj.bias", "mlp.down_proj.bias"}


@dataclass(frozen=True, slots=True)
class Layer:
    """One decoder layer. Matrices are (out, in), as `torch.nn.functional.linear` takes them."""

    qkv: Any
    """(query heads + 2 x key heads) x head size rows."""
    qkv_bias: Any | None
    out: Any
    out_bias: Any | None
    gate_up: Any
    """Gate rows, then up rows."""
    down: Any
    before_attention: Any
    """Gain of the norm there; what Gemma stores as the gain less one has the one added."""
    after_attention: Any | None
    """Gain of a norm on the attention's output, before it is added (Gemma 3)."""
    before_mlp: Any
    after_mlp: Any | None
    head_gain: Any | None
    """(query heads + key heads, head size): gains of the norms of queries and keys (Qwen 3, Gemma 3)."""
    window: int | None
    """How many positions back a token sees itself included; None: all."""
    kind: str
    """Name of its rotary embedding where the model has several (Gemma 3)."""


@dataclass(frozen=True, slots=True)
class Lean:
    """A whole model, ready for `lean.forward`."""

    layers: tuple[Layer, ...]
    embed: Any
    """Module from token numbers to vectors, scaled as the model does."""
    rotary: Any
    """Module that gives cosines and sines for positions."""
    final: Any
    """Gain of the last norm."""
    activation: Any
    silu: bool
    """Its activation is SiLU, which can be done in place."""
    epsilon: float
    heads: int
    key_heads: int
    head_size: int
    scaling: float
    gains_in_float: bool
    """Gemma multiplies by the gain before it rounds to the model's number type, the others after."""
    several_rotaries: bool
    dtype: Any
    device: Any

    @property
    def cache_bytes(self) -> int:
        """Bytes of keys and values that one token position takes."""
        return len(self.layers) * 2 * self.key_heads * self.head_size * int(self.dtype.itemsize)


def lean_weights(model: Any) -> Lean | None:
    """The fused weights of a ``...ForCausalLM``, or None where it is not of the family or has parts unknown here."""
    import torch

    config = model.config
    if config.model_type not in FAMILY or not hasattr(model, "model") or not hasattr(model.model, "layers"):
        return None
    inner = model.model
    gemma = config.model_type.startswith("gemma3")
    for layer in inner.layers:
        if not {name for name, _ in layer.named_parameters()} <= _KNOWN:
            return None
    if getattr(config, "attn_logit_softcapping", None) or getattr(config, "use_bidirectional_attention", False):
        return None
    attention = inner.layers[0].self_attn
    heads, key_heads = config.num_attention_heads, config.num_key_value_heads
    files = MappedFiles()
    with torch.no_grad():
        layers = tuple(_layer(layer, number, config, gemma, files) for number, layer in enumerate(inner.layers))
        final = _gain(inner.norm, gemma)
    return Lean(
        layers=layers,
        embed=inner.embed_tokens,
        rotary=inner.rotary_emb,
        final=final,
        activation=inner.layers[0].mlp.act_fn,
        silu=getattr(config, "hidden_act", None) == "silu",
        epsilon=config.rms_norm_eps,
        heads=heads,
        key_heads=key_heads,
        head_size=attention.head_dim,
        scaling=attention.scaling,
        gains_in_float=gemma,
        several_rotaries=gemma,
        dtype=inner.embed_tokens.weight.dtype,
        device=inner.embed_tokens.weight.device,
    )


def _layer(layer: Any, number: int, config: Any, gemma: bool, files: MappedFiles) -> Layer:
    import torch

    attention, mlp = layer.self_attn, layer.mlp
    head_gain = None
    if hasattr(attention, "q_norm"):
        queries = _gain(attention.q_norm, gemma).expand(config.num_attention_heads, -1)
        keys = _gain(attention.k_norm, gemma).expand(config.num_key_value_heads, -1)
        head_gain = torch.cat((queries, keys))
    return Layer(
        qkv=_fused(files, attention.q_proj, attention.k_proj, attention.v_proj),
        qkv_bias=_fused_bias(attention.q_proj, attention.k_proj, attention.v_proj),
        out=attention.o_proj.weight.detach(),
        out_bias=None if attention.o_proj.bias is None else attention.o_proj.bias.detach(),
        gate_up=_fused(files, mlp.gate_proj, mlp.up_proj),
        down=mlp.down_proj.weight.detach(),
        before_attention=_gain(layer.input_layernorm, gemma),
        after_attention=_gain(layer.post_attention_layernorm, gemma) if gemma else None,
        before_mlp=_gain(layer.pre_feedforward_layernorm if gemma else layer.post_attention_layernorm, gemma),
        after_mlp=_gain(layer.post_feedforward_layernorm, gemma) if gemma else None,
        head_gain=head_gain,
        window=_window(config, number),
        kind=_kind(config, number),
    )


def _kind(config: Any, number: int) -> str:
    kinds = getattr(config, "layer_types", None)
    return str(kinds[number]) if kinds else "full_attention"


def _window(config: Any, number: int) -> int | None:
    window = getattr(config, "sliding_window", None)
    kinds = getattr(config, "layer_types", None)
    if kinds is not None:
        return window if kinds[number] == "sliding_attention" else None
    # Mistral has one window for all layers; Qwen without layer types does not use the one it states.
    return window if config.model_type == "mistral" else None


def _gain(norm: Any, gemma: bool) -> Any:
    weight = norm.weight.detach()
    return weight.float() + 1 if gemma else weight


def _fused(files: MappedFiles, *linears: Any) -> Any:
    """One matrix of several, whose rows the linears then share. Done again it gives the same matrix."""
    import torch

    whole = linears[0].weight.detach()
    shared = whole.untyped_storage()
    rows = sum(linear.weight.shape[0] for linear in linears)
    if all(linear.weight.untyped_storage().data_ptr() == shared.data_ptr() for linear in linears):
        fused = torch.as_strided(whole, (rows, whole.shape[1]), (whole.shape[1], 1), whole.storage_offset())
        ends = [linear.weight.storage_offset() + linear.weight.numel() for linear in linears]
        starts = [linear.weight.storage_offset() for linear in linears]
        if starts[1:] == ends[:-1]:
            return fused
    fused = torch.cat([linear.weight.detach() for linear in linears])
    at = 0
    for linear in linears:
        before = linear.weight.data_ptr(), linear.weight.nbytes
        linear.weight.data = fused[at : at + linear.weight.shape[0]]
        files.drop(*before)
        at += linear.weight.shape[0]
    return fused


def _fused_bias(*linears: Any) -> Any | None:
    import torch

    if linears[0].bias is None:
        return None
    return torch.cat([linear.bias.detach() for linear in linears])
