"""The shape of a model from its config.json, its GGUF file's head, a hub's listing, or the facts of the catalogue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from weighbridge.catalog.models import ModelFacts
from weighbridge.errors import UsageError, nearest
from weighbridge.sizing import families_newer as newer
from weighbridge.sizing import families_older as older
from weighbridge.sizing.families import KIN, Reader, read_kin
from weighbridge.sizing.said import Said
from weighbridge.sizing.shape import Shape, Stored

READERS: dict[str, Reader] = {
    **dict.fromkeys(KIN, read_kin),
    **{"gpt2": older.read_gpt2, "gpt_bigcode": older.read_gpt2, "gptj": older.read_gptj, "gpt_neox": older.read_neox},
    **{"bloom": older.read_bloom, "falcon": older.read_falcon, "opt": older.read_opt},
    **{"deepseek_v2": older.read_deepseek, "deepseek_v3": older.read_deepseek, "kimi_k2": older.read_deepseek},
    **dict.fromkeys(("deepseek_v32", "glm_moe_dsa"), older.read_deepseek),
    **dict.fromkeys(("qwen3_next", "qwen3_5_text", "qwen3_5_moe_text"), newer.read_qwen_hybrid),
    "gemma4_text": newer.read_gemma4,
    "granitemoehybrid": newer.read_granite_hybrid,
    **{"t5": older.read_t5, "mt5": older.read_t5, "bert": older.read_bert, "roberta": older.read_bert},
    "xlm-roberta": older.read_bert,
}
"""By ``model_type``."""


class Named(Protocol):
    """What is sized: a name with its facts, or a path (as `weighbridge.audit.target.Target` is)."""

    @property
    def name(self) -> str: ...
    @property
    def facts(self) -> ModelFacts | None: ...
    @property
    def path(self) -> Path | None: ...


def shape_of(target: Named | Path) -> Shape:
    """The shape of a model folder, a GGUF file, a config.json, a hub's listing, or a model of the catalogue.

    What lies on disk comes first. Raises `UsageError` naming file and key where it is damaged, missing or of an
    architecture not known here.
    """
    path = target if isinstance(target, Path) else target.path
    name = target.resolve().name if isinstance(target, Path) else target.name
    facts = None if isinstance(target, Path) else target.facts
    if path is None:
        if facts is None:
            raise UsageError(f"nothing is known of {name!r}", fix="name a model of the catalogue, or its folder")
        return shape_of_facts(facts)
    if path.is_dir():
        return _folder(path, name)
    if not path.exists():
        raise UsageError(f"there is no {path}", where=str(path), fix="check the path")
    if path.suffix == ".gguf":
        return _gguf(path)
    if path.suffix == ".safetensors":
        return _folder(path.parent, path.parent.resolve().name)
    try:
        return _listing(path, name)
    except UsageError:
        if facts is not None:
            return shape_of_facts(facts)
        raise


def shape_of_config(config: Mapping[str, Any], where: str, name: str = "") -> Shape:
    """The shape that a configuration (config.json of transformers) describes."""
    said = Said(config, where, name or str(config.get("_name_or_path") or config.get("model_type") or where))
    inner = said.inside("text_config")
    if inner is not None and said.family not in READERS:
        text = {**inner.values, "model_type": inner.family or f"{said.family}_text"}
        if "tie_word_embeddings" in config:
            text.setdefault("tie_word_embeddings", config["tie_word_embeddings"])
        for name in ("quantization_config", "torch_dtype", "dtype"):
            if name in config:
                text.setdefault(name, config[name])
        shape = shape_of_config(text, f"{where}: text_config", said.name)
        return replace(shape, notes=(*shape.notes, "the part that reads pictures or sound is not counted"))
    if not said.family:
        raise UsageError(
            "the configuration names no architecture (model_type)",
            where=where,
            fix="get config.json of this model again; it must be the model's own",
        )
    if said.family not in READERS:
        raise UsageError(
            f"architecture {said.family!r} is not known to the sizing",
            where=f"{where}: model_type",
            fix=f"{nearest(said.family, READERS)}; or give the sizes as facts of your own (docs/compute.md)",
        )
    return replace(READERS[said.family](said), source=where, kept=_published(said))


def _published(said: Said) -> str:
    """Precision of the weights, as a configuration tells it."""
    packed = said.inside("quantization_config")
    if packed is not None:
        method, bits = packed.text("quant_method"), packed.values.get("bits")
        if method in ("fp8", "fbgemm_fp8", "mxfp4"):
            return method.removeprefix("fbgemm_")
        if method in ("gptq", "awq") or packed.values.get("load_in_4bit") is True:
            return "int8" if bits == 8 else "int4"
        if method == "compressed-tensors":
            kept = packed.inside("config_groups")
            group = kept.inside("group_0") if kept else None
            weights = group.inside("weights") if group else None
            said_bits, kind = (weights.values.get("num_bits"), weights.text("type")) if weights else (None, "")
            return {(4, "int"): "int4", (8, "int"): "int8", (8, "float"): "fp8", (4, "float"): "nvfp4"}.get(
                (said_bits, kind) if isinstance(said_bits, int) else (0, ""), ""
            )
        return "int8" if packed.values.get("load_in_8bit") is True else ""
    plain = said.text("torch_dtype") or said.text("dtype")
    return {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}.get(plain.removeprefix("torch."), "")


def shape_of_facts(facts: ModelFacts) -> Shape:
    """The shape from the catalogue's facts on a model's architecture."""
    from weighbridge.sizing.known import read_facts

    return read_facts(facts)


def _folder(path: Path, name: str) -> Shape:
    config = path / "config.json"
    if not config.is_file():
        ggufs = sorted(path.glob("*.gguf"))
        if ggufs:
            return _gguf(ggufs[0])
        from weighbridge.sizing.tensors import read_tensors

        found = read_tensors(path)
        if found is not None:
            return found
        raise UsageError(
            "the folder holds no config.json",
            where=str(path),
            fix="name the folder that save_pretrained or hf download made; the shape is read from config.json",
        )
    shape = shape_of_config(_json(config), str(config), name or path.resolve().name)
    return replace(shape, stored=_stored(path))


def _stored(path: Path) -> Stored | None:
    """What the weights' files hold, where they are whole."""
    from weighbridge.models.local.folder import weights_of

    try:
        weights = weights_of(path, str(path))
    except UsageError:
        return None  # The shape stands without weights; a damaged file is told of where it is loaded.
    return None if weights.pickled else Stored(weights.numbers, weights.size)


def _gguf(path: Path) -> Shape:
    from weighbridge.models.local.gguf_header import read_head
    from weighbridge.sizing.known import read_gguf

    return read_gguf(read_head(path, str(path)), path)


def _listing(path: Path, name: str) -> Shape:
    said = _json(path)
    inner = said.get("config")
    return shape_of_config(inner if isinstance(inner, dict) else said, str(path), name.removesuffix(".json"))


def _json(path: Path) -> dict[str, Any]:
    try:
        # Python's own reader: configurations hold Infinity, which is no JSON.
        said = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read: {error.strerror}", where=str(path)) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{path.name} is damaged: {error}", where=str(path), fix=f"get {path.name} of this model again"
        ) from None
    if not isinstance(said, dict):
        again = f"get {path.name} of this model again"
        other = "a list of files tells no sizes: name the model's config.json, or the hub's answer with its `config`"
        raise UsageError(
            f"{path.name} holds no mapping", where=str(path), fix=again if path.name == "config.json" else other
        )
    return said
