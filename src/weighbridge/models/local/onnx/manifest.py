"""``weighbridge-onnx.json``: what an exported folder holds, where it came from, and how well it agrees with that."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from weighbridge.errors import UsageError
from weighbridge.models.local.digest import digest_of

NAME = "weighbridge-onnx.json"
FORMAT = 1

Kind = Literal["causal", "seq2seq", "classifier", "masked", "encoder"]
DType = Literal["float32", "int8"]


class Held(msgspec.Struct, frozen=True):
    """One file of the folder."""

    size: int
    """Bytes."""
    sha256: str


class Sentence(msgspec.Struct, frozen=True):
    """How a sentence encoder takes texts; what it does with their tokens' vectors is in the graph."""

    longest: int | None = None
    """Most tokens of a text that are read; None: all."""
    lower: bool = False
    """Whether texts are put into lower case first."""


class Agreement(msgspec.Struct, frozen=True):
    """The exported graphs beside the model they came from, as measured when they were made."""

    prompts: int
    """Texts compared."""
    logits: float
    """Largest difference of a logit, class score or component of a vector, over all positions compared."""
    greedy_equal: int | None = None
    """Prompts whose likeliest continuation is the same token for token; None where nothing is generated."""
    greedy_tokens: int | None = None
    """Tokens generated for each prompt."""
    loglikelihood: float | None = None
    """Largest difference of the log-probability of a given continuation."""


class Manifest(msgspec.Struct, frozen=True):
    """What the folder is. All token numbers are those of its ``tokenizer.json``."""

    kind: Kind
    architecture: str
    """``model_type`` of the source."""
    source: str
    """The source as its maker named it."""
    source_digest: str
    """``sha256:`` over the names and digests of the source's weights and configuration."""
    made_with: dict[str, str]
    """Versions by package."""
    opset: int
    dtype: DType
    cached: bool
    """Whether the decoder takes and gives a cache of keys and values: needed to generate."""
    graphs: dict[str, str]
    """File by role: ``model``, or ``encoder`` and ``decoder``."""
    caches: list[tuple[int, int]]
    """(heads, size) of each cache tensor: keys and values of the first layer, of the second, and so on."""
    cross: int
    """How many more inputs the decoder takes from the encoder: keys and values it looks up."""
    vocabulary: int
    context: int | None
    sliding: int | None
    """Width of the window of the layers that have one."""
    scored_at_once: int
    """Most tokens read at once when a given continuation is scored (lm-evaluation-harness's rule)."""
    agreement: Agreement
    files: dict[str, Held]
    bos: int | None = None
    eos: tuple[int, ...] = ()
    """Tokens that end an answer."""
    prefix: int | None = None
    """What stands before a continuation that has no context: the first of bos and eos that there is."""
    pad: int = 0
    mask: int | None = None
    decoder_start: int | None = None
    typed: bool = False
    """Whether the model is told which of a pair of texts a token belongs to."""
    labels: tuple[str, ...] = ()
    """Of a classifier, in the order of its outputs."""
    labels_apart: bool = False
    """Whether labels do not exclude each other."""
    marks: tuple[int, ...] = ()
    """Special tokens, which fill no gap."""
    sentence: Sentence | None = None
    notes: tuple[str, ...] = ()
    format: int = FORMAT


def write(manifest: Manifest, folder: Path) -> None:
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / NAME).write_bytes(text + b"\n")


def read(folder: Path, *, digests: bool = True) -> Manifest:
    """The manifest of `folder`, whose files are as they were when it was made.

    `digests` False looks at sizes alone. Raises UsageError naming the file that is missing, of another size or
    content, or outside the folder.
    """
    where = str(folder)
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder.name!r}", where=where, fix=_MAKE)
    path = folder / NAME
    if not path.is_file():
        raise UsageError(f"the folder has no {NAME}: it was not exported by Weighbridge", where=where, fix=_MAKE)
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"{NAME} cannot be read: {error}", where=str(path), fix=_AGAIN) from None
    if manifest.format != FORMAT:
        raise UsageError(
            f"{NAME} has format {manifest.format}; this version reads {FORMAT}", where=str(path), fix=_AGAIN
        )
    for role, name in manifest.graphs.items():
        if name not in manifest.files:
            raise UsageError(
                f"the {role} graph {name!r} is not among the files of {NAME}", where=str(path), fix=_AGAIN
            )
    for name, held in manifest.files.items():
        _as_held(folder, name, held, digests)
    return manifest


def _as_held(folder: Path, name: str, held: Held, digests: bool) -> None:
    path = within(folder, name)
    if not path.is_file():
        raise UsageError(f"{name} is missing", where=str(folder), fix=_AGAIN)
    size = path.stat().st_size
    if size != held.size:
        what = f"{name} has {size} bytes where {NAME} says {held.size}: it was cut or replaced"
        raise UsageError(what, where=str(path), fix=_AGAIN)
    if digests and digest_of(path) != held.sha256:
        raise UsageError(
            f"{name} is not the file that was exported: its SHA-256 differs from that in {NAME}",
            where=str(path),
            fix=_AGAIN,
        )


def within(folder: Path, name: str) -> Path:
    """`name` in `folder`. Raises UsageError where it leads elsewhere, by dots, by a root or by a link."""
    if Path(name).is_absolute() or ".." in Path(name).parts or "\\" in name or not name:
        raise UsageError(f"the file name {name!r} leads out of the folder", where=str(folder), fix=_AGAIN)
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{name!r} is a link that leads out of the folder", where=str(folder), fix=_AGAIN)
    return path


def revision(manifest: Manifest) -> str:
    """``sha256:`` over names and digests of all files: what fixes the answers."""
    import hashlib

    lines = sorted(f"{name} {held.sha256}\n" for name, held in manifest.files.items())
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()


def told(manifest: Manifest) -> tuple[str, ...]:
    """What a user of the folder must know of it."""
    if manifest.dtype == "float32":
        return ()
    away = manifest.agreement
    said = f"8-bit weights: logits differ from the source's by up to {away.logits:.2g}"
    if away.greedy_equal is not None:
        said += f", and the likeliest answers are its own on {away.greedy_equal} of {away.prompts} texts"
    return (said,)


_MAKE = "make one from a model of transformers: weighbridge onnx export SOURCE DIR"
_AGAIN = "export it again: weighbridge onnx export SOURCE DIR"
