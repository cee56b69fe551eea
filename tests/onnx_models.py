"""Exports for the tests, made anew when the code that makes them changes, and both engines over them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import open_models
import weighbridge
from weighbridge.models.local.batch import Batcher, Outcome
from weighbridge.models.protocol import Request, Sampling
from weighbridge.tasks.item import Message

MAKERS = ("agree.py", "describe.py", "export.py", "manifest.py", "quantise.py", "runner.py", "trace.py")


def source(name: str) -> Path:
    if name in open_models.ARCHITECTURES:
        return open_models.tiny(name)
    found: Path = getattr(open_models, name)()
    return found


def exported(name: str, *, dtype: str = "float32", cached: bool = True) -> Path:
    """The folder of an export of a model of `open_models`, tiny or real."""
    pytest.importorskip("onnxscript", reason="exporting needs onnxscript: pip install onnx onnxscript")
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed: pip install 'weighbridge[onnx]'")
    came_from = source(name)
    import torch
    import transformers
    from filelock import FileLock

    from weighbridge.models.local.onnx.export import export

    room = Path(weighbridge.__file__).parent / "models" / "local" / "onnx"
    parts = [(room / maker).read_bytes() for maker in MAKERS]
    parts.append(f"{torch.__version__} {transformers.__version__} {came_from.name}".encode())
    key = hashlib.sha256(b"".join(parts)).hexdigest()[:12]
    stem = f"onnx-{name}-{dtype}{'' if cached else '-no-cache'}"
    target = open_models.HOME / f"{stem}-{key}"
    with FileLock(open_models.HOME / f"{stem}.lock"):
        if not target.is_dir():
            for old in open_models.HOME.glob(f"{stem}-{'?' * 12}"):
                shutil.rmtree(old, ignore_errors=True)
            torch.set_num_threads(1)
            export(came_from, target, dtype=dtype, cached=cached, threads=1)  # type: ignore[arg-type]
    return target


@dataclass
class Heard:
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    pieces: dict[int, list[str]] = field(default_factory=dict)

    def done(self, number: int, outcome: Outcome) -> None:
        assert number not in self.outcomes, "told twice"
        self.outcomes[number] = outcome

    def emit(self, number: int, text: str) -> bool:
        self.pieces.setdefault(number, []).append(text)
        return True


def asked(engine: Batcher, requests: Sequence[Request], *, stream: bool = False) -> Heard:
    heard = Heard()
    engine.run(requests, heard.done, emit=heard.emit if stream else None)
    assert sorted(heard.outcomes) == list(range(len(requests)))
    return heard


def request(text: str, *more: str, max_tokens: int = 8, **parts) -> Request:
    sampling = parts.pop("sampling", Sampling(max_tokens=max_tokens))
    return Request(tuple(Message("user", one) for one in (text, *more)), sampling, **parts)


def onnx_engine(folder: Path, **settings):
    from weighbridge.models.local.onnx.engine import make

    return make({"folder": str(folder), "threads": 1, **settings})


def torch_engine(folder: Path, **settings):
    from weighbridge.models.local.torch.engine import make

    return make({"source": str(folder), "dtype": "float32", "device": "cpu", "threads": 1, **settings})
