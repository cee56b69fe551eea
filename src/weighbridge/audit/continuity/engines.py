"""Engines that still load an open model: weights stay, but what runs them may stop knowing their architecture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from weighbridge.audit.target import Target
from weighbridge.errors import UsageError

Loads = Literal["yes", "no", "unknown"]


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
    """The ``model_type`` of the folder's config.json, else of the catalogue; None where neither says.

    Raises `UsageError` for a damaged config.json.
    """
    if target.path is not None and target.path.is_dir():
        config = target.path / "config.json"
        if config.is_file():
            try:
                said = json.loads(config.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise UsageError(
                    f"config.json cannot be read: {error}", where=str(config), fix="get the file again"
                ) from None
            if not isinstance(said, dict):
                raise UsageError("config.json holds no settings", where=str(config), fix="get the file again")
            kind = said.get("model_type")
            if isinstance(kind, str) and kind:
                return kind
    return (target.facts.says("model_type") or None) if target.facts is not None else None


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
        return Engine("llama.cpp", version, "yes", f"{rows[0].llama_cpp}; from a GGUF file")
    listed = any(_same(name, kind) for row in TABLE for name in row.models)
    return Engine(
        "llama.cpp", version, "no" if listed else "unknown", "not listed for it" if listed else "not tested"
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
