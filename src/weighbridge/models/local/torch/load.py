"""Loads a folder (or a GGUF file) into transformers: the right class, whole weights, no code from the folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.models.local.architectures import Kind, architecture_of, context_of
from weighbridge.models.local.folder import read_folder, weights_of
from weighbridge.models.local.gguf_header import read_head
from weighbridge.models.local.memory import Need, check_memory, fitting, need_of
from weighbridge.models.local.torch.device import device_of, dtype_of, memory_of
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.reading import reader_of

_AUTO: Mapping[Kind, str] = {
    "causal": "AutoModelForCausalLM",
    "seq2seq": "AutoModelForSeq2SeqLM",
    "classifier": "AutoModelForSequenceClassification",
    "masked": "AutoModelForMaskedLM",
    "encoder": "AutoModel",
}


LEAST = 2048
"""Token positions at once below which a batch is not cut down by itself: one prompt and its answer need as many."""


def load(
    source: Path,
    *,
    dtype: str = "auto",
    device: str = "auto",
    template: str = "auto",
    template_options: Mapping[str, Any] | None = None,
    threads: int | None = None,
    limits: Limits | None = None,
) -> Loaded:
    """The model in `source`, a folder of transformers or a ``.gguf`` file (which is dequantised).

    `dtype` is ``auto`` (float32 on a CPU, the stored type on a GPU), ``float32``, ``bfloat16`` or ``float16``;
    `device` is ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; `template` is ``auto``, ``chat`` or ``plain``. `limits`
    says how much is to be worked on at once; `Loaded.tokens` is that, or what the memory has room for.
    Raises UsageError for what is wrong with the files or the settings or takes too much memory, WeighbridgeError for
    what fails in loading.
    """
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if threads is not None:
        torch.set_num_threads(threads)
    where = str(source)
    files = {"gguf_file": source.name} if source.is_file() else {}
    place = device_of(device, where)
    numbers, notes, kind = _looked_at(source, where)
    folder = source.parent if files else source
    config = _config(folder, files, where)
    number = dtype_of(dtype, place, config, where)
    said = config.to_dict()
    tokens = _tokens(said, numbers, number.itemsize, place, limits or Limits(), bool(files), where)
    tokenizer = _tokenizer(folder, files, where)
    model = _model(folder, files, kind, config, number, where).to(place).eval().requires_grad_(False)
    reader = reader_of(tokenizer, kind, template, template_options or {}, where)
    return Loaded(
        model=model,
        tokenizer=tokenizer,
        config=config.get_text_config(),
        kind=kind,
        architecture=architecture_of(said, where),
        device=place,
        dtype=number,
        context=_context(context_of(said), tokenizer, kind),
        template=reader.template.source if reader.template else None,
        source=source,
        notes=(*notes, *reader.notes),
        tokens=tokens,
        chat=reader.template,
    )


def _tokens(
    said: Mapping[str, Any], numbers: int, each: int, place: Any, limits: Limits, converted: bool, where: str
) -> int:
    """Token positions at once for which there is memory. Raises UsageError where not even `LEAST` fit."""
    there = memory_of(place)
    copies = 2.0 if converted else 1.0

    def need(tokens: int) -> Need:
        return need_of(said, numbers, bytes_each=each, tokens=tokens, rows=limits.rows, copies=copies)

    tokens = fitting(need, there, limits.tokens, LEAST)
    check_memory(need(tokens), there, "the GPU" if place.type == "cuda" else "this machine", where)
    return tokens


def _looked_at(source: Path, where: str) -> tuple[int, tuple[str, ...], Kind]:
    """Count of weights, what to say, and kind, from the files alone."""
    if source.is_file():
        head = read_head(source, where)
        note = "its weights were dequantised from a GGUF file, and are as exact as those"
        return head.numbers, (note,), "seq2seq" if head.architecture == "t5" else "causal"
    folder = read_folder(source, where)
    weights = weights_of(source, where)
    notes = folder.notes
    if weights.pickled:
        notes += ("its weights are pickled: they were read as numbers only, and nothing in them was run",)
    return weights.numbers, notes, folder.kind


def _config(folder: Path, files: Mapping[str, str], where: str) -> Any:
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True, **files)
    except Exception as error:  # any of dozens of types; all say that the configuration cannot be used
        llama = f"run it with llama.cpp: gguf:{where}" if files else "or run a GGUF file of it: gguf:FILE.gguf"
        raise UsageError(
            f"transformers cannot read the model's configuration: {_told(error)}",
            where=where,
            fix=llama if files else f"get the files again; {llama}",
        ) from None


def _tokenizer(folder: Path, files: Mapping[str, str], where: str) -> Any:
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True, **files)
    except Exception as error:  # tokenizers raises plain Exception for a damaged file
        raise UsageError(
            f"the tokenizer cannot be read: {_told(error)}",
            where=where,
            fix="get tokenizer.json and tokenizer_config.json (or tokenizer.model) of this model again",
        ) from None
    if not len(tokenizer):
        raise UsageError("the tokenizer has no words", where=where, fix="get tokenizer.json of this model again")
    return tokenizer


def _model(folder: Path, files: Mapping[str, str], kind: Kind, config: Any, number: Any, where: str) -> Any:
    import transformers

    try:
        model, report = getattr(transformers, _AUTO[kind]).from_pretrained(
            folder,
            config=config,  # of a GGUF file it takes seconds to read
            dtype=number,
            trust_remote_code=False,
            local_files_only=True,
            weights_only=True,
            output_loading_info=True,
            **files,
        )
    except MemoryError:
        raise WeighbridgeError("not enough memory to load the weights", where=where, fix=_LESS) from None
    except Exception as error:  # safetensors, pickle, torch and transformers each raise their own types
        told = _told(error)
        if "out of memory" in told.lower() or "can't allocate" in told.lower():
            raise WeighbridgeError(f"not enough memory to load the weights: {told}", where=where, fix=_LESS) from None
        if "weights only" in told.lower() or "weights_only" in told.lower() or "Unpickl" in type(error).__name__:
            raise UsageError(
                "the weights are a pickle that holds more than numbers, which is never run: it could run any code",
                where=where,
                fix="use a revision with .safetensors files, or convert them where you trust the file",
            ) from None
        raise UsageError(
            f"the weights cannot be loaded: {told}", where=where, fix="get the files of this model again"
        ) from None
    missing = sorted({*report["missing_keys"], *(key[0] for key in report["mismatched_keys"])})
    if kind == "encoder":
        # Texts are pooled from the last layer; checkpoints of language models have no trained pooler.
        missing = [key for key in missing if not key.startswith("pooler.")]
    if missing:
        shown = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
        raise UsageError(
            f"the files hold no weights for {shown}: they would be random",
            where=where,
            fix=f"the class in config.json ({type(model).__name__}) must be the one the weights were trained as;"
            " get the files again, or name the right class under architectures",
        )
    return model


_LESS = "dtype: bfloat16 halves the weights; a GGUF file (gguf:) takes an eighth; or use a smaller model"


def _told(error: BaseException) -> str:
    """The error's first line that says something, without a traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"[:300]


def _context(limit: int | None, tokenizer: Any, kind: Kind) -> int | None:
    """Encoders stop where their tokenizer does: sentence encoders are trained on less than their positions."""
    most = getattr(tokenizer, "model_max_length", None)
    if kind in ("encoder", "classifier", "masked") and isinstance(most, int) and 0 < most < (limit or 10**9):
        return most
    return limit
