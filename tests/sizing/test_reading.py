"""Shapes from folders, listings, GGUF files and facts; what is damaged is named by file and key."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sizing_shapes import BERT, DEEPSEEK, LLAMA_8B, MIXTRAL, SMALL, T5_11B, shape
from weighbridge.audit.target import find_target
from weighbridge.catalog.models import shipped_catalogue
from weighbridge.errors import UsageError
from weighbridge.sizing import Shape, Stored, parameters, sequence_cache, shape_of, shape_of_config
from weighbridge.sizing.precision import as_stored, weight_bytes
from weighbridge.sizing.reading import READERS

TINY = {**SMALL, "model_type": "llama", "tie_word_embeddings": True, "torch_dtype": "float32"}


def folder_of(config: dict[str, Any], path: Path) -> Path:
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps(config))
    return path


def test_a_folder_is_read_with_what_its_weights_hold(tmp_path: Path) -> None:
    folder = folder_of(TINY, tmp_path / "tiny-llama")
    numbers = parameters(shape(TINY)).total
    head = json.dumps({"w": {"dtype": "F32", "shape": [numbers], "data_offsets": [0, 4 * numbers]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + bytes(4 * numbers))
    found = shape_of(find_target(str(folder)))
    assert found.name == "tiny-llama"
    assert found.stored == Stored(numbers, 4 * numbers)
    kept = as_stored(found)
    assert (kept.bits, kept.arithmetic, weight_bytes(found, kept)) == (32, "fp32", 4 * numbers)
    assert shape_of(folder / "model.safetensors") == found


def tensors_of(config: dict[str, Any], path: Path) -> None:
    """A safetensors file with the matrices of a LLaMA of this configuration, all nought."""
    hidden, wide, inner, words = 48, 6 * 8, config["intermediate_size"], config["vocab_size"]
    sizes = {"model.embed_tokens.weight": [words, hidden], "model.norm.weight": [hidden]}
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}"
        sizes |= {f"{at}.self_attn.{part}_proj.weight": [wide, hidden] for part in "qkv"}
        sizes |= {f"{at}.self_attn.o_proj.weight": [hidden, wide], f"{at}.mlp.down_proj.weight": [hidden, inner]}
        sizes |= {f"{at}.mlp.{part}_proj.weight": [inner, hidden] for part in ("gate", "up")}
        sizes |= {f"{at}.{part}_layernorm.weight": [hidden] for part in ("input", "post_attention")}
    head, place = {}, 0
    for name, shape_ in sizes.items():
        size = 2 * shape_[0] * (shape_[1] if len(shape_) > 1 else 1)
        head[name] = {"dtype": "BF16", "shape": shape_, "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(head).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(place))


def test_tensors_tell_the_shape_where_the_configuration_is_missing(tmp_path: Path) -> None:
    tensors_of(TINY, tmp_path / "model.safetensors")
    found = shape_of(tmp_path)
    said = shape(TINY)
    assert parameters(found).total == parameters(said).total
    assert sequence_cache(found, 100) == sequence_cache(said, 100)
    assert as_stored(found).arithmetic == "fp16"
    assert "no config.json" in found.notes[0]


def test_tensors_of_another_kind_tell_nothing(tmp_path: Path) -> None:
    head = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + bytes(8))
    with pytest.raises(UsageError, match=r"its tensors do not tell its shape: no matrix embed_tokens\.weight"):
        shape_of(tmp_path)


def test_a_folder_without_weights_has_a_shape(tmp_path: Path) -> None:
    found = shape_of(folder_of(TINY, tmp_path / "bare"))
    assert found.stored is None
    assert found.source.endswith("config.json")
    with pytest.raises(UsageError, match="the files of bare are not at hand"):
        as_stored(found)


def test_a_catalogue_name_is_enough() -> None:
    found = shape_of(find_target("llama-2-70b"))
    assert (found.hidden, found.layers[0].kv_heads, found.source) == (8192, 8, "catalogue")


def test_a_hub_listing_with_a_whole_configuration(tmp_path: Path) -> None:
    path = tmp_path / "listing.json"
    path.write_text(json.dumps({"id": "some/model", "config": LLAMA_8B, "siblings": []}))
    assert parameters(shape_of(path)).total == 8_030_261_248


def test_a_listing_that_tells_no_sizes_falls_back_to_the_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "llama-2-70b.json"
    path.write_text(json.dumps({"id": "meta-llama/Llama-2-70b", "config": {"model_type": "llama"}}))
    assert shape_of(find_target(str(path))).source == "catalogue"
    with pytest.raises(UsageError, match="does not say hidden_size"):
        shape_of(path)


def test_a_closed_model_has_no_shape() -> None:
    with pytest.raises(UsageError, match="architecture of GPT-4 is not known") as refused:
        shape_of(find_target("gpt-4"))
    assert "closed models cannot be sized" in (refused.value.fix or "")


def test_the_text_part_of_a_model_with_pictures_is_counted() -> None:
    inner = {**SMALL, "num_key_value_heads": 2, "head_dim": 8, "sliding_window": 16}
    whole = {"model_type": "gemma3", "text_config": {**inner, "model_type": "gemma3_text"}, "torch_dtype": "bfloat16"}
    found = shape_of_config(whole, "config.json")
    assert found.family == "gemma3_text"
    assert found.kept == "bf16"
    assert "pictures" in found.notes[0]
    assert sum(run.count for run in found.layers if run.window == 16) == 5  # of five layers none is the sixth


def test_windows_as_their_makers_code_has_them() -> None:
    windowed = {"sliding_window": 4096, "model_type": "gemma2"}
    found = shape({**SMALL, **windowed})
    assert {(run.window, run.count) for run in found.layers} == {(4096, 3), (None, 2)}
    assert shape({**SMALL, **windowed, "model_type": "mistral"}).layers[0].window == 4096
    assert shape({**SMALL, **windowed, "model_type": "qwen2"}).layers[0].window is None
    some = shape({**SMALL, **windowed, "model_type": "qwen2", "use_sliding_window": True, "max_window_layers": 3})
    assert {(run.window, run.count) for run in some.layers} == {(4096, 2), (None, 3)}
    named = ["full_attention", *["sliding_attention"] * 4]
    assert {run.count for run in shape({**SMALL, **windowed, "layer_types": named}).layers} == {1, 4}


def test_a_gguf_file_is_read_by_its_head(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    import numpy as np

    path = tmp_path / "small.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Small")
    writer.add_block_count(5)
    writer.add_embedding_length(48)
    writer.add_feed_forward_length(80)
    writer.add_head_count(6)
    writer.add_head_count_kv(2)
    writer.add_context_length(64)
    writer.add_vocab_size(101)
    writer.add_tensor("token_embd.weight", np.zeros((101, 48), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = shape_of(path)
    assert found.name == "Small"
    assert parameters(found).total == 101 * 48
    assert found.stored is not None
    assert found.stored.size == 101 * 48 * 2
    assert sequence_cache(found, 10) == 10 * 5 * 2 * 2 * 8 * 2
    assert shape_of(tmp_path).name == "Small"


@pytest.mark.parametrize(
    ("change", "what", "where"),
    [
        ({"hidden_size": None}, "does not say hidden_size", "config.json"),
        ({"hidden_size": -48}, "hidden_size is -48", "config.json: hidden_size"),
        ({"hidden_size": "48"}, "hidden_size is '48'", "config.json: hidden_size"),
        ({"hidden_size": 47}, "width of 47 cannot be shared out among 6 heads", "config.json"),
        ({"num_hidden_layers": 10**7}, "num_hidden_layers is 10000000", "config.json: num_hidden_layers"),
        ({"vocab_size": 1.5}, "vocab_size is 1.5", "config.json: vocab_size"),
        ({"intermediate_size": None}, "does not say intermediate_size", "config.json"),
        ({"tie_word_embeddings": "yes"}, "tie_word_embeddings is 'yes'", "config.json: tie_word_embeddings"),
        ({"model_type": "lama"}, "architecture 'lama' is not known", "config.json: model_type"),
        ({"model_type": None}, "names no architecture", "config.json"),
        ({"model_type": "gemma2", "sliding_window": 8, "layer_types": ["full"]}, "layer_types", "layer_types"),
        ({"model_type": "mixtral", "num_local_experts": 2, "num_experts_per_tok": 3}, "num_experts_per_tok", "tok"),
    ],
)
def test_what_is_damaged_is_named(change: dict[str, Any], what: str, where: str, tmp_path: Path) -> None:
    folder = folder_of({**TINY, **change}, tmp_path / "model")
    with pytest.raises(UsageError, match=what) as refused:
        shape_of(folder)
    assert where in (refused.value.where or "")
    assert refused.value.fix


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"{", "config.json is damaged"),
        (b"[1]", "holds no mapping"),
        (b"\xff\xfe", "is damaged"),
        (b"", "is damaged"),
    ],
)
def test_a_file_that_is_no_configuration(content: bytes, what: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(UsageError, match=what):
        shape_of(tmp_path)


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no config\.json"):
        shape_of(tmp_path)
    with pytest.raises(UsageError, match="there is no"):
        shape_of(tmp_path / "nothing")


ANY = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**13), st.floats(), st.text(max_size=3), st.just([1]), st.just([{}])
)


@settings(deadline=None)
@given(st.data())
def test_any_configuration_gives_a_shape_or_says_what_is_wrong(data: st.DataObject) -> None:
    base = data.draw(st.sampled_from([TINY, DEEPSEEK, MIXTRAL, T5_11B, BERT]))
    keys = st.sampled_from([*base, "head_dim", "sliding_window", "layer_types", "mlp_only_layers", "text_config"])
    change = data.draw(st.dictionaries(keys, ANY, max_size=3))
    kind = data.draw(st.sampled_from([base["model_type"], *READERS]))
    found = shape_or_error({**base, "model_type": kind, **change})
    if isinstance(found, UsageError):
        assert found.where
        assert found.fix
    else:
        assert parameters(found).total >= parameters(found).active > 0
        assert sequence_cache(found, 100) >= 0


def shape_or_error(config: dict[str, Any]) -> Shape | UsageError:
    try:
        return shape_of_config(config, "config.json")
    except UsageError as error:
        return error


def test_facts_with_missing_parts_say_so() -> None:
    entry = shipped_catalogue().find("llama-2-70b")
    fact = entry.facts["architecture"]
    assert isinstance(fact.value, dict)
    cut = msgspec.structs.replace(fact, value={"layers": 80})
    with pytest.raises(UsageError, match="does not say hidden") as refused:
        shape_of(_Named(replace(entry, facts={**entry.facts, "architecture": cut})))
    assert "Llama 2 70B" in (refused.value.where or "")


class _Named:
    def __init__(self, facts) -> None:
        self.name, self.facts, self.path = facts.name, facts, None
