"""Repeats in one call: each gets its own answer, and the fault of a call is everybody's."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from models.servers.exchange import served
from weighbridge.evidence import Completion, Finish
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, Request, Sampling
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message

VARIED = Sampling(temperature=0.7, max_tokens=8)


class Server:
    """Streams ``n`` answers, interleaved; the text tells the seed that a child of vLLM would have."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.fault: web.Response | None = None
        self.cut = False
        self.wait = asyncio.Event()
        self.wait.set()
        self.left = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        sent = await request.json()
        self.calls.append(sent)
        try:
            await self.wait.wait()
        except asyncio.CancelledError:
            self.left += 1
            raise
        if self.fault is not None:
            return self.fault
        out = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await out.prepare(request)
        count, seed = sent.get("n", 1), sent.get("seed", 0)
        head = {"id": "1", "model": "m"}

        async def event(**fields: Any) -> None:
            await out.write(b"data: " + json.dumps(head | fields).encode() + b"\n\n")

        for word in ("seed", " "):
            for index in reversed(range(count)):
                await event(choices=[{"index": index, "delta": {"content": word}, "token_ids": [1]}])
        if self.cut:
            return out
        for index in range(count):
            last = {"content": str(seed + index)}
            await event(choices=[{"index": index, "delta": last, "finish_reason": "stop", "token_ids": [2, 3]}])
        usage = {"prompt_tokens": 10, "completion_tokens": 4 * count}
        await event(choices=[], usage=usage)
        await out.write(b"data: [DONE]\n\n")
        return out


def asks(text: str, numbers: range | list[int], seed: int | None = 100, **more: Any) -> list[Request]:
    sampling = Sampling(temperature=0.7, max_tokens=8, seed=seed)
    return [Request((Message("user", text),), sampling, repeat=number, **more) for number in numbers]


async def asked(server: Server, requests: list[Request]) -> list[Completion | BaseException]:
    async with served(server.answer) as url:
        model = open_model(f"{url}/v1#m", ModelOptions(server="vllm"))
        found = await asyncio.gather(*(model.complete(one) for one in requests), return_exceptions=True)
        await model.close()
    return found


async def test_each_repeat_gets_its_own() -> None:
    server = Server()
    found = await asked(server, [*asks("one", range(4)), *asks("two", range(3))])
    assert [one.text for one in found] == [f"seed {100 + at}" for at in (0, 1, 2, 3, 0, 1, 2)]
    assert sorted(call["n"] for call in server.calls) == [3, 4]
    assert [one.usage.output_tokens for one in found] == [4] * 7
    assert [one.usage.input_tokens for one in found] == [10] * 7
    assert [one.usage.cached_tokens for one in found[:4]] == [None, 10, 10, 10]
    assert all(one.usage.first_token is not None and one.usage.duration for one in found)
    assert all(one.finish is Finish.STOP for one in found)


async def test_seeds_that_do_not_follow_each_other_go_apart() -> None:
    server = Server()
    found = await asked(server, asks("one", [5, 0, 1, 7, 6]))
    assert [one.text for one in found] == [f"seed {100 + at}" for at in (5, 0, 1, 7, 6)]
    assert sorted((call["seed"], call["n"]) for call in server.calls) == [(100, 2), (105, 3)]


async def test_without_a_seed_all_go_together() -> None:
    server = Server()
    await asked(server, asks("one", [5, 0, 7], seed=None))
    assert [call["n"] for call in server.calls] == [3]
    assert "seed" not in server.calls[0]


async def test_one_alone_and_greedy_ones_are_asked_as_ever() -> None:
    server = Server()
    greedy = Request((Message("user", "x"),), Sampling(temperature=0.0))
    await asked(server, [*asks("one", [3]), greedy, Request(greedy.messages, greedy.sampling, repeat=1)])
    assert len(server.calls) == 3
    assert all("n" not in call for call in server.calls)


async def test_other_constraints_are_other_questions() -> None:
    server = Server()
    await asked(server, [*asks("one", range(2), choices=("a", "b")), *asks("one", range(2))])
    assert sorted("structured_outputs" in call for call in server.calls) == [False, True]


@pytest.mark.parametrize(("status", "kind"), [(429, "rate_limit"), (503, "server"), (401, "auth")])
async def test_a_fault_is_everybodys(status: int, kind: str) -> None:
    server = Server()
    server.fault = web.json_response({"error": "x"}, status=status, headers={"Retry-After": "2"})
    found = await asked(server, asks("one", range(3)))
    assert len(server.calls) == 1
    assert all(isinstance(one, ModelError) and one.kind == kind for one in found)
    assert len({id(one) for one in found}) == 3


async def test_a_cut_stream_gives_nobody_an_answer() -> None:
    server = Server()
    server.cut = True
    found = await asked(server, asks("one", range(3)))
    assert all(isinstance(one, ModelError) and one.kind == "cut" and one.usage_may_be_billed for one in found)


async def test_one_who_leaves_does_not_take_the_others_along() -> None:
    server = Server()
    server.wait.clear()
    async with served(server.answer) as url:
        model = open_model(f"{url}/v1#m", ModelOptions(server="vllm"))
        tasks = [asyncio.create_task(model.complete(one)) for one in asks("one", range(3))]
        while not server.calls:
            await asyncio.sleep(0.005)
        tasks[1].cancel()
        await asyncio.sleep(0.01)
        server.wait.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(found[1], asyncio.CancelledError)
        assert [found[0].text, found[2].text] == ["seed 100", "seed 102"]
        server.wait.clear()
        tasks = [asyncio.create_task(model.complete(one)) for one in asks("two", range(3))]
        while len(server.calls) < 2:
            await asyncio.sleep(0.005)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.05)
        others = [task for task in asyncio.all_tasks() if "_asked" in repr(task)]
        assert not others, "the call that nobody waits for has ended"
        server.wait.set()
        await model.close()


async def test_it_can_be_switched_off() -> None:
    server = Server()
    async with served(server.answer) as url:
        model = open_model(f"{url}/v1#m", ModelOptions(server="vllm", bundle=False))
        found = await asyncio.gather(*(model.complete(one) for one in asks("one", range(3))))
        await model.close()
    assert len(server.calls) == 3
    assert [one.text for one in found] == ["seed 100", "seed 101", "seed 102"]
