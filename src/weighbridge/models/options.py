"""What a project may say about a model beside its spec string."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

from weighbridge.errors import nearest
from weighbridge.evidence import Side

Constrained = Literal["none", "guided_choice", "structured_outputs", "grammar", "regex", "json_schema"]
Server = Literal["auto", "openai", "vllm", "llama.cpp", "ollama", "tgi", "transformers"]


class ModelOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of one model. What changes the answers shows in `Model.engine`, and so in the store's key."""

    side: Side | None = None
    """``open``, ``closed`` or ``rule``; None: as the spec implies."""
    concurrency: int | None = None
    """Calls worth having under way at once; None: the kind's own default."""
    revision: str | None = None
    """What fixes the weights, where the server cannot say (a commit, a deployment's tag)."""

    # A server (http, https)
    key_env: str | None = None
    """Name of the environment variable that holds the API key."""
    headers: dict[str, str] = {}
    """More request headers, none of them secret."""
    server: Server = "auto"
    """What the server is. ``auto`` asks it once, before the run; ``openai`` takes it as plain OpenAI-compatible."""
    constrained: Constrained | None = None
    """How this server is held to given choices: ``guided_choice`` (vLLM before 0.12) and ``structured_outputs``
    (vLLM), ``grammar`` (llama.cpp), ``regex`` (TGI), ``json_schema`` (a strict schema with one field; the choice is
    taken out of it before scoring), ``none``. Absent: as servers of its kind are."""
    json_schema: bool | None = None
    """The server follows ``response_format: json_schema``. Absent: as servers of its kind do."""
    logprobs: bool | None = None
    """The server returns log-probabilities of generated tokens. Absent: as servers of its kind do."""
    scoring: bool | None = None
    """The server gives log-probabilities of a prompt's tokens, so that given continuations can be scored. Absent: as
    servers of its kind do; a plain OpenAI-compatible one needs ``/completions`` with ``echo`` and ``logprobs``."""
    embeddings: bool | None = None
    """The server has ``/embeddings`` for this model. Absent: as servers of its kind do."""
    bundle: bool | None = None
    """Repeated answers to one prompt that are asked at the same time go in one call (``n``). Absent: where the server
    is known to draw them as separate calls would."""
    server_defaults: bool = False
    """True leaves top-k, min-p and repetition penalties to the server; otherwise they are switched off, so that the
    same temperature means the same everywhere."""
    stream: bool = True
    """False asks for one JSON document; then the time to first token is unknown."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What this server calls the limit of an answer; OpenAI's reasoning models want `max_completion_tokens`."""
    omit: tuple[str, ...] = ()
    """Request fields this server refuses, for example ``temperature`` or ``stream_options``."""
    extra: dict[str, Any] = {}
    """More fields of the request body, for example ``reasoning_effort``."""
    connect_timeout: float = 10.0
    """Seconds to open a connection."""
    first_byte_timeout: float = 120.0
    """Seconds from sending the request to the first byte of the answer."""
    idle_timeout: float = 60.0
    """Seconds between two pieces of a streamed answer."""

    # A vendor (openai, azure, anthropic, ...)
    mode: Literal["live", "batch"] = "live"
    """``batch`` asks through the vendor's batch interface (openai, anthropic, google): half the price, and answers
    within a day instead of at once. The answers are the same, and are kept under the same keys."""
    batch_first: int | None = None
    """Items asked in the first round of `mode: batch`; later rounds double. None: 64."""
    base_url: str | None = None
    """Address in place of the vendor's own, up to what comes before ``/chat/completions`` (or the format's like)."""
    api: Literal["chat", "responses"] | None = None
    """Which of OpenAI's two interfaces (openai, azure); None: chat completions."""
    api_version: str | None = None
    """Version of the interface (azure: with it, deployment paths; without it, the ``/openai/v1`` paths)."""
    deployment: str | None = None
    """Name of the deployment (azure); None: the model's name."""
    resource: str | None = None
    """Name of the resource, the first word of its address (azure)."""
    region: str | None = None
    """Region that answers (bedrock, vertex)."""
    project: str | None = None
    """Project that pays (vertex)."""
    can: tuple[str, ...] = ()
    """What this model can do beyond what is known of its kind: ``tools``, ``images``, ``seed``, ..."""
    cannot: tuple[str, ...] = ()
    """What this model cannot do, against what is known of its kind; requests that need it are refused before the
    call."""

    # The engine in this machine (gguf, hf, path, onnx)
    slots: int | None = None
    """Requests the engine answers side by side; None: four per core and at most 32 (gguf), 32 (the others)."""
    context: int = 2048
    """Tokens (prompt and answer) reserved for each slot (gguf); the others take what the model was made for."""
    threads: int | None = None
    """Threads of the engine; None: one less than the usable cores, at least one."""
    gpu_layers: int | None = None
    """Layers kept on the GPU (gguf); None: as many as fit, where the engine was built for one."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Number type of the weights (hf, path); ``auto`` is float32 on a CPU and the stored type on a GPU."""
    device: str = "auto"
    """Where the model runs (hf, path): ``cpu``, ``cuda``, ``cuda:1``; ``auto`` is the first GPU that PyTorch can use,
    else the CPU."""
    batch_tokens: int | None = None
    """Token positions worked on at once (hf, path, onnx): less takes less memory; None: 16384."""
    template: Literal["auto", "chat", "plain"] = "auto"
    """How messages become text (hf, path, onnx, http): ``chat`` by the model's own chat template, ``plain`` as their
    text alone (a server's ``/completions``), ``auto`` by the template where there is one that works."""
    template_options: dict[str, Any] = {}
    """Variables of the chat template (hf, path, onnx; servers that take them), as in ``enable_thinking: false``."""

    # A Ray cluster (ray)
    ray_address: str | None = None
    """``host:port`` of the cluster's head; None: RAY_ADDRESS, else one that runs here, else one for the run."""
    replicas: int | None = None
    """Engines on the cluster; None: one per GPU where the engine uses them, else one per node."""
    gpus: float | None = None
    """GPUs reserved for each engine, or a part of one; 0: none. None: one, where the engine uses them."""


ABILITIES = (
    *("choices", "json_schema", "logprobs", "scoring", "embeddings", "streaming", "seed", "tools", "images"),
    *("reasoning_effort", "stop", "temperature", "top_p"),
)
"""Names of `protocol.Capabilities` that `can` and `cannot` may hold."""


def _unknown(options: ModelOptions, field: str) -> list[str]:
    return [name for name in getattr(options, field) if name not in ABILITIES]


def check(options: ModelOptions) -> list[str]:
    """What is wrong with the values, one sentence each; empty when all is well."""
    wrong = []
    for name in ("concurrency", "slots", "context", "threads", "batch_tokens", "batch_first", "replicas"):
        value = getattr(options, name)
        if value is not None and value < 1:
            wrong.append(f"{name} must be at least 1, not {value}")
    if options.gpus is not None and options.gpus < 0:
        wrong.append(f"gpus must be at least 0, not {options.gpus:g}")
    for name in ("connect_timeout", "first_byte_timeout", "idle_timeout"):
        if getattr(options, name) <= 0:
            wrong.append(f"{name} must be above 0 seconds, not {getattr(options, name)}")
    wrong += [
        f"header {name!r} carries a secret; put the key in an environment variable and name it in key_env"
        for name in options.headers
        if name.lower()
        in ("authorization", "api-key", "x-api-key", "x-goog-api-key", "proxy-authorization", "cookie")
    ]
    reserved = {"messages", "stream", "model"} & set(options.extra)
    wrong += [f"extra may not set {name!r}" for name in sorted(reserved)]
    for field in ("can", "cannot"):
        wrong += [f"{field}: there is no {name!r}; {nearest(name, ABILITIES)}" for name in _unknown(options, field)]
    wrong += [f"{name!r} stands under both can and cannot" for name in sorted({*options.can} & {*options.cannot})]
    reserved = {"messages", "add_generation_prompt"} & set(options.template_options)
    wrong += [f"template_options may not set {name!r}" for name in sorted(reserved)]
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?|mps|xpu(:\d+)?", options.device):
        wrong.append(f"device must be auto, cpu, cuda or cuda:N, not {options.device!r}")
    return wrong
