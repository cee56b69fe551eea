"""What is asked of a live server once, kept as a recording, and asked again of the recording in tests.

Recipe, with a server of the kind running (each recording's first line says which, and how it was started)::

    python tests/models/servers/exchange.py http://127.0.0.1:8000 smollm2 vllm "vllm serve ... " > FIXTURE.jsonl

A recording holds one exchange a line: method, page, body, status, content type, server header, text.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

from weighbridge.evidence import Completion
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, Reading, Request, Sampling
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message

ASKED = (Message("user", "Is the sky blue or red? One word."),)
CONTINUATIONS = ("blue", "red", "The sky is blue.")
SCHEMA = '{"type": "object", "properties": {"colour": {"enum": ["blue", "red"]}}, "required": ["colour"]}'


@dataclass
class Seen:
    """What a model said in one exchange."""

    engine: str
    capabilities: Capabilities
    reading: Reading
    rendered: str | None
    answer: Completion
    choice: Completion | None = None
    schema: Completion | None = None
    scored: Completion | None = None
    repeats: list[Completion] = field(default_factory=list)
    unknown: ModelError | None = None


async def exchange(url: str, name: str) -> Seen:
    """Ask the server for everything it says that it can do."""
    model = open_model(f"{url}/v1#{name}", ModelOptions(first_byte_timeout=300))
    await model.prepare()
    can = model.capabilities
    request = Request(ASKED, Sampling(max_tokens=6), logprobs=can.logprobs)
    seen = Seen(
        model.engine, can, await model.reading(), await model.rendered(request), await model.complete(request)
    )
    if can.choices:
        seen.choice = await model.complete(Request(ASKED, Sampling(max_tokens=6), choices=("blue", "red")))
    if can.json_schema:
        seen.schema = await model.complete(Request(ASKED, Sampling(max_tokens=24), json_schema=SCHEMA))
    if can.scoring:
        seen.scored = await model.complete(Request(ASKED, continuations=CONTINUATIONS))
    varied = Sampling(temperature=1.0, max_tokens=6, seed=11)
    repeats = [Request(ASKED, varied, repeat=number) for number in range(2)]
    seen.repeats = list(await asyncio.gather(*(model.complete(one) for one in repeats)))
    seen.repeats.append(await model.complete(repeats[1]))
    await model.close()
    other = open_model(f"{url}/v1#no-such-model", ModelOptions(server="openai"))
    with contextlib.suppress(ModelError):
        try:
            await other.complete(request)
        except ModelError as error:
            seen.unknown = error
            raise
        finally:
            await other.close()
    return seen


def _body(text: str) -> Any:
    return json.loads(text) if text else None


@contextlib.asynccontextmanager
async def served(answer) -> AsyncIterator[str]:
    """`answer` for every page, on a port of its own."""
    app = web.Application()
    app.router.add_route("*", "/{page:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def record(target: str, name: str, kind: str, recipe: str) -> list[dict[str, Any]]:
    """The exchanges with the server at `target`, after a line about where they come from."""
    rows: list[dict[str, Any]] = [{"server": kind, "model": name, "recipe": recipe}]
    async with ClientSession() as session:

        async def answer(request: web.Request) -> web.Response:
            text = await request.text()
            headers = {"Content-Type": "application/json"}
            url = f"{target}{request.path}"
            async with session.request(request.method, url, data=text or None, headers=headers) as reply:
                page = await reply.text()
                if request.path == "/openapi.json" and reply.status == 200:
                    page = json.dumps({"paths": {one: {} for one in json.loads(page)["paths"]}})
                rows.append(
                    {
                        "method": request.method,
                        "page": request.path,
                        "body": _body(text),
                        "status": reply.status,
                        "type": reply.content_type,
                        "server": reply.headers.get("Server", ""),
                        "text": page,
                    }
                )
                return web.Response(text=page, status=reply.status, content_type=reply.content_type)

        async with served(answer) as url:
            await exchange(url, name)
    return rows


@contextlib.asynccontextmanager
async def replayed(path: Path) -> AsyncIterator[tuple[str, str]]:
    """A server that answers as the recording says; gives its address and the model's name."""
    head, *rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    kept: dict[str, deque[dict[str, Any]]] = {}
    for row in rows:
        kept.setdefault(_key(row["method"], row["page"], row["body"]), deque()).append(row)

    async def answer(request: web.Request) -> web.Response:
        found = kept.get(_key(request.method, request.path, _body(await request.text())))
        if not found:
            return web.json_response({"error": {"message": f"not recorded: {request.path}"}}, status=418)
        row = found.popleft() if len(found) > 1 else found[0]
        headers = {"Server": row["server"]} if row["server"] else {}
        return web.Response(text=row["text"], status=row["status"], content_type=row["type"], headers=headers)

    async with served(answer) as url:
        yield url, head["model"]


def _key(method: str, page: str, body: Any) -> str:
    return json.dumps([method, page, body], sort_keys=True)


if __name__ == "__main__":
    for line in asyncio.run(record(*sys.argv[1:5])):
        print(json.dumps(line, ensure_ascii=False))
