"""``gguf:PATH`` and ``gguf:NAME``: weights on this machine, run by llama.cpp (package `xllamacpp`)."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Side
from weighbridge.models.local.digest import digest_of
from weighbridge.models.local.engine import Engine, Settings, acquire, release, usable_cores
from weighbridge.models.local.weights import find_weights
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, Request
from weighbridge.models.remote.client import ChatClient

_NEUTRAL = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}
"""llama.cpp trims the distribution by default (top-k 40, top-p 0.95, min-p 0.05) where hosted models do not: asked
for the same temperature, both sides must sample alike."""


@dataclass(slots=True)
class GgufModel:
    """A GGUF file behind an engine that is started by the first call and shared with models of the same file."""

    spec: str
    path: Path
    engine: str
    settings: Settings
    options: ModelOptions
    side: Side = "open"
    simulated: bool = False
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(choices=True, json_schema=True, logprobs=True, streaming=True, seed=True)
    )
    _engine: Engine | None = field(default=None, repr=False)
    _client: ChatClient | None = field(default=None, repr=False)

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
        client = await self._started()
        try:
            return await client.complete(request)
        except ModelError as error:
            raise await self._told(error) from None

    async def stream(self, request: Request) -> AsyncIterator[str]:
        client = await self._started()
        try:
            async for text in client.stream(request):
                yield text
        except ModelError as error:
            raise await self._told(error) from None

    async def _started(self) -> ChatClient:
        if self._client is not None:
            return self._client
        if self._engine is None:
            self._engine = acquire(self.settings, self.spec)
        engine = self._engine
        # Loading takes seconds; calls that come meanwhile wait in threads for the engine's own lock.
        await asyncio.to_thread(engine.start)
        if self._client is None:
            options = ModelOptions(
                constrained="grammar",
                json_schema=True,
                logprobs=True,
                extra={**_NEUTRAL, "cache_prompt": True, **self.options.extra},
                omit=self.options.omit,
                first_byte_timeout=max(self.options.first_byte_timeout, 600.0),
                idle_timeout=max(self.options.idle_timeout, 120.0),
            )
            # llama.cpp's server closes a connection after 100 requests, whatever may be on its way.
            url = f"{engine.url}/v1"
            self._client = ChatClient(url, self.path.name, options, self.spec, engine.key, reuse=False)
        return self._client

    async def _told(self, error: ModelError) -> ModelError:
        """`error` as it looks from the engine: dead where the process has ended, with a fix where one is known."""
        engine = self._engine
        if error.kind in ("connection", "cut", "timeout") and engine is not None:
            # The connection may break a moment before the process can be seen to have ended.
            for _ in range(10):
                if engine.dead:
                    return engine.death()
                await asyncio.sleep(0.02)
        if "context size" in error.what:
            now = f"now {self.settings.context} tokens a slot"
            error.fix = f"raise context in the model's options ({now}), or shorten the prompt"
        return error

    async def close(self) -> None:
        client, self._client = self._client, None
        engine, self._engine = self._engine, None
        if client is not None:
            await client.close()
        if engine is not None:
            await asyncio.to_thread(release, engine)


def open_gguf(rest: str, options: ModelOptions, base_dir: Path) -> GgufModel:
    """Opener of ``gguf:``. Raises UsageError where the file, the weight package or the engine is missing."""
    path = find_weights(rest, base_dir)
    if importlib.util.find_spec("xllamacpp") is None:
        raise UsageError(
            "the llama.cpp engine is not installed", where=f"gguf:{rest}", fix="pip install 'weighbridge[gguf]'"
        )
    # One core is left to everything else: threads wait for each other by spinning, so that a core which is taken away
    # for a moment holds up all of them (measured on two busy cores: one thread three times as fast as two).
    threads = options.threads or max(1, usable_cores() - 1)
    slots = options.slots or min(32, 4 * usable_cores())
    parts = [f"llama.cpp (xllamacpp {importlib.metadata.version('xllamacpp')})"]
    if options.extra:
        parts.append(msgspec.json.encode(options.extra, order="deterministic").decode())
    return GgufModel(
        spec=f"gguf:{rest}",
        path=path,
        engine="; ".join(parts),
        settings=Settings(str(path), slots, options.context, threads, options.gpu_layers),
        options=options,
        side=options.side or "open",
    )
