"""A folder of weights in the layout of transformers, looked at without loading it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError, nearest
from weighbridge.models.local.architectures import Kind, architecture_of, kind_of
from weighbridge.models.local.digest import digest_of
from weighbridge.models.local.safetensors_file import Header, read_header

TOKENIZERS = (
    "tokenizer.json",
    "tokenizer.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "vocab.txt",
    "vocab.json",
)
"""Files any one of which a tokenizer can be made from."""

_PICKLED = (".bin", ".pt", ".pth", ".ckpt")
_SMALL = (
    *("config.json", "generation_config.json", "chat_template.jinja", "chat_template.json", "tokenizer_config.json"),
    *("special_tokens_map.json", "added_tokens.json", "merges.txt", "modules.json", "sentence_bert_config.json"),
    *("1_Pooling/config.json", *TOKENIZERS),
)
"""Files beside the weights that decide what a model answers."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The files with the numbers."""

    files: tuple[Path, ...]
    pickled: bool
    """``.bin`` and ``.pt``: read with PyTorch's weights-only unpickler, or not at all."""
    numbers: int
    size: int
    """Bytes as they are stored."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """What the files say."""

    path: Path
    config: Mapping[str, Any]
    """config.json."""
    architecture: str
    kind: Kind
    notes: tuple[str, ...] = ()

    def digest(self) -> str:
        """Hex SHA-256 over the names and digests of all files that decide an answer."""
        weights = weights_of(self.path, str(self.path)).files
        files = {name: self.path / name for name in _SMALL if (self.path / name).is_file()}
        files |= {str(path.relative_to(self.path)): path for path in weights}
        lines = [f"{digest_of(path)}  {name}\n" for name, path in sorted(files.items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_folder(path: Path, where: str) -> ModelFolder:
    """What `path` holds, but for its weights. Raises UsageError for what is missing, damaged or not supported."""
    if not path.is_dir():
        near = [one.name for one in path.parent.iterdir() if one.is_dir()] if path.parent.is_dir() else []
        fix = nearest(path.name, near) if near else "check the path; it is relative to the project file's folder"
        raise UsageError(f"there is no folder {path}", where=where, fix=fix)
    config = _config(path, where)
    architecture = architecture_of(config, where)
    kind = kind_of(config, where)
    _check_tokenizer(path, where)
    notes = []
    if config.get("auto_map"):
        notes.append(
            "the folder brings Python code of its own (auto_map), which is not run (trust_remote_code is off):"
            f" transformers' own {architecture} is used"
        )
    return ModelFolder(path, config, architecture, kind, tuple(notes))


def weights_of(path: Path, where: str) -> Weights:
    """The weights in `path`, every file checked as far as its header goes. Raises UsageError."""
    index = path / "model.safetensors.index.json"
    if index.is_file():
        places = _index(index, where)
        headers = {
            name: read_header(_shard(path, name, index, where), where) for name in sorted(set(places.values()))
        }
        lost = sorted(tensor for tensor, name in places.items() if tensor not in headers[name].tensors)
        if lost:
            raise UsageError(
                f"{index.name} names tensors that its files do not hold, such as {lost[0]}",
                where=where,
                fix="get all files of one revision again",
            )
        return _counted(tuple(path / name for name in headers), tuple(headers.values()))
    if (path / "model.safetensors").exists() or (path / "model.safetensors").is_symlink():
        file = _shard(path, "model.safetensors", None, where)
        return _counted((file,), (read_header(file, where),))
    return _pickled(path, where)


def _counted(files: tuple[Path, ...], headers: tuple[Header, ...]) -> Weights:
    return Weights(files, False, sum(one.numbers for one in headers), sum(one.size for one in headers))


def _pickled(path: Path, where: str) -> Weights:
    index = path / "pytorch_model.bin.index.json"
    if index.is_file():
        names = sorted(set(_index(index, where).values()))
        files = tuple(_shard(path, name, index, where) for name in names)
    else:
        files = tuple(one for one in (path / "pytorch_model.bin",) if one.is_file())
    if files:
        size = sum(file.stat().st_size for file in files)
        return Weights(files, True, size // 4, size)
    other = sorted(one.name for one in path.iterdir() if one.suffix in (*_PICKLED, ".h5", ".msgpack", ".safetensors"))
    gguf = sorted(one.name for one in path.glob("*.gguf"))
    if gguf:
        raise UsageError(
            "the folder holds GGUF files and no weights for transformers",
            where=where,
            fix=f"name the file: gguf:{path / gguf[0]} (llama.cpp) or path:{path / gguf[0]} (transformers)",
        )
    if (path / "adapter_config.json").is_file():
        raise UsageError(
            "the folder holds an adapter (LoRA), not a whole model",
            where=where,
            fix="merge it into its base model (peft: merge_and_unload, then save_pretrained) and name that folder",
        )
    if other:
        raise UsageError(
            f"no model.safetensors and no pytorch_model.bin; {other[0]} is not read",
            where=where,
            fix="convert it to safetensors with its maker's tools; pickles (.pt, .pth, .ckpt) can run code",
        )
    raise UsageError("the folder holds no weights", where=where, fix="get model.safetensors (or its parts and index)")


def _config(path: Path, where: str) -> Mapping[str, Any]:
    file = path / "config.json"
    if not file.is_file():
        if (path / "adapter_config.json").is_file() or list(path.glob("*.gguf")):
            _pickled(path, where)  # says what the folder is instead
        raise UsageError(
            "the folder holds no config.json",
            where=where,
            fix="name the folder that save_pretrained wrote, or that hf download made (snapshots/...)",
        )
    config = _json(file, where)
    if not isinstance(config, dict):
        raise UsageError("config.json holds no mapping", where=where, fix="get config.json of this model again")
    return config


def _check_tokenizer(path: Path, where: str) -> None:
    found = [name for name in TOKENIZERS if (path / name).is_file()]
    if not found:
        raise UsageError(
            "the folder holds no tokenizer",
            where=where,
            fix="get tokenizer.json and tokenizer_config.json (or tokenizer.model) of this model",
        )
    if "tokenizer.json" in found:
        said = _json(path / "tokenizer.json", where)
        if not isinstance(said, dict) or not isinstance(said.get("model"), dict):
            raise UsageError("tokenizer.json holds no tokenizer", where=where, fix="get tokenizer.json again")
    if (path / "tokenizer_config.json").is_file():
        _json(path / "tokenizer_config.json", where)


def _index(path: Path, where: str) -> dict[str, str]:
    said = _json(path, where)
    places = said.get("weight_map") if isinstance(said, dict) else None
    if not isinstance(places, dict) or not places or not all(isinstance(one, str) for one in places.values()):
        raise UsageError(f"{path.name} names no files (weight_map)", where=where, fix="get it again")
    return places


def _shard(path: Path, name: str, index: Path | None, where: str) -> Path:
    file = path / name
    if Path(name).name != name:
        raise UsageError(f"the weights' index points out of its folder: {name!r}", where=where, fix="do not use it")
    if not file.is_file():
        named = f", which {index.name} names" if index is not None else ""
        what = "its download was not finished" if file.is_symlink() else "it is not there"
        raise UsageError(f"{name}{named}: {what}", where=where, fix="get the missing file, or all files again")
    return file


def _json(path: Path, where: str) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        # Python's own reader: configurations hold Infinity, which is no JSON.
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read: {error.strerror}", where=where) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{path.name} is damaged: {error}", where=where, fix=f"get {path.name} of this model again"
        ) from None
