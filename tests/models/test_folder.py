"""Folders of weights that are missing something, damaged, foreign or dangerous: said before anything is loaded."""

from __future__ import annotations

import contextlib
import json
import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from open_models import ARCHITECTURES, needs_torch, tiny
from weighbridge.errors import UsageError
from weighbridge.models.local.architectures import context_of, kind_of, transformers_types
from weighbridge.models.local.folder import read_folder, weights_of
from weighbridge.models.local.gguf_header import read_head
from weighbridge.models.local.safetensors_file import read_header
from weighbridge.models.options import ModelOptions
from weighbridge.models.specs import open_model

pytestmark = needs_torch

KINDS = {"t5": "seq2seq", "flan_t5": "seq2seq", "bert_classifier": "classifier", "bert_masked": "masked"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a good model, to be spoilt."""
    return Path(shutil.copytree(tiny("llama"), tmp_path / "model"))


def spoil(path: Path, **changes) -> None:
    said = json.loads(path.read_text())
    said = {**said, **changes}
    path.write_text(json.dumps({key: value for key, value in said.items() if value is not None}))


def refusal(folder: Path) -> str:
    with pytest.raises(UsageError) as caught:
        open_model(f"path:{folder}")
    assert caught.value.fix
    assert len(str(caught.value).splitlines()) <= 6
    return str(caught.value)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_a_folder_is(name: str) -> None:
    found = read_folder(tiny(name), "m")
    assert found.kind == KINDS.get(name, "encoder" if "encoder" in name else "causal")
    weights = weights_of(found.path, "m")
    assert weights.size == 4 * weights.numbers > 0
    assert len(found.digest()) == 64
    assert context_of(found.config) == {
        "bloom": None, "falcon_alibi": None, "t5": None, "flan_t5": None, "falcon7": 2048, "falcon40": 2048
    }.get(name, 512)  # fmt: skip


def test_the_digest_follows_every_file_that_decides_an_answer(folder: Path) -> None:
    digests = {read_folder(folder, "m").digest()}
    (folder / "README.md").write_text("hello")
    assert read_folder(folder, "m").digest() in digests
    for name in ("config.json", "tokenizer_config.json", "generation_config.json"):
        spoil(folder / name, note="changed")
        digests.add(read_folder(folder, "m").digest())
    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}")
    digests.add(read_folder(folder, "m").digest())
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)
    digests.add(read_folder(folder, "m").digest())
    assert len(digests) == 6


def test_a_folder_that_is_not_there(folder: Path) -> None:
    said = refusal(folder.parent / "modle")
    assert "there is no folder" in said
    assert "did you mean 'model'" in said


def test_no_config(folder: Path) -> None:
    (folder / "config.json").unlink()
    assert "no config.json" in refusal(folder)


def test_an_adapter_and_a_folder_of_gguf_files(folder: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "model.safetensors").unlink()
    (folder / "small.gguf").write_bytes(b"GGUF")
    assert "gguf:" in refusal(folder)
    (folder / "small.gguf").unlink()
    (folder / "adapter_config.json").write_text("{}")
    assert "merge" in refusal(folder)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "null", '{"a": 1}', '"x"', "\x00", "[" * 100_000])
def test_a_damaged_config(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    assert "config.json" in refusal(folder)


def test_an_unknown_architecture(folder: Path) -> None:
    spoil(folder / "config.json", model_type="lama")
    said = refusal(folder)
    assert "did you mean 'llama'" in said
    assert "gguf:" in said
    assert "http://" in said


def test_code_in_the_folder_is_never_run(folder: Path) -> None:
    spoil(folder / "config.json", auto_map={"AutoModelForCausalLM": "modeling_evil.Evil"})
    (folder / "modeling_evil.py").write_text("raise SystemExit('run')")
    assert "is not run" in read_folder(folder, "m").notes[0]
    open_model(f"path:{folder}")
    spoil(folder / "config.json", model_type="evil")
    said = refusal(folder)
    assert "trust_remote_code is off" in said


def test_classes_without_a_use_here(folder: Path) -> None:
    spoil(folder / "config.json", architectures=["LlamaForTokenClassification"])
    assert "LlamaForTokenClassification" in refusal(folder)
    spoil(folder / "config.json", architectures=None)
    assert read_folder(folder, "m").kind == "causal"
    assert kind_of({"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"]}, "m") == "causal"
    assert "llama" in (transformers_types() or ())


def test_no_tokenizer_and_a_damaged_one(folder: Path) -> None:
    data = (folder / "tokenizer.json").read_bytes()
    for wrong in (data[: len(data) // 2], b"[]", b'{"model": 3}', b"\xff\xfe"):
        (folder / "tokenizer.json").write_bytes(wrong)
        assert "tokenizer.json" in refusal(folder)
    (folder / "tokenizer.json").unlink()
    assert "no tokenizer" in refusal(folder)


def test_weights_that_are_cut_or_damaged(folder: Path) -> None:
    file = folder / "model.safetensors"
    data = file.read_bytes()
    for wrong, said in (
        (data[:-100], "cut short"),
        (data[:4], "beginning is damaged"),
        (b"", "beginning is damaged"),
        (data + b"more", "longer than its header says"),
        (struct.pack("<Q", 1 << 62) + data[8:], "beginning is damaged"),
        (data[:8] + b"x" + data[9:], "damaged header"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
    ):
        file.write_bytes(wrong)
        assert said in refusal(folder)
    file.unlink()
    assert "no weights" in refusal(folder)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=5),
        st.fixed_dictionaries(
            {
                "dtype": st.sampled_from(["F32", "BF16", "??", 3]),
                "shape": st.lists(st.integers(-2, 3), max_size=3) | st.none(),
                "data_offsets": st.lists(st.integers(-5, 50), min_size=1, max_size=3),
            }
        ),
        max_size=3,
    ),
    st.binary(max_size=60),
)
def test_no_header_breaks_the_reader(tmp_path_factory, header, body) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.safetensors"
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)
    try:
        found = read_header(path, "m")
    except UsageError:
        return
    assert found.numbers >= 0


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2000), st.integers(0, 255), st.integers(0, 60_000))
def test_no_damage_breaks_the_gguf_reader(tmp_path_factory, at: int, value: int, length: int) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.gguf"
    data = bytearray(small_gguf(tmp_path_factory.getbasetemp() / "whole.gguf"))
    data = data[: max(length, 24)]
    data[min(at, len(data) - 1)] = value
    path.write_bytes(data)
    with contextlib.suppress(UsageError):
        assert read_head(path, "m").numbers >= 0


def small_gguf(path: Path) -> bytes:
    import gguf
    import numpy as np

    if not path.is_file():
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_context_length(128)
        writer.add_chat_template("{{ messages[0].content }}")
        writer.add_token_list(["<s>", "</s>", "a"])
        writer.add_bos_token_id(0)
        writer.add_tensor("w", np.ones((4, 64), dtype=np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return path.read_bytes()


def test_gguf_files(tmp_path: Path) -> None:
    data = small_gguf(tmp_path / "whole.gguf")
    head = read_head(tmp_path / "whole.gguf", "m")
    assert head.architecture == "llama"
    assert head.numbers == 256
    assert head.token("bos") == "<s>"
    assert head.template == "{{ messages[0].content }}"
    assert head.begin + head.length <= len(data)
    for wrong, said in ((data[: head.begin + 100], "cut short"), (data[:50], "damaged"), (b"hello", "no GGUF file")):
        (tmp_path / "wrong.gguf").write_bytes(wrong)
        with pytest.raises(UsageError, match=said):
            open_model(f"path:{tmp_path / 'wrong.gguf'}")
    with pytest.raises(UsageError, match=r"did you mean 'whole\.gguf'"):
        open_model(f"path:{tmp_path / 'whloe.gguf'}")


def sharded(folder: Path) -> Path:
    """The model in two files with an index."""
    from safetensors.torch import load_file, save_file

    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(state)
    places = {name: f"model-0000{1 + at % 2}-of-00002.safetensors" for at, name in enumerate(names)}
    for file in set(places.values()):
        part = {name: state[name] for name in names if places[name] == file}
        save_file(part, folder / file, metadata={"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return folder


def test_weights_in_several_files(folder: Path) -> None:
    whole = weights_of(folder, "m")
    found = weights_of(sharded(folder), "m")
    assert (found.numbers, found.size, len(found.files)) == (whole.numbers, whole.size, 2)
    index = folder / "model.safetensors.index.json"
    said = json.loads(index.read_text())
    swapped = {name: said["weight_map"][name] for name in said["weight_map"]}
    first = min(swapped)
    swapped[first] = next(file for file in swapped.values() if file != swapped[first])
    index.write_text(json.dumps({"weight_map": swapped}))
    assert first in refusal(folder)
    index.write_text(json.dumps({"weight_map": {"x": "../../etc/passwd"}}))
    assert "points out of its folder" in refusal(folder)
    index.write_text(json.dumps({"weight_map": {}}))
    assert "names no files" in refusal(folder)
    index.write_text(json.dumps(said))
    (folder / "model-00002-of-00002.safetensors").unlink()
    said_now = refusal(folder)
    assert "model-00002-of-00002.safetensors" in said_now
    assert "not there" in said_now
    (folder / "model-00002-of-00002.safetensors").symlink_to(folder / "blobs" / "gone")
    assert "not finished" in refusal(folder)


def test_pickles_that_are_not_read_at_all(folder: Path) -> None:
    (folder / "model.safetensors").replace(folder / "consolidated.00.pth")
    said = refusal(folder)
    assert "consolidated.00.pth is not read" in said
    assert "can run code" in said


def test_what_options_can_be(folder: Path) -> None:
    for options, said in (
        (ModelOptions(device="gpu"), "device must be"),
        (ModelOptions(batch_tokens=0), "batch_tokens"),
        (ModelOptions(template_options={"messages": []}), "template_options may not set"),
    ):
        with pytest.raises(UsageError, match=said):
            open_model(f"path:{folder}", options)
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(UsageError, match="no chat template"):
        open_model(f"path:{folder}", ModelOptions(template="chat"))


def test_options_that_decide_answers_show_in_the_engine(folder: Path) -> None:
    plain = open_model(f"path:{folder}")
    assert "float32" in plain.engine
    engines = {plain.engine}
    for options in (
        ModelOptions(dtype="bfloat16"),
        ModelOptions(template="plain"),
        ModelOptions(template_options={"enable_thinking": False}),
    ):
        engines.add(open_model(f"path:{folder}", options).engine)
    assert len(engines) == 4
    # What only changes speed and memory leaves stored answers where they are.
    assert open_model(f"path:{folder}", ModelOptions(slots=2, threads=1, batch_tokens=512)).engine == plain.engine


def test_a_missing_extra_names_its_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "torch" else find(name, *more)
    )
    for spec in (f"path:{folder}", "hf:org/name"):
        with pytest.raises(UsageError, match=r"pip install 'weighbridge\[local\]'"):
            open_model(spec)
