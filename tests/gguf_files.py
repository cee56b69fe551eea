"""GGUF files for tests: weights of others as plain float32, and models of transformers written as GGUF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def dequantised(source: Path, target: Path) -> Path:
    """`source` with every tensor as float32, as transformers reads it."""
    from gguf import GGUFReader, GGUFValueType, GGUFWriter, dequantize

    reader = GGUFReader(source)
    writer = GGUFWriter(target, str(reader.fields["general.architecture"].contents()))
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind is GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, inner)
    for tensor in reader.tensors:
        shape = [int(size) for size in reversed(tensor.shape)]
        writer.add_tensor(tensor.name, dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(shape))
    _written(writer)
    return target


def llama_as_gguf(folder: Path, target: Path) -> Path:
    """A model of transformers' LLaMA with a byte-level BPE tokenizer, as llama.cpp's own converter writes it."""
    import torch
    from gguf import GGUFWriter, TokenType
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = model.config
    writer = GGUFWriter(target, "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    _byte_pairs(writer, tokenizer, config.vocab_size, TokenType)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    names = {
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    whole = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}
    whole["lm_head.weight"] = "output.weight"
    for name, tensor in model.state_dict().items():
        array = tensor.numpy()
        if name in whole:
            writer.add_tensor(whole[name], array)
            continue
        layer, _, rest = name.removeprefix("model.layers.").partition(".")
        part = rest.removesuffix(".weight")
        count = heads.get(part.rpartition(".")[2])
        if count:
            # llama.cpp turns neighbouring pairs of a head, transformers its two halves.
            rows = array.shape[0] // count // 2
            array = array.reshape(count, 2, rows, -1).swapaxes(1, 2).reshape(array.shape)
        writer.add_tensor(f"blk.{layer}.{names[part]}.weight", np.ascontiguousarray(array))
    _written(writer)
    return target


def _byte_pairs(writer: Any, tokenizer: Any, size: int, kinds: Any) -> None:
    import json

    inner = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    words = {number: word for word, number in inner["vocab"].items()}
    added = tokenizer.added_tokens_decoder
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([words.get(number, f"[unused{number}]") for number in range(size)])
    writer.add_token_types(
        [
            kinds.CONTROL if number in added else kinds.NORMAL if number in words else kinds.UNUSED
            for number in range(size)
        ]
    )
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in inner["merges"]])
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_add_bos_token(False)


def bert_as_gguf(folder: Path, target: Path) -> Path:
    """An encoder of transformers' BERT with a WordPiece tokenizer and mean pooling, as the converter writes it."""
    import torch
    from gguf import GGUFWriter, PoolingType, TokenType
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = model.config
    writer = GGUFWriter(target, "bert")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_layer_norm_eps(config.layer_norm_eps)
    writer.add_causal_attention(False)
    writer.add_pooling_type(PoolingType.MEAN)
    vocabulary = {number: word for word, number in tokenizer.get_vocab().items()}
    words = []
    for number in range(config.vocab_size):
        word = vocabulary.get(number, f"[unused{number}]")
        # The converter marks the beginning of a word, where WordPiece marks what goes on.
        special = word.startswith("[") and word.endswith("]")
        words.append(word if special else word[2:] if word.startswith("##") else "▁" + word)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(words)
    writer.add_token_types(
        [TokenType.CONTROL if word.startswith("[") and word.endswith("]") else TokenType.NORMAL for word in words]
    )
    writer.add_token_type_count(config.type_vocab_size)
    for name in ("unk", "sep", "pad", "mask"):
        getattr(writer, f"add_{name}_token_id")(getattr(tokenizer, f"{name}_token_id"))
    writer.add_bos_token_id(tokenizer.cls_token_id)
    writer.add_eos_token_id(tokenizer.sep_token_id)
    names = {
        "attention.self.query": "attn_q",
        "attention.self.key": "attn_k",
        "attention.self.value": "attn_v",
        "attention.output.dense": "attn_output",
        "attention.output.LayerNorm": "attn_output_norm",
        "intermediate.dense": "ffn_up",
        "output.dense": "ffn_down",
        "output.LayerNorm": "layer_output_norm",
    }
    whole = {
        "embeddings.word_embeddings": "token_embd",
        "embeddings.position_embeddings": "position_embd",
        "embeddings.token_type_embeddings": "token_types",
        "embeddings.LayerNorm": "token_embd_norm",
    }
    for name, tensor in model.state_dict().items():
        part, _, end = name.rpartition(".")
        if part in whole:
            writer.add_tensor(f"{whole[part]}.{end}", tensor.numpy())
        elif part.startswith("encoder.layer."):
            layer, _, rest = part.removeprefix("encoder.layer.").partition(".")
            writer.add_tensor(f"blk.{layer}.{names[rest]}.{end}", tensor.numpy())
    _written(writer)
    return target


def _written(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
