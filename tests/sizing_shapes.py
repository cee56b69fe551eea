"""Configurations that the tests of sizing share: real models' figures, and a small one."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from weighbridge.sizing import Shape, shape_of_config

SMALL: dict[str, Any] = {
    **{"hidden_size": 48, "num_hidden_layers": 5, "num_attention_heads": 6, "intermediate_size": 80},
    **{"vocab_size": 101, "max_position_embeddings": 64},
}
LLAMA_8B: dict[str, Any] = {
    **{"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32},
    **{"num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "torch_dtype": "bfloat16"},
    **{"max_position_embeddings": 131072, "tie_word_embeddings": False, "architectures": ["LlamaForCausalLM"]},
}
LLAMA_70B: dict[str, Any] = {
    **LLAMA_8B,
    **{"hidden_size": 8192, "num_hidden_layers": 80, "num_attention_heads": 64, "intermediate_size": 28672},
}
DEEPSEEK: dict[str, Any] = {
    **{"model_type": "deepseek_v3", "hidden_size": 7168, "num_hidden_layers": 61, "num_attention_heads": 128},
    **{"intermediate_size": 18432, "moe_intermediate_size": 2048, "first_k_dense_replace": 3, "moe_layer_freq": 1},
    **{"n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 8, "q_lora_rank": 1536},
    **{"kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128},
    **{"vocab_size": 129280, "max_position_embeddings": 163840, "quantization_config": {"quant_method": "fp8"}},
}
MIXTRAL: dict[str, Any] = {
    **{"model_type": "mixtral", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32},
    **{"num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 32000, "num_local_experts": 8},
    **{"num_experts_per_tok": 2, "sliding_window": None, "max_position_embeddings": 32768},
}
T5_11B: dict[str, Any] = {
    **{"model_type": "t5", "d_model": 1024, "d_kv": 128, "d_ff": 65536, "num_layers": 24, "num_heads": 128},
    **{"vocab_size": 32128, "n_positions": 512, "is_encoder_decoder": True},
}
BERT: dict[str, Any] = {**SMALL, "model_type": "bert", "architectures": ["BertModel"]}


def shape(config: dict[str, Any], **changes: object) -> Shape:
    """The shape of a configuration with some of its entries changed."""
    return shape_of_config({**config, **changes}, "config.json", "model")


def benchmark(name: str) -> ModuleType:
    """A script of `benchmarks/`, imported."""
    path = Path(__file__).resolve().parents[1] / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
