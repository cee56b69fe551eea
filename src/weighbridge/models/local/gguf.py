"""``gguf:PATH`` and ``gguf:NAME``: weights on this machine, run by llama.cpp (package `xllamacpp`)."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

import msgspec

from weighbridge.errors import UsageError
from weighbridge.models.local.engine import Settings, usable_cores
from weighbridge.models.local.gguf_facts import ENCODER_DECODERS, abilities, need_of, pooling, template_of
from weighbridge.models.local.gguf_header import GgufHead, read_head
from weighbridge.models.local.gguf_model import GgufModel
from weighbridge.models.local.weights import find_weights
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Reading


def open_gguf(rest: str, options: ModelOptions, base_dir: Path) -> GgufModel:
    """Opener of ``gguf:``. Raises UsageError where the file, the weight package or the engine is missing, and where
    the file is damaged or cut short."""
    spec = f"gguf:{rest}"
    path = find_weights(rest, base_dir)
    if importlib.util.find_spec("xllamacpp") is None:
        raise UsageError("the llama.cpp engine is not installed", where=spec, fix="pip install 'weighbridge[gguf]'")
    head = read_head(path, spec)
    if head.architecture in ENCODER_DECODERS:
        raise UsageError(
            f"{path.name} holds an encoder-decoder ({head.architecture}), which llama.cpp's server does not run",
            where=spec,
            fix=f"path:{rest} reads it with transformers: pip install 'weighbridge[local]'",
        )
    probe = template_of(head, options, spec)
    how = Reading("chat" if probe.template is not None else "plain", probe.notes)
    # One core is left to everything else: threads wait for each other by spinning, so that a core which is taken away
    # for a moment holds up all of them (measured on two busy cores: one thread three times as fast as two).
    threads = options.threads or max(1, usable_cores() - 1)
    slots = options.slots or min(32, 4 * usable_cores())
    return GgufModel(
        spec=spec,
        path=path,
        engine=_engine(options, how),
        settings=Settings(str(path), slots, options.context, threads, options.gpu_layers),
        options=options,
        capabilities=abilities(head),
        how=how,
        need=need_of(head, slots, options.context),
        pooling=pooling(head),
        first_token=_first(head),
        side=options.side or "open",
    )


def _engine(options: ModelOptions, how: Reading) -> str:
    """Name, version and what else decides an answer: it is part of the store's key."""
    parts = [f"llama.cpp (xllamacpp {importlib.metadata.version('xllamacpp')})", "choices by their tokens"]
    if how.template == "plain":
        parts.append("plain text")
    if options.template_options:
        parts.append(msgspec.json.encode(options.template_options, order="deterministic").decode())
    if options.extra:
        parts.append(msgspec.json.encode(options.extra, order="deterministic").decode())
    return "; ".join(parts)


def _first(head: GgufHead) -> int | None:
    """The token at the beginning of a text, else the one at its end, as lm-eval takes them."""
    numbers = (head.values.get(f"tokenizer.ggml.{name}_token_id") for name in ("bos", "eos"))
    return next((number for number in numbers if isinstance(number, int)), None)
