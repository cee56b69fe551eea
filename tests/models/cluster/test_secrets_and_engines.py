"""On one cluster: a key that stays out of everything Ray writes, and a real engine on two actors."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from ray_cluster import Nodes, children, item, request, until
from weighbridge.errors import UsageError
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, Request, Sampling
from weighbridge.models.specs import open_model
from weighbridge.store import key_of
from weighbridge.tasks.item import Message

pytestmark = [pytest.mark.ray, pytest.mark.slow]

KEY = "sk-wb-3f9a1c77e2d04b6f"


async def _guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    allowed = f"Bearer {KEY}".encode() in head
    body = {"id": "1", "choices": [{"message": {"content": "let in"}, "finish_reason": "stop"}]}
    if not allowed:
        body = {"error": {"message": f"wrong key, not {KEY}"}}
    data = json.dumps(body).encode()
    status = "200 OK" if allowed else "401 Unauthorized"
    writer.write(
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n"
        "Connection: close\r\n\r\n".encode()
        + data
    )
    await writer.drain()
    writer.close()


async def test_a_key_reaches_the_engines_and_nothing_else(
    nodes: Nodes, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes.have(2)
    server = await asyncio.start_server(_guarded, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("WB_RAY_TEST_KEY", KEY)
    options = nodes.options(key_env="WB_RAY_TEST_KEY", server="openai", stream=False)
    model = open_model(f"ray:http://127.0.0.1:{port}/v1#m", options, rules)
    try:
        answers = await asyncio.gather(*(model.complete(request(item(number))) for number in range(8)))
        assert {answer.text for answer in answers} == {"let in"}
        assert KEY not in repr(model)
        # Everything Ray wrote, and the surroundings of every process: the key was in none.
        session = Path(nodes.cluster.head_node.get_session_dir_path())
        written = [path for path in session.rglob("*") if path.is_file()]
        assert len(written) > 5
        assert [path for path in written if KEY.encode() in path.read_bytes()] == []
        holders = []
        for folder in Path("/proc").iterdir():
            try:
                line = (folder / "cmdline").read_bytes()
                if b"ray" in line and KEY.encode() in line + (folder / "environ").read_bytes():
                    holders.append(line)
            except OSError:
                continue
        assert holders == []
    finally:
        await model.close()
        server.close()


@pytest.mark.gguf
async def test_a_real_engine_on_two_actors(nodes: Nodes, rules: Path) -> None:
    settings = {"slots": 1, "context": 512, "threads": 1}
    try:
        direct = open_model("gguf:smollm2", ModelOptions(**settings), rules)
    except UsageError as error:
        pytest.skip(f"{error.what}: {error.fix}")
    nodes.have(2)
    spread = open_model("ray:gguf:smollm2", nodes.options(**settings), rules)
    choices = ("billing", "technical")
    asked = [
        Request((Message("user", f"Ticket {number}: charged twice. Team?"),), Sampling(max_tokens=8), choices)
        for number in range(6)
    ]
    try:
        await spread.prepare()
        assert [key_of(spread, one) for one in asked] == [key_of(direct, one) for one in asked]
        here = [await direct.complete(one) for one in asked]
        there = await asyncio.gather(*(spread.complete(one) for one in asked))
        assert spread.concurrency == 2
        assert [answer.text for answer in there] == [answer.text for answer in here]
        assert all(answer.usage.first_token is not None for answer in there)
        with pytest.raises(ModelError, match="context"):
            await spread.complete(Request((Message("user", "x " * 3000),)))

        # The processes that hold the weights die, the actors do not: both engines are started again.
        actors = nodes.engines()
        loaded = [pid for actor in actors for pid in children(actor, b"weighbridge.models.local.worker")]
        assert len(loaded) == 2
        for pid in loaded:
            os.kill(pid, signal.SIGKILL)
        again = await asyncio.gather(*(spread.complete(one) for one in asked))
        assert [answer.text for answer in again] == [answer.text for answer in here]
        await until(lambda: not set(actors) & set(nodes.engines()))
    finally:
        await spread.close()
        await direct.close()
