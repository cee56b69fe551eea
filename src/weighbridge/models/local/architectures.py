"""What a model's config.json says it is: its architecture, and what it can be used for. Needs no torch."""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from weighbridge.errors import UsageError, nearest

Kind = Literal["causal", "seq2seq", "classifier", "masked", "encoder"]

KINDS: Mapping[str, Kind] = {
    "llama": "causal",
    "mistral": "causal",
    "qwen2": "causal",
    "qwen3": "causal",
    "gemma2": "causal",
    "gemma3": "causal",
    "gemma3_text": "causal",
    "bloom": "causal",
    "gptj": "causal",
    "gpt_neox": "causal",
    "falcon": "causal",
    "gpt2": "causal",
    "t5": "seq2seq",
    "bert": "encoder",
}
"""Architectures that the tests run (``model_type``), and what a folder that names no class is taken for."""

_CLASSES: tuple[tuple[str, Kind], ...] = (
    (r"ForSequenceClassification$", "classifier"),
    (r"ForMaskedLM$", "masked"),
    (r"ForCausalLM$|LMHeadModel$", "causal"),
    (r"ForConditionalGeneration$", "seq2seq"),
    (r"(?<!Encoder)Model$", "encoder"),
)

_FIX = (
    "weigh it through a server that runs it (http://host:port/v1#name), or from a GGUF file with llama.cpp"
    " (gguf:FILE.gguf)"
)


def architecture_of(config: Mapping[str, Any], where: str) -> str:
    """Its ``model_type``. Raises UsageError where transformers has no such architecture."""
    found = config.get("model_type")
    if not isinstance(found, str) or not found:
        raise UsageError(
            "config.json names no architecture (model_type)",
            where=where,
            fix="get the folder's files again; the config.json must be the model's own",
        )
    known = transformers_types()
    if known is not None and found not in known:
        if config.get("auto_map"):
            raise UsageError(
                f"architecture {found!r} exists only as Python code inside the folder (auto_map), which is never run:"
                " trust_remote_code is off",
                where=where,
                fix=_FIX,
            )
        raise UsageError(f"unknown architecture {found!r}", where=where, fix=f"{nearest(found, KINDS)}; or {_FIX}")
    return found


def kind_of(config: Mapping[str, Any], where: str) -> Kind:
    """What the model is for, from the class that config.json names. Raises UsageError for a class of another use."""
    architecture = architecture_of(config, where)
    classes = config.get("architectures") or []
    name = classes[0] if isinstance(classes, list) and classes and isinstance(classes[0], str) else ""
    if not name:
        if architecture in KINDS:
            return KINDS[architecture]
        raise UsageError(
            f"config.json says not what this {architecture} model is for (architectures is missing)",
            where=where,
            fix=f'add its class to config.json, for example "architectures": ["{architecture.title()}ForCausalLM"]',
        )
    for pattern, kind in _CLASSES:
        if re.search(pattern, name):
            if kind == "seq2seq" and not config.get("is_encoder_decoder", architecture == "t5"):
                return "causal"  # a model with pictures and text, of which the text part is used
            return kind
    raise UsageError(
        f"a {name} can neither write, score, classify nor embed texts",
        where=where,
        fix="use a folder whose class ends in ForCausalLM, ForConditionalGeneration, ForSequenceClassification,"
        " ForMaskedLM or Model",
    )


@functools.lru_cache(1)
def transformers_types() -> frozenset[str] | None:
    """Every ``model_type`` of the installed transformers, read from its source; None where that cannot be told.

    Importing it takes seconds and torch.
    """
    spec = importlib.util.find_spec("transformers")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "models" / "auto"
    found: set[str] = set()
    for name in ("configuration_auto.py", "auto_mappings.py"):
        if (folder / name).is_file():
            found |= set(re.findall(r'\("([\w.-]+)", "\w+Config"\)', (folder / name).read_text(encoding="utf-8")))
    return frozenset(found) if "llama" in found else None


def context_of(config: Mapping[str, Any]) -> int | None:
    """Most positions the model was made for; None where nothing in it limits them (T5, alibi)."""
    text = config.get("text_config")
    if isinstance(text, Mapping):
        return context_of(text)
    if config.get("model_type") in ("t5", "bloom") or config.get("alibi"):
        return None
    for name in ("max_position_embeddings", "n_positions", "n_ctx", "seq_length", "max_sequence_length"):
        value = config.get(name)
        if isinstance(value, int) and value > 0:
            return value
    return None
