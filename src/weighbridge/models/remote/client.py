"""One attempt at a chat completion of an OpenAI-compatible server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import msgspec

from weighbridge.evidence import Completion
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Request
from weighbridge.models.remote import wire
from weighbridge.models.remote.answer import Answer
from weighbridge.models.remote.transport import Transport


@dataclass(slots=True)
class ChatClient:
    """Asks one model of one server, over a transport of its own or a given one."""

    url: str
    """Address up to and without ``/chat/completions``."""
    model: str
    options: ModelOptions
    where: str
    """The spec string, for messages."""
    key: str | None = field(default=None, repr=False)
    proxies: bool = False
    """Whether the proxy settings of the environment apply."""
    reuse: bool = True
    """Whether connections are kept for the next call."""
    plain: bool = False
    """Whether the model reads plain text (``/completions``) rather than messages: it has no chat template."""
    transport: Transport = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.transport = Transport(self.options, self.where, self.key, self.proxies, self.reuse)

    async def complete(self, request: Request) -> Completion:
        """One attempt; raises ModelError."""
        answer = Answer(self.where)
        url, data = self._sent(request)
        await self.transport.read(url, data, answer)
        return answer.completion(request, unwrap=self.options.constrained == "json_schema")

    async def stream(self, request: Request) -> AsyncIterator[str]:
        """Pieces of text as they come; raises ModelError as `complete` does.

        The reading runs in a task of its own, so that its time-outs never strike a consumer that takes its time.
        """
        answer = Answer(self.where)
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        url, data = self._sent(request)
        asked = asyncio.create_task(self.transport.read(url, data, answer, pieces.put_nowait))
        asked.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            await asked
            answer.completion(request)
        finally:
            asked.cancel()

    def _sent(self, request: Request) -> tuple[str, bytes]:
        """Address and body of the call."""
        if self.plain:
            return f"{self.url}/completions", wire.encode(wire.text_body(request, self.model, self.options))
        return f"{self.url}/chat/completions", wire.encode(wire.body(request, self.model, self.options))

    async def models(self) -> list[str]:
        """Names the server lists, or none where it does not say."""
        page = await self.transport.get(f"{self.url}/models", 5)
        if page is None or page.status != 200:
            return []
        try:
            return [row.id for row in msgspec.json.decode(page.body, type=_Models).data]
        except msgspec.DecodeError:
            return []

    async def close(self) -> None:
        await self.transport.close()


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]
