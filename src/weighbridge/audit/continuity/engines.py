"""Engines that still load an open model: weights stay, but what runs them may stop knowing their architecture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from weighbridge.audit.openness.listing import read_listing
from weighbridge.audit.target import Target
from weighbridge.errors import UsageError

Loads = Literal["yes", "no", "unknown"]

GGUF_NAMES = {"gptneox": "gpt_neox", "qwen2moe": "qwen2_moe", "qwen3moe": "qwen3_moe", "deepseek2": "deepseek_v3"}
"""Architectures that GGUF files name otherwise than configurations do."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Whether one engine loads the architecture."""

    name: str
    version: str | None
    """Of the one installed here; None where it is not."""
    loads: Loads
    why: str

    def words(self) -> str:
        """One line."""
        version = f" {self.version}" if self.version else ""
        return f"{self.name}{version}: {self.loads}, {self.why}"


def architecture(target: Target) -> str | None:
    """The ``model_type`` that the target's own files name, else the catalogue; None where neither says.

    Read are a folder's config.json, else the head of a GGUF file in it, and a listing's ``config``. Raises
    `UsageError` for a damaged one.
    """
    own = None
    if target.path is not None:
        own = _of_listing(target.path) if target.listing else _of_folder(target.path)
    if own is not None:
        return own
    return (target.facts.says("model_type") or None) if target.facts is not None else None


def _of_folder(folder: Path) -> str | None:
    config = folder / "config.json"
    if config.is_file():
        return _kind(_settings(config), config)
    ggufs = sorted(folder.glob("*.gguf"))
    if not ggufs:
        return None
    from weighbridge.models.local.gguf_header import read_head

    kind = read_head(ggufs[0], str(ggufs[0])).architecture
    return GGUF_NAMES.get(kind, kind)


def _of_listing(path: Path) -> str | None:
    """As the answer for a model says; a list of files alone says nothing of it. Refused is what is neither."""
    said = _read(path)
    config = said.get("config") if isinstance(said, dict) else None
    if isinstance(config, dict):
        return _kind(config, path)
    if not (isinstance(said, dict) and {"id", "modelId"} & said.keys()):
        read_listing(path, path.stem)
    return None


def _settings(path: Path) -> dict[str, Any]:
    said = _read(path)
    if not isinstance(said, dict):
        raise UsageError(f"{path.name} holds no settings", where=str(path), fix="get the file again")
    return said


def _read(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise UsageError(f"{path.name} is nested too deep", where=str(path), fix="get the file again") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path.name} cannot be read: {error}", where=str(path), fix="get the file again") from None


def _kind(config: dict[str, Any], path: Path) -> str | None:
    kind = config.get("model_type")
    if kind is not None and not isinstance(kind, str):
        raise UsageError(
            f"model_type in {path.name} is no name: {kind!r}"[:200], where=str(path), fix="get the file again"
        )
    return kind or None


def engines(target: Target) -> tuple[Engine, ...]:
    """What is known of each engine of this package for the target's architecture; nothing where that is not known."""
    kind = architecture(target)
    if kind is None:
        return ()
    return (_transformers(kind), _llama_cpp(kind), _onnx(kind))


def _transformers(kind: str) -> Engine:
    from weighbridge.models.local.architectures import KINDS, transformers_types

    version = _version("transformers")
    known = transformers_types() if version else None
    if known is None:
        why = "Weighbridge's tests run it there" if kind in KINDS else "it is not installed here to be looked at"
        return Engine("transformers", version, "yes" if kind in KINDS else "unknown", why)
    if kind not in known:
        return Engine("transformers", version, "no", f"it has no architecture {kind!r}")
    tested = "and Weighbridge's tests run it" if kind in KINDS else "and Weighbridge's tests do not run it"
    return Engine("transformers", version, "yes", f"it has the architecture {kind!r}, {tested}")


def _llama_cpp(kind: str) -> Engine:
    from weighbridge.models.local.support import TABLE

    version = _version("xllamacpp")
    rows = [row for row in TABLE if any(_same(name, kind) for name in row.models) and row.llama_cpp]
    if rows:
        return Engine("llama.cpp (xllamacpp)", version, "yes", f"{rows[0].llama_cpp}; from a GGUF file")
    listed = any(_same(name, kind) for row in TABLE for name in row.models)
    return Engine(
        "llama.cpp (xllamacpp)",
        version,
        "no" if listed else "unknown",
        "not listed for it" if listed else "not tested",
    )


def _onnx(kind: str) -> Engine:
    from weighbridge.models.local.support import TABLE

    version = _version("onnxruntime")
    rows = [row for row in TABLE if any(_same(name, kind) for name in row.models)]
    if any(row.onnx for row in rows):
        return Engine("onnxruntime", version, "yes", "exported and held against transformers in the tests")
    return Engine("onnxruntime", version, "unknown", "not tested")


def _same(model: str, kind: str) -> bool:
    """Whether a test model (``falcon40``, ``mistral_window``) is of an architecture (``falcon``)."""
    plain = kind.replace("_text", "")
    rest = model.removeprefix(plain)
    return model == plain or (model.startswith(plain) and (rest[:1] == "_" or rest.isdigit()) and plain != "qwen")


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
