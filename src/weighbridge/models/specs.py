"""Spec strings: one line that names a model, such as ``gguf:smollm2`` or ``http://127.0.0.1:8000/v1#qwen3``."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, cast

from weighbridge.errors import UsageError, nearest
from weighbridge.models.options import ModelOptions, check
from weighbridge.models.protocol import Model
from weighbridge.models.remote.batch.open import check_mode
from weighbridge.models.remote.wires.vendors import VENDORS

ENTRY_POINTS = "weighbridge.models"


class Opener(Protocol):
    """Makes a model of one kind. `rest` is the spec string after ``kind:`` (for http, the whole string)."""

    def __call__(self, rest: str, options: ModelOptions, base_dir: Path) -> Model: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of model."""

    name: str
    form: str
    """How its spec strings are written."""
    doc: str
    opener: str
    """``module:function``; imported when the first such model is opened."""
    vendor: bool = False
    """Whether it is one of many vendors whom one opener serves; that takes the kind's name first."""

    def load(self) -> Opener:
        module, _, function = self.opener.partition(":")
        opener = getattr(importlib.import_module(module), function)
        return cast(Opener, partial(opener, self.name) if self.vendor else opener)


_HTTP = "any server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama, or a vendor"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "gguf",
            "gguf:PATH or gguf:NAME",
            "weights in a GGUF file, or in an installed weight package, run by llama.cpp on this machine",
            "weighbridge.models.local.gguf:open_gguf",
        ),
        Kind(
            "hf",
            "hf:org/name or hf:org/name@revision",
            "a model of the Hugging Face hub, run by transformers and PyTorch on this machine",
            "weighbridge.models.local.hf:open_hf",
        ),
        Kind(
            "path",
            "path:FOLDER or path:FILE.gguf",
            "a folder of weights, or a GGUF file, run by transformers and PyTorch on this machine",
            "weighbridge.models.local.hf:open_path",
        ),
        Kind(
            "onnx",
            "onnx:FOLDER",
            "a model exported with `weighbridge onnx export`, run by onnxruntime on this machine",
            "weighbridge.models.local.onnx.model:open_onnx",
        ),
        Kind("http", "http://host:port/v1#model", _HTTP, "weighbridge.models.remote.http:open_http"),
        Kind("https", "https://host/v1#model", _HTTP, "weighbridge.models.remote.http:open_https"),
        Kind(
            "anyllm",
            "anyllm:provider/model",
            "a model of any provider that the package any-llm knows",
            "weighbridge.models.anyllm:open_anyllm",
        ),
        Kind(
            "recorded",
            "recorded:FILE or recorded:FILE#model",
            "answers given before, read from a jsonl or csv file",
            "weighbridge.models.recorded:open_recorded",
        ),
        Kind(
            "ray",
            "ray:SPEC, for example ray:gguf:smollm2",
            "the model of another spec, its engines spread over the machines of a Ray cluster",
            "weighbridge.models.cluster.model:open_ray",
        ),
        Kind(
            "python",
            "python:package.module.function",
            "a function of yours: a rule, a classical classifier, or a client of your own",
            "weighbridge.models.rule:open_rule",
        ),
        Kind(
            "simulated",
            "simulated:accuracy=0.8,latency=0.2,...",
            "made-up answers of a stated accuracy, latency and price, for trying things out",
            "weighbridge.models.simulated:open_simulated",
        ),
    )
}
KINDS |= {
    vendor.name: Kind(
        vendor.name,
        f"{vendor.name}:MODEL",
        f"a model of {vendor.title}, over the internet",
        "weighbridge.models.remote.closed:open_vendor",
        vendor=True,
    )
    for vendor in VENDORS.values()
}
"""The kinds of model that come with Weighbridge; packages add more through the entry points `ENTRY_POINTS`."""


def open_model(spec: str, options: ModelOptions | None = None, base_dir: Path | None = None) -> Model:
    """The model that `spec` names; nothing is loaded or connected before its first call.

    Paths in the spec are relative to `base_dir` (the project file's folder; the working directory where None).
    Raises UsageError for an unknown kind, a file that is not there, or options that cannot be.
    """
    options = options or ModelOptions()
    wrong = check(options)
    if wrong:
        raise UsageError("; ".join(wrong), where=f"options of model {spec!r}")
    name, colon, rest = spec.strip().partition(":")
    if not colon or not rest.strip():
        raise _unknown(spec, name, hint=bool(colon))
    opener: Opener | None = KINDS[name].load() if name in KINDS else _from_entry_points(name)
    if opener is None:
        raise _unknown(spec, name)
    check_mode(name, spec, options)
    return opener(rest.strip(), options, (base_dir or Path.cwd()).resolve())


def _from_entry_points(name: str) -> Opener | None:
    from importlib.metadata import entry_points

    for point in entry_points(group=ENTRY_POINTS, name=name):
        return cast(Opener, point.load())
    return None


def _unknown(spec: str, name: str, hint: bool = False) -> UsageError:
    from importlib.metadata import entry_points

    known = {**{kind.name: kind.form for kind in KINDS.values()}}
    known |= {point.name: f"{point.name}:..." for point in entry_points(group=ENTRY_POINTS)}
    if hint and name in known:
        return UsageError(f"model {spec!r} says nothing after the colon", fix=f"write {known[name]}")
    if name.endswith(".gguf"):
        return UsageError(f"model {spec!r} names no kind", fix=f"write gguf:{spec.strip()}")
    forms = "; ".join(form for name, form in known.items() if name not in VENDORS)
    forms += f"; a vendor's model, such as openai:gpt-4o-mini ({', '.join(VENDORS)})"
    what = f"unknown kind of model {name!r}" if ":" in spec else f"model {spec!r} names no kind"
    return UsageError(what, where=f"model {spec!r}", fix=f"{nearest(name, known)}\n         forms: {forms}")
