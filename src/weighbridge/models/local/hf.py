"""``hf:org/name`` and ``path:./folder``: models of transformers, run by PyTorch in a process of their own."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.models.local.architectures import Kind
from weighbridge.models.local.chat_template import Probe, chosen
from weighbridge.models.local.digest import digest_of
from weighbridge.models.local.engine import usable_cores
from weighbridge.models.local.folder import ModelFolder, read_folder, weights_of
from weighbridge.models.local.gguf_header import GgufHead, read_head
from weighbridge.models.local.gpu import gpu_count
from weighbridge.models.local.hosting.host import Settings
from weighbridge.models.local.hosting.model import HostedModel
from weighbridge.models.local.hub import Snapshot, fetch_weights, found, parse_repo
from weighbridge.models.local.template_files import reading_in
from weighbridge.models.local.torch.constrain_json import available
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, Reading

ENGINE = "weighbridge.models.local.torch.engine:make"
ROWS = 32
TOKENS = 16_384
INSTALL = "pip install 'weighbridge[local]'"

_WRITES = Capabilities(choices=True, logprobs=True, scoring=True, prompts=True, streaming=True, seed=True)
_READS = Capabilities(prompts=True, stop=False, temperature=False, top_p=False)
ABILITIES: Mapping[Kind, Capabilities] = {
    "causal": _WRITES,
    "seq2seq": _WRITES,
    "classifier": msgspec.structs.replace(_READS, choices=True),
    "masked": msgspec.structs.replace(_READS, choices=True, scoring=True, embeddings=True),
    "encoder": msgspec.structs.replace(_READS, embeddings=True),
}
"""What each kind of model can do; schemas besides, where `llguidance` is installed."""


def open_hf(rest: str, options: ModelOptions, base_dir: Path) -> HostedModel:  # noqa: ARG001 - as every opener
    """Opener of ``hf:``. Looks in the hub's cache, and asks the hub where the model is not there.

    Raises UsageError for what is missing, gated, damaged or not supported.
    """
    where = f"hf:{rest}"
    repo = parse_repo(rest, options.revision)
    _check_installed(where)
    snapshot = found(repo, where)
    folder = read_folder(snapshot.path, where)

    def ready() -> None:
        fetch_weights(snapshot, where)

    if not snapshot.missing:
        weights_of(snapshot.path, where)
    return _from_folder(where, folder, options, lambda: _commit(snapshot), ready)


def open_path(rest: str, options: ModelOptions, base_dir: Path) -> HostedModel:
    """Opener of ``path:``, a folder or a ``.gguf`` file. Raises UsageError as `open_hf` does."""
    where = f"path:{rest}"
    path = (base_dir / Path(rest).expanduser()).resolve()
    _check_installed(where)
    if path.suffix.lower() == ".gguf":
        return _from_gguf(where, path, options)
    if path.is_file():
        raise UsageError(f"{path.name} is a file", where=where, fix="name the folder it lies in, or a .gguf file")
    folder = read_folder(path, where)
    weights_of(path, where)
    return _from_folder(where, folder, options, lambda: f"sha256:{folder.digest()}", lambda: None)


def _commit(snapshot: Snapshot) -> str:
    return snapshot.commit


def _from_folder(
    spec: str, folder: ModelFolder, options: ModelOptions, digest: Callable[[], str], ready: Callable[[], None]
) -> HostedModel:
    stored = str(folder.config.get("dtype") or folder.config.get("torch_dtype") or "float32")

    def known() -> Reading:
        probe = reading_in(folder.path, folder.kind, options.template, options.template_options, spec)
        return _reading(probe, folder.notes)

    if options.template == "chat":
        known()  # what cannot be had is said now, not in the middle of a run
    return _hosted(spec, folder.path, folder.kind, stored, options, digest, ready, known)


def _from_gguf(spec: str, path: Path, options: ModelOptions) -> HostedModel:
    if not path.is_file():
        near = [one.name for one in path.parent.glob("*.gguf")] if path.parent.is_dir() else []
        fix = nearest(path.name, near) if near else "check the path; it is relative to the project file's folder"
        raise UsageError(f"there is no file {path}", where=spec, fix=fix)
    if importlib.util.find_spec("gguf") is None:
        raise UsageError("reading GGUF files with transformers needs the package gguf", where=spec, fix=INSTALL)
    head = read_head(path, spec)
    kind: Kind = "seq2seq" if head.architecture == "t5" else "causal"

    def known() -> Reading:
        return _reading(_probe_gguf(head, options, spec), ())

    return _hosted(spec, path, kind, "bfloat16", options, lambda: f"sha256:{digest_of(path)}", lambda: None, known)


def _probe_gguf(head: GgufHead, options: ModelOptions, where: str) -> Probe:
    tokens = {f"{name}_token": text for name in ("bos", "eos", "unk") if (text := head.token(name)) is not None}
    return chosen(head.template, tokens, options.template, options.template_options, where)


def _reading(probe: Probe, notes: tuple[str, ...]) -> Reading:
    return Reading("chat" if probe.template is not None else "plain", (*notes, *probe.notes))


def _hosted(
    spec: str,
    source: Path,
    kind: Kind,
    stored: str,
    options: ModelOptions,
    digest: Callable[[], str],
    ready: Callable[[], None],
    known: Callable[[], Reading],
) -> HostedModel:
    on_gpu = options.device not in ("auto", "cpu") or (options.device == "auto" and gpu_count() > 0)
    dtype = options.dtype if options.dtype != "auto" else stored.removeprefix("torch.") if on_gpu else "float32"
    rows = options.slots or ROWS
    able = ABILITIES[kind]
    if kind in ("causal", "seq2seq") and available():
        able = msgspec.structs.replace(able, json_schema=True)
    settings: dict[str, Any] = {
        "source": str(source),
        "dtype": dtype,
        "device": options.device if on_gpu else "cpu",
        "template": options.template,
        "template_options": options.template_options,
        "rows": rows,
        "tokens": options.batch_tokens or TOKENS,
        "threads": options.threads or max(1, usable_cores() - 1),
    }
    return HostedModel(
        spec=spec,
        engine=_engine(dtype, options),
        settings=Settings.of(ENGINE, settings),
        capabilities=msgspec.structs.replace(able, fixed_concurrency=options.concurrency is not None),
        concurrency=options.concurrency or rows,
        digest=digest,
        ready=ready,
        known=known,
        side=options.side or "open",
    )


def _engine(dtype: str, options: ModelOptions) -> str:
    """Names, versions and what else decides an answer: it is part of the store's key."""
    parts = [f"{name} {importlib.metadata.version(name).partition('+')[0]}" for name in ("transformers", "torch")]
    parts.append(dtype)
    if options.template != "auto":
        parts.append(f"template {options.template}")
    if options.template_options:
        parts.append(msgspec.json.encode(options.template_options, order="deterministic").decode())
    return ", ".join(parts)


def _check_installed(where: str) -> None:
    lacking = [name for name in ("torch", "transformers") if importlib.util.find_spec(name) is None]
    if lacking:
        raise UsageError(f"{' and '.join(lacking)} not installed", where=where, fix=INSTALL)
