"""What a GGUF file's head tells before anything is loaded: what the model can do, how it reads, what it takes."""

from __future__ import annotations

from weighbridge.models.local.chat_template import Probe, chosen
from weighbridge.models.local.gguf_header import GgufHead
from weighbridge.models.local.memory import Need
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities

ENCODERS = frozenset(
    {
        *("bert", "modern-bert", "neo-bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "jina-bert-v3"),
        *("eurobert", "gemma-embedding", "t5encoder", "llama-embed"),
    }
)
"""Architectures of llama.cpp (2026-10) that read and do not write."""

ENCODER_DECODERS = frozenset({"t5"})
"""Architectures of llama.cpp that only its other programs run."""

WRITES = Capabilities(
    choices=True, json_schema=True, logprobs=True, scoring=True, embeddings=True, streaming=True, seed=True
)
READS = Capabilities(embeddings=True, stop=False, temperature=False, top_p=False)

_LIBRARIES = 150 << 20
"""Bytes of llama.cpp and Python in the engine's process (measured: 120 MB resident)."""
_BATCH = 512
"""Tokens that llama.cpp works on at once by default."""


def abilities(head: GgufHead) -> Capabilities:
    """What llama.cpp can do with this model. Most of its scoring is generating (`remote.servers.llama_cpp`)."""
    return READS if head.architecture in ENCODERS else WRITES


def pooling(head: GgufHead) -> str:
    """How token vectors become one, in llama.cpp's words: as the file says, else the mean of all tokens."""
    return "" if f"{head.architecture}.pooling_type" in head.values else "mean"


def template_of(head: GgufHead, options: ModelOptions, where: str) -> Probe:
    """How messages become text. Raises UsageError where ``template: chat`` is asked for and cannot be."""
    tokens = {f"{name}_token": text for name in ("bos", "eos", "unk") if (text := head.token(name)) is not None}
    writes = head.architecture not in ENCODERS
    return chosen(head.template, tokens, options.template, options.template_options, where, generates=writes)


def need_of(head: GgufHead, slots: int, context: int) -> Need:
    """Bytes the engine takes: weights, a cache of half-precision keys and values, working space; about."""
    layers, heads = _count(head, "block_count"), _count(head, "attention.head_count") or 1
    kept = _count(head, "attention.head_count_kv") or heads
    hidden = _count(head, "embedding_length")
    size = _count(head, "attention.key_length") or hidden // heads
    tokens = slots * context
    window = _count(head, "attention.sliding_window")
    # Of models with a window most layers keep that much of each sequence; one in six or fewer keep all.
    each = tokens if not window else tokens // 6 + min(tokens, slots * window)
    words = head.values.get("tokenizer.ggml.tokens")
    vocabulary = len(words) if isinstance(words, list) else 0
    return Need(
        weights=head.length,
        cache=2 * 2 * layers * kept * size * each if head.architecture not in ENCODERS else 0,
        working=_BATCH * 4 * (vocabulary + 8 * hidden),
        libraries=_LIBRARIES,
    )


def _count(head: GgufHead, name: str) -> int:
    """A size, or the largest where each layer has its own."""
    found = head.values.get(f"{head.architecture}.{name}", 0)
    numbers = found if isinstance(found, list) else [found]
    return max((one for one in numbers if isinstance(one, int)), default=0)
