"""From what a server was found to be to the code that uses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weighbridge.evidence import Completion
from weighbridge.models.local.chat_template import plain
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Request
from weighbridge.models.remote.servers import echo, llama_cpp, tgi, vllm
from weighbridge.models.remote.servers import reading as reading_room
from weighbridge.models.remote.servers.found import Found
from weighbridge.models.remote.servers.offers import resolved
from weighbridge.models.remote.servers.service import Service
from weighbridge.tasks.item import Message


async def score(found: Found, service: Service, request: Request, options: ModelOptions) -> Completion:
    """One attempt at scoring given continuations. Raises ModelError."""
    match found.name:
        case "vllm":
            return await vllm.score(service, request, _seen(options, found), found.plain)
        case "llama.cpp":
            text = await shown(found, service, request.messages, options)
            return await llama_cpp.score(service, request, text or "")
        case "tgi":
            return await tgi.score(service, request, found.plain)
        case _:
            return await echo.score(service, request)


async def shown(found: Found, service: Service, messages: Sequence[Message], options: ModelOptions) -> str | None:
    """The text the model reads; None where the server does not show it. Raises ModelError."""
    if found.plain:
        return plain(messages)
    match found.name:
        case "vllm":
            return (await vllm.chat_text(service, messages, _seen(options, found)))[0]
        case "llama.cpp":
            return await llama_cpp.chat_text(service, messages, _seen(options, found))
        case "tgi":
            return await tgi.chat_text(service, messages)
        case _:
            return None


async def read_template(found: Found, service: Service, options: ModelOptions) -> tuple[bool, tuple[str, ...]]:
    """Whether the model reads plain text, and what is odd about its template. Raises ModelError."""

    async def show(messages: Sequence[Message]) -> str:
        return await shown(found, service, messages, options) or ""

    return await reading_room.read_template(show)


def _seen(options: ModelOptions, found: Found) -> dict[str, Any]:
    """Of the fields that go with each request, those that the chat template sees."""
    extra = resolved(options, found).extra
    return {name: extra[name] for name in ("chat_template", "chat_template_kwargs") if name in extra}
