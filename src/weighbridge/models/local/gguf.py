"""``gguf:PATH`` and ``gguf:NAME``: weights on this machine, run by llama.cpp (package `xllamacpp`)."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Side
from weighbridge.models.local.chat_template import plain
from weighbridge.models.local.digest import digest_of
from weighbridge.models.local.engine import Engine, Settings, acquire, release, usable_cores
from weighbridge.models.local.gguf_facts import abilities, need_of, pooling, template_of
from weighbridge.models.local.gguf_header import GgufHead, read_head
from weighbridge.models.local.memory import Need, available, told
from weighbridge.models.local.weights import find_weights
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, Reading, Request
from weighbridge.models.remote.client import ChatClient
from weighbridge.models.remote.embedding import embeddings
from weighbridge.models.remote.servers import llama_cpp
from weighbridge.models.remote.servers.service import Service

_NEUTRAL = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}
"""llama.cpp trims the distribution by default (top-k 40, top-p 0.95, min-p 0.05) where hosted models do not: asked
for the same temperature, both sides must sample alike."""


@dataclass(slots=True)
class Running:
    """An engine that serves, and the client that asks it."""

    engine: Engine
    client: ChatClient

    @property
    def service(self) -> Service:
        return Service(self.client.transport, self.client.url, self.client.model)


@dataclass(slots=True)
class GgufModel:
    """A GGUF file behind an engine that is started by the first call and shared with models of the same file.

    A second engine is started for embeddings, by the first call that wants one.
    """

    spec: str
    path: Path
    engine: str
    settings: Settings
    options: ModelOptions
    capabilities: Capabilities
    how: Reading
    """How messages become text."""
    need: Need
    pooling: str = ""
    first_token: int | None = None
    """What a text without a prompt is scored behind."""
    side: Side = "open"
    simulated: bool = False
    _engines: dict[Settings, Engine] = field(default_factory=dict, repr=False)
    _running: dict[Settings, Running] = field(default_factory=dict, repr=False)

    @property
    def revision(self) -> str:
        """``sha256:`` and the digest of the file."""
        return f"sha256:{digest_of(self.path)}"

    @property
    def endpoint(self) -> str:
        used = self.settings
        return f"gguf:{used.path}?slots={used.slots}&context={used.context}&threads={used.threads}"

    @property
    def concurrency(self) -> int:
        return min(self.options.concurrency or self.settings.slots, self.settings.slots)

    async def complete(self, request: Request) -> Completion:
        running = await self._writer()
        try:
            if request.continuations is not None:
                return await self._score(running, request)
            return await running.client.complete(request)
        except ModelError as error:
            raise await self._told(error, running.engine) from None

    async def _score(self, running: Running, request: Request) -> Completion:
        began = perf_counter()
        text = await self._text(running, request)
        answer = await llama_cpp.score(running.service, request, text, self.first_token)
        usage = msgspec.structs.replace(answer.usage, duration=perf_counter() - began)
        return msgspec.structs.replace(answer, usage=usage)

    async def stream(self, request: Request) -> AsyncIterator[str]:
        running = await self._writer()
        try:
            async for text in running.client.stream(request):
                yield text
        except ModelError as error:
            raise await self._told(error, running.engine) from None

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 a text, in order. Raises ModelError."""
        used = self.settings
        running = await self._started(msgspec.structs.replace(used, embeddings=True, pooling=self.pooling))
        try:
            return await embeddings(running.service, texts)
        except ModelError as error:
            raise await self._told(error, running.engine) from None

    async def rendered(self, request: Request) -> str | None:
        """The text the model reads for `request`; a first token that the tokenizer adds is not shown."""
        if self.how.template == "plain":
            return plain(request.messages)
        running = await self._writer()
        try:
            return await self._text(running, request)
        except ModelError as error:
            raise await self._told(error, running.engine) from None

    async def reading(self) -> Reading:
        return self.how

    async def _text(self, running: Running, request: Request) -> str:
        if self.how.template == "plain":
            return plain(request.messages)
        more = {"chat_template_kwargs": self.options.template_options} if self.options.template_options else {}
        return await llama_cpp.chat_text(running.service, request.messages, more)

    async def _writer(self) -> Running:
        if not self.capabilities.streaming:
            raise ModelError(
                f"{self.path.name} holds an encoder, which makes embeddings and writes no text",
                kind="dead",
                where=self.spec,
                fix="weigh a model that generates, or use this one where embeddings are asked for",
            )
        return await self._started(self.settings)

    async def _started(self, settings: Settings) -> Running:
        running = self._running.get(settings)
        if running is not None:
            return running
        engine = self._engines.get(settings)
        if engine is None:
            engine = self._engines[settings] = acquire(settings, self.spec)
        if engine.process is None:
            self._check_memory()
        # Loading takes seconds; calls that come meanwhile wait in threads for the engine's own lock.
        await asyncio.to_thread(engine.start)
        running = self._running.get(settings)
        if running is None:
            running = self._running[settings] = Running(engine, self._client_of(engine))
        return running

    def _client_of(self, engine: Engine) -> ChatClient:
        extra = {**_NEUTRAL, "cache_prompt": True, **self.options.extra}
        if self.options.template_options:
            extra["chat_template_kwargs"] = self.options.template_options
        options = ModelOptions(
            server="llama.cpp",
            constrained="grammar",
            json_schema=True,
            logprobs=True,
            extra=extra,
            omit=self.options.omit,
            first_byte_timeout=max(self.options.first_byte_timeout, 600.0),
            idle_timeout=max(self.options.idle_timeout, 120.0),
        )
        # llama.cpp's server closes a connection after 100 requests, whatever may be on its way.
        url = f"{engine.url}/v1"
        client = ChatClient(url, self.path.name, options, self.spec, engine.key, reuse=False)
        client.plain = self.how.template == "plain"
        return client

    def _check_memory(self) -> None:
        there = available()
        if there is not None and self.need.total > there:
            used = self.settings
            raise ModelError(
                f"not enough memory on this machine: about {told(self.need.total)} needed ({self.need}), "
                f"{told(there)} available",
                kind="dead",
                where=self.spec,
                fix=f"fewer slots (now {used.slots}) or a smaller context (now {used.context} tokens a slot) need "
                "less cache; a smaller quantisation of the same model has lighter weights",
            )

    async def _told(self, error: ModelError, engine: Engine) -> ModelError:
        """`error` as it looks from the engine: dead where the process has ended, with a fix where one is known."""
        if error.kind in ("connection", "cut", "timeout"):
            # The connection may break a moment before the process can be seen to have ended.
            for _ in range(10):
                if engine.dead:
                    return engine.death()
                await asyncio.sleep(0.02)
        if "context size" in error.what or "too large to process" in error.what:
            now = f"now {self.settings.context} tokens a slot"
            error.fix = f"raise context in the model's options ({now}), or shorten the prompt"
        return error

    async def close(self) -> None:
        running, self._running = self._running, {}
        held, self._engines = self._engines, {}
        for one in running.values():
            await one.client.close()
        for engine in held.values():
            await asyncio.to_thread(release, engine)


def open_gguf(rest: str, options: ModelOptions, base_dir: Path) -> GgufModel:
    """Opener of ``gguf:``. Raises UsageError where the file, the weight package or the engine is missing, and where
    the file is damaged or cut short."""
    spec = f"gguf:{rest}"
    path = find_weights(rest, base_dir)
    if importlib.util.find_spec("xllamacpp") is None:
        raise UsageError("the llama.cpp engine is not installed", where=spec, fix="pip install 'weighbridge[gguf]'")
    head = read_head(path, spec)
    probe = template_of(head, options, spec)
    how = Reading("chat" if probe.template is not None else "plain", probe.notes)
    # One core is left to everything else: threads wait for each other by spinning, so that a core which is taken away
    # for a moment holds up all of them (measured on two busy cores: one thread three times as fast as two).
    threads = options.threads or max(1, usable_cores() - 1)
    slots = options.slots or min(32, 4 * usable_cores())
    return GgufModel(
        spec=spec,
        path=path,
        engine=_engine(options, how),
        settings=Settings(str(path), slots, options.context, threads, options.gpu_layers),
        options=options,
        capabilities=abilities(head),
        how=how,
        need=need_of(head, slots, options.context),
        pooling=pooling(head),
        first_token=_first(head),
        side=options.side or "open",
    )


def _engine(options: ModelOptions, how: Reading) -> str:
    """Name, version and what else decides an answer: it is part of the store's key."""
    parts = [f"llama.cpp (xllamacpp {importlib.metadata.version('xllamacpp')})"]
    if how.template == "plain":
        parts.append("plain text")
    if options.template_options:
        parts.append(msgspec.json.encode(options.template_options, order="deterministic").decode())
    if options.extra:
        parts.append(msgspec.json.encode(options.extra, order="deterministic").decode())
    return "; ".join(parts)


def _first(head: GgufHead) -> int | None:
    """The token at the beginning of a text, else the one at its end, as lm-eval takes them."""
    numbers = (head.values.get(f"tokenizer.ggml.{name}_token_id") for name in ("bos", "eos"))
    return next((number for number in numbers if isinstance(number, int)), None)
