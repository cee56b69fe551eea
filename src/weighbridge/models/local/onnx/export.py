"""An open model of transformers as ONNX graphs in a folder of their own, checked against it before they are kept."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import weighbridge
from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.models.local.digest import digest_of
from weighbridge.models.local.onnx.agree import measured, refused
from weighbridge.models.local.onnx.describe import described
from weighbridge.models.local.onnx.manifest import NAME, Agreement, DType, Held, Manifest, read, write
from weighbridge.models.local.onnx.trace import (
    Traced,
    cache_shapes,
    causal,
    decoder_of,
    encoder_of,
    encoder_only,
    exact_alibi,
    picking,
)
from weighbridge.models.local.torch.encode_pooling import pooling_of
from weighbridge.models.local.torch.loaded import Loaded

OPSET = 20
_INSTALL = "pip install 'weighbridge[local,onnx]' onnx onnxscript"
_NEEDED = ("torch", "transformers", "onnx", "onnxscript", "onnxruntime", "tokenizers")

Say = Callable[[str], None]


def export(
    source: Path,
    target: Path,
    *,
    name: str | None = None,
    dtype: DType = "float32",
    cached: bool = True,
    replace: bool = False,
    threads: int | None = None,
    say: Say = lambda _: None,
) -> Manifest:
    """Export the model in `source` (a folder of transformers or a GGUF file) to the folder `target`.

    `cached` False leaves the cache out: such a decoder scores and does not generate. `dtype` ``int8`` quantises the
    weights of matrix products after the export has agreed in float32, and measures again. `name` is what the manifest
    calls the source; `say` is told of each step. The folder appears whole or not at all. Raises UsageError where
    something is missing or `target` is taken, WeighbridgeError where the graphs do not agree with their source.
    """
    ready(str(source))
    if target.exists() and not replace:
        raise UsageError(
            f"{target.name} is there already", where=str(target), fix="name another folder, or add --replace"
        )
    from weighbridge.models.local.torch.load import load

    say("loading")
    loaded = load(source, dtype="float32", device="cpu", threads=threads)
    if not getattr(loaded.tokenizer, "is_fast", False):
        raise UsageError(
            "the tokenizer has no tokenizer.json form, which ONNX folders need",
            where=str(source),
            fix="use it through hf: or path:, or a folder of the same model with tokenizer.json",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        manifest = _made(loaded, making, name or source.name, dtype, cached, threads, say)
        write(manifest, making)
        _readable(making)
        _placed(making, target)
    except OSError as error:
        raise WeighbridgeError(f"the folder cannot be written: {error}", where=str(target)) from None
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return manifest


def ready(where: str) -> None:
    """Raises UsageError where a package that exporting needs is not installed."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f"exporting needs {', '.join(missing)}", where=where, fix=_INSTALL)


def _made(
    loaded: Loaded, folder: Path, name: str, dtype: DType, cached: bool, threads: int | None, say: Say
) -> Manifest:
    from weighbridge.models.local.onnx.runner import open_graphs

    say("exporting")
    cached = (cached and loaded.kind == "causal") or loaded.kind == "seq2seq"
    graphs, shapes, cross = _written(loaded, folder, cached)
    loaded.tokenizer.save_pretrained(folder)
    manifest = described(
        loaded,
        source=name,
        source_digest=_source_digest(loaded),
        made_with=_versions(),
        opset=OPSET,
        cached=cached,
        graphs=graphs,
        caches=shapes,
        cross=cross,
        files=_held(folder),
    )
    say("comparing with the source")
    agreement = measured(loaded, open_graphs(folder, manifest, threads))
    why = refused(agreement)
    if why:
        raise WeighbridgeError(
            f"the export is not the same model, and was deleted: {why}",
            where=name,
            fix="use the model through hf: or path:; tell us its architecture"
            f" ({loaded.architecture}, transformers {_versions()['transformers']}, torch {_versions()['torch']})",
        )
    if dtype == "int8":
        say("quantising")
        from weighbridge.models.local.onnx.quantise import quantise

        for file in graphs.values():
            quantise(folder / file)
        manifest = _with(manifest, folder, agreement, dtype)
        say("comparing with the source")
        agreement = measured(loaded, open_graphs(folder, manifest, threads))
    return _with(manifest, folder, agreement, dtype)


def _with(manifest: Manifest, folder: Path, agreement: Agreement, dtype: DType) -> Manifest:
    import msgspec

    return msgspec.structs.replace(manifest, agreement=agreement, dtype=dtype, files=_held(folder))


def _written(loaded: Loaded, folder: Path, cached: bool) -> tuple[dict[str, str], list[tuple[int, int]], int]:
    """Write the graphs: file by role, shapes of the cache, tensors from the encoder."""
    import torch

    model = loaded.model
    with _quiet(), torch.no_grad(), exact_alibi():
        if loaded.kind == "seq2seq":
            encoder = encoder_of(model)
            _graph(encoder, folder / "encoder.onnx")
            cross = [part.detach() for part in encoder.module(*encoder.example)]
            shapes = [(int(part.shape[1]), int(part.shape[3])) for part in cross]
            with picking(model) as wanted:
                _graph(decoder_of(model, cross, shapes, wanted), folder / "decoder.onnx")
            return {"encoder": "encoder.onnx", "decoder": "decoder.onnx"}, shapes, len(cross)
        graphs = {"model": "model.onnx"}
        if loaded.kind == "causal":
            shapes = cache_shapes(model) if cached else []
            with picking(model) as wanted:
                _graph(causal(model, shapes, wanted), folder / "model.onnx")
            return graphs, shapes, 0
        if loaded.kind == "masked":
            with picking(model) as wanted:
                _graph(encoder_only(model, loaded.kind, wanted), folder / "model.onnx")
        else:
            pooling = pooling_of(loaded) if loaded.kind == "encoder" else None
            _graph(encoder_only(model, loaded.kind, [], pooling), folder / "model.onnx")
        return graphs, [], 0


def _graph(traced: Traced, path: Path) -> None:
    import torch

    free = torch.export.Dim.DYNAMIC

    def axes(part: Any) -> Any:
        if isinstance(part, list | tuple):
            return type(part)(axes(inner) for inner in part)
        return dict.fromkeys(part, free)

    try:
        program = torch.onnx.export(
            traced.module,
            traced.example,
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes=tuple(axes(part) for part in traced.axes),
            input_names=list(traced.inputs),
            output_names=list(traced.outputs),
            verbose=False,
        )
    except torch.onnx.OnnxExporterError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise WeighbridgeError(
            f"PyTorch cannot export this model: {(lines or ['no reason given'])[-1][:300]}",
            fix="use the model through hf: or path:",
        ) from None
    _without_traces(program.model)
    program.save(str(path), external_data=True)


def _without_traces(model: Any) -> None:
    """Where in which file each node was made is nobody's business, and most of the graph's size."""
    for node in model.graph.all_nodes():
        node.metadata_props.clear()
        node.doc_string = None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter's own progress, warnings and logs are for its makers."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(None):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _versions() -> dict[str, str]:
    return {"weighbridge": weighbridge.__version__} | {name: importlib.metadata.version(name) for name in _NEEDED}


def _held(folder: Path) -> dict[str, Held]:
    return {
        str(path.relative_to(folder)): Held(path.stat().st_size, digest_of(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != NAME
    }


def _source_digest(loaded: Loaded) -> str:
    source = loaded.source
    if source is None:
        return ""
    if source.is_file():
        return f"sha256:{digest_of(source)}"
    kept = sorted(
        path for path in source.iterdir() if path.is_file() and path.suffix in (".safetensors", ".bin", ".json")
    )
    lines = "".join(f"{path.name} {digest_of(path)}\n" for path in kept)
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()


def _readable(making: Path) -> None:
    """What was made in a private place gets the rights that this user's files have."""
    mask = os.umask(0)
    os.umask(mask)
    for path in (making, *making.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)


def _placed(making: Path, target: Path) -> None:
    """`making` becomes `target`; a folder of an earlier export gives way, any other stays."""
    if target.exists():
        read(target, digests=False)
        before = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        target.rename(before / "old")
        making.rename(target)
        shutil.rmtree(before)
    else:
        making.rename(target)
