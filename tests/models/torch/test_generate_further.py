"""Architectures beyond those with a model of their own: tiny random ones, each step against a plain forward pass."""

from __future__ import annotations

import pytest

from open_models import CAUSAL, needs_torch, tiny
from weighbridge.models.local.torch.decode import TOGETHER
from weighbridge.models.local.torch.loaded import Loaded

pytestmark = [pytest.mark.torch, needs_torch]

_SIZES = {
    "vocab_size": 320,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
_OLD = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512}
_EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
_MOE = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
_HEAD = {"head_dim": 8}
_WINDOW = {"sliding_window": 8}
_FURTHER: dict[str, dict] = {
    "apertus": {},
    "arcee": {},
    "biogpt": {},
    "bitnet": {},
    "codegen": _OLD | {"rotary_dim": 4},
    "cohere": {},
    "cohere2": _WINDOW,
    "ernie4_5": _HEAD,
    "exaone4": _WINDOW,
    "gemma": _HEAD,
    "glm": _HEAD,
    "glm4": _HEAD,
    "gpt_bigcode": _OLD,
    "gpt_neo": {"num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]], "window_size": 8},
    "gpt_oss": _EXPERTS | _HEAD | _WINDOW,
    "granite": {},
    "granitemoe": _EXPERTS,
    "helium": _HEAD,
    "hunyuan_v1_dense": _HEAD,
    "ministral": _HEAD | _WINDOW,
    "mixtral": _EXPERTS | {"sliding_window": None},
    "mpt": {"d_model": 32, "n_heads": 4, "n_layers": 2},
    "nemotron": {},
    "olmo": {},
    "olmo2": {},
    "olmo3": _WINDOW,
    "olmoe": {"num_experts": 4, "num_experts_per_tok": 2},
    "opt": {"ffn_dim": 64, "word_embed_proj_dim": 32},
    "persimmon": {},
    "phi": {},
    "phi3": {"original_max_position_embeddings": 512},
    "phimoe": _EXPERTS,
    "qwen2_moe": _MOE | {"shared_expert_intermediate_size": 16},
    "qwen3_moe": _MOE | _HEAD,
    "seed_oss": _HEAD,
    "smollm3": {},
    "stablelm": {},
    "starcoder2": {"sliding_window": None},
    "xglm": {"d_model": 32, "num_layers": 2, "attention_heads": 4, "ffn_dim": 64},
}


def test_every_architecture_that_is_decoded_together_is_tested() -> None:
    import json

    tested = {json.loads((tiny(name) / "config.json").read_text())["model_type"] for name in CAUSAL}
    # "gemma3" is what a checkpoint with pictures is called; its text part is "gemma3_text".
    assert tested | set(_FURTHER) | {"gemma3"} == TOGETHER


@pytest.mark.parametrize("name", sorted(_FURTHER))
def test_rows_that_come_and_go_have_the_logits_of_a_plain_forward_pass(name: str) -> None:
    import torch

    from weighbridge.models.local.torch.decode import CausalDecoder

    loaded = _made(name)
    draw = torch.Generator().manual_seed(3)
    rows = [torch.randint(6, 320, (length,), generator=draw).tolist() for length in (2, 25, 9)]
    later = torch.randint(6, 320, (14,), generator=draw).tolist()
    with torch.inference_mode():
        decoder = CausalDecoder(loaded)
        _check(loaded, decoder.add(rows), rows)
        for _ in range(3):
            _step(loaded, decoder, rows, draw)
        decoder.drop(0)
        rows[0] = rows.pop()
        _check(loaded, decoder.add([later]), [later])
        rows.append(later)
        for _ in range(3):
            _step(loaded, decoder, rows, draw)


def _step(loaded: Loaded, decoder, rows: list[list[int]], draw) -> None:
    import torch

    tokens = torch.randint(6, 320, (len(rows),), generator=draw).tolist()
    logits = decoder.step(tokens)
    for row, token in zip(rows, tokens, strict=True):
        row.append(token)
    _check(loaded, logits, rows)


def _check(loaded: Loaded, logits, rows: list[list[int]]) -> None:
    import torch

    for ours, row in zip(logits, rows, strict=True):
        right = loaded.model(torch.tensor([row]), use_cache=False).logits[0, -1].float()
        torch.testing.assert_close(ours, right, rtol=1e-4, atol=1e-4 * float(right.abs().max()))


def _made(name: str) -> Loaded:
    import torch
    import transformers

    try:
        config = transformers.AutoConfig.for_model(name, **(_SIZES | _FURTHER[name]))
    except ValueError:
        pytest.skip(f"this version of transformers has no {name}")
    torch.manual_seed(1)
    torch.set_num_threads(1)
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval().requires_grad_(False)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.normal_(0, 0.15)
    cpu = torch.device("cpu")
    return Loaded(model, None, model.config, "causal", name, cpu, torch.float32, None, None)


@pytest.mark.parametrize("kind", ["dynamic", "longrope", "default"])
def test_an_embedding_that_turns_by_the_longest_row_is_decoded_alone(kind: str) -> None:
    from types import SimpleNamespace

    from weighbridge.models.local.torch.decode import _turns_by_length

    flat = SimpleNamespace(rope_parameters={"rope_type": kind, "rope_theta": 1e4})
    nested = SimpleNamespace(rope_parameters={"full_attention": {"rope_type": kind}})
    none = SimpleNamespace(rope_parameters=None)
    assert _turns_by_length(flat) == _turns_by_length(nested) == (kind != "default")
    assert not _turns_by_length(none)
