"""``onnx:FOLDER``: an exported model, run by onnxruntime in a process of its own."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.models.local.engine import usable_cores
from weighbridge.models.local.hf import ABILITIES, ROWS, TOKENS
from weighbridge.models.local.hosting.host import Settings
from weighbridge.models.local.hosting.model import HostedModel
from weighbridge.models.local.memory import Need, available, check_memory
from weighbridge.models.local.onnx.graph import installed
from weighbridge.models.local.onnx.manifest import Manifest, read, revision, told
from weighbridge.models.local.template_files import reading_in
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, Reading

ENGINE = "weighbridge.models.local.onnx.engine:make"
LIBRARIES = 150 << 20
"""Bytes of onnxruntime, tokenizers and numpy in a process."""


def open_onnx(rest: str, options: ModelOptions, base_dir: Path) -> HostedModel:
    """Opener of ``onnx:``. Raises UsageError for what is missing, damaged or not installed."""
    spec = f"onnx:{rest}"
    installed(spec)
    folder = (base_dir / Path(rest).expanduser()).resolve()
    if not folder.is_dir() and folder.parent.is_dir():
        near = [one.name for one in folder.parent.iterdir() if one.is_dir()]
        raise UsageError(f"there is no folder {folder}", where=spec, fix=nearest(folder.name, near))
    manifest = read(folder, digests=False)

    def known() -> Reading:
        probe = reading_in(folder, manifest.kind, options.template, options.template_options, spec)
        return Reading("chat" if probe.template is not None else "plain", (*probe.notes, *told(manifest)))

    if options.template == "chat":
        known()  # what cannot be had is said now, not in the middle of a run
    rows, tokens = options.slots or ROWS, options.batch_tokens or TOKENS
    need = need_of(manifest, rows, tokens)
    settings: dict[str, Any] = {
        "folder": str(folder),
        "template": options.template,
        "template_options": options.template_options,
        "rows": rows,
        "tokens": tokens,
        "threads": options.threads or max(1, usable_cores() - 1),
    }
    return HostedModel(
        spec=spec,
        engine=_engine(manifest, options),
        settings=Settings.of(ENGINE, settings),
        capabilities=msgspec.structs.replace(abilities(manifest), fixed_concurrency=options.concurrency is not None),
        concurrency=options.concurrency or rows,
        digest=lambda: revision(manifest),
        ready=lambda: check_memory(need, available(), "this machine", spec),
        known=known,
        side=options.side or "open",
    )


def abilities(manifest: Manifest) -> Capabilities:
    """What the folder can be asked for; a decoder without a cache only scores."""
    found = msgspec.structs.replace(ABILITIES[manifest.kind], json_schema=False)
    if manifest.kind == "causal" and not manifest.cached:
        return Capabilities(scoring=True, prompts=True)
    return found


def need_of(manifest: Manifest, rows: int, tokens: int) -> Need:
    """Memory that the graphs take: the weights (onnxruntime packs those of matrix products anew), caches, logits."""
    files = sum(held.size for held in manifest.files.values())
    # A cache is held twice: a step reads one and writes the next.
    cache = 2 * 4 * tokens * sum(heads * size for heads, size in manifest.caches)
    return Need(weights=files * 3 // 2, cache=cache, working=3 * rows * manifest.vocabulary * 4, libraries=LIBRARIES)


def _engine(manifest: Manifest, options: ModelOptions) -> str:
    """Name, version and what else decides an answer: it is part of the store's key."""
    parts = [f"onnxruntime {importlib.metadata.version('onnxruntime')}", manifest.dtype]
    if options.template != "auto":
        parts.append(f"template {options.template}")
    if options.template_options:
        parts.append(msgspec.json.encode(options.template_options, order="deterministic").decode())
    return ", ".join(parts)
