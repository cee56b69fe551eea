"""`weighbridge onnx`: open models as ONNX graphs, made and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from weighbridge.errors import UsageError, WeighbridgeError


@click.group()
def onnx() -> None:
    """Export open models to ONNX, which runs them without PyTorch.

    A folder that was exported is weighed as onnx:FOLDER.
    """


@onnx.command()
@click.argument("source")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--dtype",
    type=click.Choice(["float32", "int8"]),
    default="float32",
    show_default=True,
    help="Numbers of the weights. int8 is smaller and faster, and not the same model: by how much is written down.",
)
@click.option("--no-cache", is_flag=True, help="For scoring given continuations alone: the graph cannot generate.")
@click.option("--replace", is_flag=True, help="Take the place of an earlier export in FOLDER.")
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads to work with.  [default: all]")
def export(
    source: str, folder: Path, dtype: Literal["float32", "int8"], no_cache: bool, replace: bool, threads: int | None
) -> None:
    """Export SOURCE to FOLDER, and keep it where it agrees with its source.

    SOURCE is hf:org/name, path:FOLDER, a folder of transformers or a GGUF file. The graphs are run beside the source
    on the same texts: where logits differ by more than 0.001, or the likeliest answers differ, nothing is kept.
    """
    from weighbridge.models.local.onnx.agree import told
    from weighbridge.models.local.onnx.export import export as make
    from weighbridge.models.local.onnx.export import ready

    ready(source)
    path, name = found(source)
    manifest = make(
        path,
        folder.absolute(),
        name=name,
        dtype=dtype,
        cached=not no_cache,
        replace=replace,
        threads=threads,
        say=lambda step: click.echo(f"{step} ...", err=True),
    )
    size = sum(held.size for held in manifest.files.values()) / 1e6
    click.echo(f"{folder}: {manifest.architecture} ({manifest.kind}), {manifest.dtype}, {size:,.0f} MB")
    click.echo(f"beside its source: {told(manifest.agreement)}")
    click.echo(f"weigh it as onnx:{folder}")


@onnx.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--source", metavar="SOURCE", help="Compare it with its source once more (needs PyTorch).")
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads to work with.  [default: all]")
def check(folder: Path, source: str | None, threads: int | None) -> None:
    """Check that FOLDER is whole and that this machine can run it.

    Every file's digest is reckoned anew, and the graphs are opened.
    """
    from weighbridge.models.local.onnx.agree import refused, told
    from weighbridge.models.local.onnx.graph import installed
    from weighbridge.models.local.onnx.manifest import read
    from weighbridge.models.local.onnx.runner import open_graphs
    from weighbridge.models.local.onnx.text import read_text

    installed(str(folder))
    manifest = read(folder)
    text = read_text(folder, manifest)
    graphs = open_graphs(folder, manifest, threads)
    made = ", ".join(f"{name} {manifest.made_with[name]}" for name in ("torch", "transformers"))
    click.echo(
        f"{manifest.source}: {manifest.architecture} ({manifest.kind}), {manifest.dtype}, opset {manifest.opset}"
    )
    click.echo(f"made with {made}; {len(manifest.files)} files as they were exported")
    click.echo(f"beside its source, when it was made: {told(manifest.agreement)}")
    if manifest.kind == "causal" and not manifest.cached:
        click.echo("without a cache: it scores given continuations and does not generate")
    for note in text.notes:
        click.echo(f"note: {note}")
    if source is not None:
        from weighbridge.models.local.onnx.agree import measured
        from weighbridge.models.local.onnx.export import ready
        from weighbridge.models.local.torch.load import load

        ready(source)
        path, _ = found(source)
        loaded = load(path, dtype="float32", device="cpu", threads=threads)
        if loaded.architecture != manifest.architecture or loaded.kind != manifest.kind:
            raise UsageError(
                f"{source} is a {loaded.architecture} ({loaded.kind}), the export a {manifest.architecture}"
                f" ({manifest.kind})",
                where=str(folder),
                fix=f"name the model it was made from: {manifest.source}",
            )
        agreement = measured(loaded, graphs)
        click.echo(f"beside its source, now: {told(agreement)}")
        why = refused(agreement) if manifest.dtype == "float32" else None
        if why:
            raise WeighbridgeError(f"the export is not that model: {why}", where=str(folder))


def found(source: str) -> tuple[Path, str]:
    """Where SOURCE lies on this machine, and what the manifest calls it. Raises UsageError."""
    from weighbridge.models.local.folder import read_folder, weights_of

    if source.startswith("hf:"):
        from weighbridge.models.local.hub import fetch_weights, parse_repo
        from weighbridge.models.local.hub import found as looked_up

        snapshot = looked_up(parse_repo(source.removeprefix("hf:"), None), source)
        fetch_weights(snapshot, source)
        return snapshot.path, f"hf:{snapshot.repo.name}@{snapshot.commit}"
    kind, colon, rest = source.partition(":")
    if colon and kind in ("gguf", "onnx", "http", "https", "recorded", "python", "simulated"):
        raise UsageError(
            f"{source!r} cannot be exported",
            where=source,
            fix="name a model of transformers (hf:org/name, path:FOLDER) or a GGUF file by its path",
        )
    path = Path(rest if kind == "path" and colon else source).expanduser().absolute()
    if path.is_file() and path.suffix.lower() == ".gguf":
        return path, path.name
    read_folder(path, source)
    weights_of(path, source)
    return path, path.name
