"""A GGUF file as a model: an engine process for writing, one for embeddings, and what is asked of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import msgspec

from weighbridge.evidence import Completion, Side
from weighbridge.models.local.chat_template import plain
from weighbridge.models.local.digest import digest_of
from weighbridge.models.local.engine import Engine, Settings, acquire, release
from weighbridge.models.local.gguf_choices import Spelling, chosen
from weighbridge.models.local.memory import Need, available, told
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, Reading, Request
from weighbridge.models.remote.client import ChatClient
from weighbridge.models.remote.embedding import embeddings
from weighbridge.models.remote.servers import llama_cpp
from weighbridge.models.remote.servers.service import Service
from weighbridge.tasks.item import Message

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
    _spelling: Spelling = field(default_factory=Spelling, repr=False)
    _template_end: str | None = field(default=None, repr=False)
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
            if not request.choices:
                return await running.client.complete(request)
            answer = await (await self._held(running, request)).complete(request)
            return msgspec.structs.replace(answer, text=chosen(answer.text, request.choices))
        except ModelError as error:
            raise await self._told(error, running.engine) from None

    async def _held(self, running: Running, request: Request) -> ChatClient:
        """A client over the same transport that holds answers to the request's choices."""
        client, choices = running.client, request.choices or ()
        prompt = await self._end(running, request)
        grammar = await self._spelling.grammar(running.service, prompt, choices)
        extra = {**client.options.extra, "grammar": grammar}
        options = msgspec.structs.replace(client.options, constrained="none", extra=extra)
        held = ChatClient(client.url, client.model, options, client.where, reuse=False, plain=client.plain)
        held.transport = client.transport
        return held

    async def _end(self, running: Running, request: Request) -> str:
        """What an answer follows: the prompt's end. That of a template is the same behind every user's message."""
        if self.how.template == "plain" or request.messages[-1].role != "user":
            return await self._text(running, request)
        if self._template_end is None:
            probe = "Zq7 user text"
            text = await self._text(running, Request((Message("user", probe),)))
            self._template_end = text.rpartition(probe)[2]
        return self._template_end

    async def _score(self, running: Running, request: Request) -> Completion:
        began = perf_counter()
        text = await self._text(running, request)
        answer = await llama_cpp.score(running.service, request, text, self.first_token)
        usage = msgspec.structs.replace(answer.usage, duration=perf_counter() - began)
        return msgspec.structs.replace(answer, usage=usage)

    async def stream(self, request: Request) -> AsyncIterator[str]:
        running = await self._writer()
        try:
            client = await self._held(running, request) if request.choices else running.client
            async for text in client.stream(request):
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
