"""Loads a folder (or a GGUF file) into transformers: the right class, whole weights, no code from the folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.models.local.architectures import Kind, architecture_of, context_of, kind_of
from weighbridge.models.local.torch.device import device_of, dtype_of
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.reading import reader_of

_AUTO: Mapping[Kind, str] = {
    "causal": "AutoModelForCausalLM",
    "seq2seq": "AutoModelForSeq2SeqLM",
    "classifier": "AutoModelForSequenceClassification",
    "masked": "AutoModelForMaskedLM",
    "encoder": "AutoModel",
}


def load(
    source: Path,
    *,
    dtype: str = "auto",
    device: str = "auto",
    template: str = "auto",
    template_options: Mapping[str, Any] | None = None,
    threads: int | None = None,
) -> Loaded:
    """The model in `source`, a folder of transformers or a ``.gguf`` file (which is dequantised).

    `dtype` is ``auto`` (float32 on a CPU, the stored type on a GPU), ``float32``, ``bfloat16`` or ``float16``;
    `device` is ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; `template` is ``auto``, ``chat`` or ``plain``.
    Raises UsageError for what is wrong with the files or the settings, WeighbridgeError for what fails in loading.
    """
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if threads is not None:
        torch.set_num_threads(threads)
    where = str(source)
    name = {"gguf_file": source.name} if source.is_file() else {}
    folder = source.parent if name else source
    config = _config(folder, name, where)
    said = config.to_dict()
    kind: Kind = "causal" if name and not config.is_encoder_decoder else kind_of(_read(folder, name, said), where)
    architecture = architecture_of(said, where)
    place = device_of(device, where)
    number = dtype_of(dtype, place, config, where)
    tokenizer = _tokenizer(folder, name, where)
    model = _model(folder, name, kind, number, where)
    model = model.to(place).eval().requires_grad_(False)
    text = config.get_text_config()
    reader = reader_of(tokenizer, kind, template, template_options or {}, where)
    return Loaded(
        model=model,
        tokenizer=tokenizer,
        config=text,
        kind=kind,
        architecture=architecture,
        device=place,
        dtype=number,
        context=_context(context_of(said), tokenizer, kind),
        template=reader.template.source if reader.template else None,
        source=source,
        notes=reader.notes,
        chat=reader.template,
    )


def _read(folder: Path, name: Mapping[str, str], said: Mapping[str, Any]) -> Mapping[str, Any]:
    """config.json as it was written: what transformers fills in would hide what is not there."""
    if name:
        return said
    written: Mapping[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return written


def _config(folder: Path, name: Mapping[str, str], where: str) -> Any:
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True, **name)
    except Exception as error:  # any of dozens of types; all say that the configuration cannot be used
        raise UsageError(
            f"transformers cannot read the model's configuration: {_told(error)}",
            where=where,
            fix="get the files again; or run it from a GGUF file with llama.cpp (gguf:FILE.gguf)",
        ) from None


def _tokenizer(folder: Path, name: Mapping[str, str], where: str) -> Any:
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True, **name)
    except Exception as error:  # tokenizers raises plain Exception for a damaged file
        raise UsageError(
            f"the tokenizer cannot be read: {_told(error)}",
            where=where,
            fix="get tokenizer.json and tokenizer_config.json (or tokenizer.model) of this model again",
        ) from None
    if not len(tokenizer):
        raise UsageError("the tokenizer has no words", where=where, fix="get tokenizer.json of this model again")
    return tokenizer


def _model(folder: Path, name: Mapping[str, str], kind: Kind, number: Any, where: str) -> Any:
    import transformers

    try:
        model, report = getattr(transformers, _AUTO[kind]).from_pretrained(
            folder,
            dtype=number,
            trust_remote_code=False,
            local_files_only=True,
            weights_only=True,
            output_loading_info=True,
            **name,
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
