"""Loading: the right class, whole weights, true tying, numbers only from pickles, and no memory that is not there."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest

from open_models import ARCHITECTURES, needs_torch, smollm2, tiny
from weighbridge.errors import UsageError
from weighbridge.models.local import memory
from weighbridge.models.local.memory import Need, available, check_memory, fitting, need_of, told
from weighbridge.models.local.template_files import reading_in
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.load import load
from weighbridge.models.local.torch.prompts import prompt_of
from weighbridge.tasks.item import Message

pytestmark = needs_torch

CLASSES = {
    "llama": "LlamaForCausalLM",
    "gemma3": "Gemma3ForCausalLM",
    "gptj": "GPTJForCausalLM",
    "t5": "T5ForConditionalGeneration",
    "bert_classifier": "BertForSequenceClassification",
    "bert_masked": "BertForMaskedLM",
    "bert_encoder": "BertModel",
}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_loads_as_transformers_loads_it(name: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    loaded = load(tiny(name))
    assert not loaded.model.training
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
    assert loaded.dtype == torch.float32
    assert type(loaded.model).__name__ == CLASSES.get(name, type(loaded.model).__name__)
    ids = loaded.tokenizer("yes no 1 2", return_tensors="pt").input_ids
    if loaded.kind == "causal":
        plain = AutoModelForCausalLM.from_pretrained(tiny(name), dtype=torch.float32).eval()
        with torch.no_grad():
            assert torch.equal(loaded.model(ids).logits, plain(ids).logits)
    # What the files alone say of the template is what the tokenizer says.
    said = reading_in(tiny(name), loaded.kind, "auto", {}, "m")
    assert said.template == loaded.chat
    assert said.notes == loaded.notes


def test_an_untied_head_stays_its_own(tmp_path: Path) -> None:
    """flan-T5: transformers 5 writes tie_word_embeddings as true for it, older files say false."""
    import torch
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(tiny("flan_t5"), tmp_path / "flan"))
    state = load_file(folder / "model.safetensors")
    torch.manual_seed(0)
    state["lm_head.weight"] = torch.randn_like(state["shared.weight"])
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config = {key: value for key, value in config.items() if key not in ("scale_decoder_outputs",)}
    (folder / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": False}))
    loaded = load(folder)
    assert torch.equal(loaded.model.lm_head.weight, state["lm_head.weight"])
    assert torch.equal(loaded.model.get_input_embeddings().weight, state["shared.weight"])
    assert not getattr(loaded.config, "scale_decoder_outputs", False)


def test_a_head_that_would_be_random_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("bert_encoder"), tmp_path / "bert"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architectures": ["BertForSequenceClassification"]}))
    with pytest.raises(UsageError, match=r"classifier\.bias.*random"):
        load(folder)
    wrong = {**config, "hidden_size": 16}
    (folder / "config.json").write_text(json.dumps(wrong))
    with pytest.raises(UsageError):
        load(folder)


def test_pickled_weights_are_read_as_numbers_or_not_at_all(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    folder = Path(shutil.copytree(tiny("gpt2"), tmp_path / "gpt2"))
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    loaded = load(folder)
    assert any("pickled" in note for note in loaded.notes)
    same = load(tiny("gpt2"))
    ids = torch.tensor([[5, 6, 7]])
    assert torch.equal(loaded.model(ids).logits, same.model(ids).logits)

    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    for write in (torch.save, lambda what, file: file.write_bytes(pickle.dumps(what))):
        write({**state, "evil": Evil()}, folder / "pytorch_model.bin")
        with pytest.raises(UsageError) as caught:
            load(folder)
        assert "never run" in str(caught.value)
        assert "safetensors" in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_a_model_that_also_sees_pictures_is_used_for_its_text(tmp_path: Path) -> None:
    """Gemma 3 from 4B on: the class is that of a model with pictures, and the text part answers and scores."""
    import torch
    import transformers as tf

    from weighbridge.models.local.torch.engine import TransformersEngine
    from weighbridge.models.protocol import Request, Sampling

    text = json.loads((tiny("gemma3") / "config.json").read_text())
    text = {key: text[key] for key in text if key not in ("architectures", "model_type", "layer_types", "dtype")}
    sight = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4}
    config = tf.Gemma3Config(
        text_config=text,
        vision_config=sight | {"image_size": 28, "patch_size": 14},
        mm_tokens_per_image=4,
        image_token_index=300,
        boi_token_index=301,
        eoi_token_index=302,
    )
    torch.manual_seed(7)
    made = tf.Gemma3ForConditionalGeneration(config).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.15)
    folder = tmp_path / "gemma"
    made.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tiny("gemma3") / name, folder / name)
    loaded = load(folder)
    assert (loaded.kind, loaded.architecture, loaded.context) == ("causal", "gemma3", 512)
    engine = TransformersEngine(loaded, Limits())
    messages = (Message("user", "yes no yes"),)
    calls = [Request(messages, Sampling(max_tokens=6)), Request(messages, continuations=(" fox", " dog"))]
    found = {}
    engine.run(calls, found.__setitem__)
    inputs = loaded.tokenizer("yes no yes", return_tensors="pt")
    whole = made.generate(**inputs, max_new_tokens=6, do_sample=False)[0, inputs.input_ids.shape[1] :]
    assert found[0].text == loaded.tokenizer.decode(whole, skip_special_tokens=True)
    assert found[1].text in (" fox", " dog")


def test_number_types_and_devices() -> None:
    import torch

    loaded = load(tiny("llama"), dtype="bfloat16", device="cpu")
    assert loaded.model.lm_head.weight.dtype == torch.bfloat16 == loaded.dtype
    with pytest.raises(UsageError, match="there is no device"):
        load(tiny("llama"), device="cuda:7")
    with pytest.raises(UsageError, match="did you mean 'float32'"):
        load(tiny("llama"), dtype="float23")


def test_a_damaged_tokenizer_and_a_strange_one(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny("gpt2"), tmp_path / "gpt2"))
    said = json.loads((folder / "tokenizer.json").read_text())
    said["model"]["merges"] = [["nowhere", "to be found"]]
    (folder / "tokenizer.json").write_text(json.dumps(said))
    with pytest.raises(UsageError, match="the tokenizer cannot be read"):
        load(folder)


def test_not_enough_memory_is_said_before_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    from weighbridge.models.local.torch import load as loading

    monkeypatch.setattr(loading, "memory_of", lambda device: 300_000_000)
    monkeypatch.setattr(loading, "_model", lambda *_: pytest.fail("the weights were loaded"))
    with pytest.raises(UsageError) as caught:
        load(smollm2(), limits=Limits(rows=32, tokens=16_384))
    said = str(caught.value)
    assert "weights 538 MB" in said
    assert "300 MB available" in said
    assert "dtype: bfloat16" in said
    assert "gguf:" in said


def test_what_a_model_takes() -> None:
    llama8b = {
        "hidden_size": 4096,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "intermediate_size": 14336,
        "vocab_size": 128256,
    }
    need = need_of(llama8b, 8_030_000_000, bytes_each=2, tokens=16_384, rows=32)
    assert need.weights == 16_060_000_000
    assert need.cache == 2 * (2 * 32 * 8 * 128 * 2 * 16_384)
    assert need.total == need.weights + need.cache + need.working + need.libraries
    check_memory(need, None, "this machine", "m")
    check_memory(need, need.total, "this machine", "m")
    with pytest.raises(UsageError):
        check_memory(need, need.total - 1, "this machine", "m")
    assert need_of({}, 10, bytes_each=4, tokens=1, rows=1).total > 0
    assert told(999) == "999 B"
    assert told(1_340_000_000) == "1.34 GB"
    assert "weights 1 kB" in str(Need(1000, 0, 0))


def test_a_batch_is_cut_down_to_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    from weighbridge.models.local.torch import engine as engines
    from weighbridge.models.local.torch import load as loading

    def need(tokens: int) -> Need:
        return Need(1000, 10 * tokens, 0, 0)

    assert fitting(need, None, 16_384, 2048) == 16_384
    assert fitting(need, 10**9, 16_384, 2048) == 16_384
    assert fitting(need, 1000 + 10 * 5000, 16_384, 2048) == 4096
    assert fitting(need, 0, 16_384, 2048) == 2048
    assert fitting(need, 0, 1000, 2048) == 1000

    whole = load(tiny("llama"), limits=Limits(rows=4, tokens=16_384))
    assert whole.tokens == 16_384
    said = whole.config.to_dict()
    room = need_of(said, 40_000, bytes_each=4, tokens=8000, rows=4).total
    monkeypatch.setattr(loading, "memory_of", lambda device: room)
    made = engines.make({"source": str(tiny("llama")), "rows": 4})
    assert made.limits.tokens == 4096
    assert made.limits.rows == 4


def test_memory_of_a_container(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    machine = available()
    assert machine is not None
    (tmp_path / "max").write_text("1000000\n")
    (tmp_path / "current").write_text("900000\n")
    (tmp_path / "stat").write_text("anon 5\ninactive_file 50000\n")
    limits = tuple(str(tmp_path / name) for name in ("max", "current", "stat"))
    monkeypatch.setattr(memory, "_LIMITS", (limits,))
    assert available() == 150_000
    (tmp_path / "max").write_text("max\n")
    assert available() != 150_000


def test_the_estimate_is_near_what_loading_takes() -> None:
    """Weights are held once: the growth of resident memory stays near their size."""
    import os

    import torch

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    torch.zeros(1)
    load(tiny("llama"))
    before = resident()
    loaded = load(smollm2())
    with torch.no_grad():
        loaded.model(torch.zeros((1, 8), dtype=torch.long))
    grown = resident() - before
    weights = sum(parameter.numel() * 4 for parameter in loaded.model.parameters())
    assert 0.5 * weights < grown < 1.6 * weights


@pytest.mark.slow
def test_a_gguf_file_reads_as_its_weights() -> None:
    import torch

    from weighbridge.models.local.weights import find_weights

    try:
        path = find_weights("smollm2", Path.cwd())
    except UsageError as error:
        pytest.skip(str(error))
    loaded = load(path)
    assert loaded.kind == "causal"
    assert loaded.architecture == "llama"
    assert any("dequantised" in note for note in loaded.notes)
    folder = load(smollm2())
    ids = torch.tensor([[100, 200, 300]])
    with torch.no_grad():
        assert torch.equal(loaded.model(ids).logits, folder.model(ids).logits)
    messages = [Message("user", "Hi")]
    assert prompt_of(loaded, messages) == prompt_of(folder, messages)
