"""Repeated answers to one prompt in one call (``n``), each handed to the one who asked for it.

Sound where the server draws the n answers as n calls would be drawn: independently without a seed, and with one by
seeds that go up by one from answer to answer, as those of separate calls do (vLLM: `ParentRequest` in
v1/engine/parallel_sampling.py). Then an answer is the same whether it came alone or in a bundle, and the store may
keep it under one key. Each keeps its own text, tokens and times; a failed call fails all that were in it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import msgspec

from weighbridge.evidence import Completion
from weighbridge.models.protocol import ErrorKind, ModelError, Request
from weighbridge.models.remote import wire
from weighbridge.models.remote.answer import Answer
from weighbridge.models.remote.client import ChatClient

GATHER = 0.003
"""Seconds that the first of several repeats waits for the others: little beside an answer."""


@dataclass(slots=True)
class _Waiting:
    requests: list[Request] = field(default_factory=list)
    futures: list[asyncio.Future[Completion]] = field(default_factory=list)
    calls: list[asyncio.Task[None]] = field(default_factory=list)


class Bundler:
    """Gathers calls that differ in `Request.repeat` alone."""

    def __init__(self, client: ChatClient) -> None:
        self._client = client
        self._waiting: dict[tuple[object, ...], _Waiting] = {}

    async def complete(self, request: Request) -> Completion:
        """One attempt; raises ModelError."""
        if request.sampling.temperature == 0 or self._client.plain or not self._client.options.stream:
            # Greedy repeats are all alike; the other two come in forms that are not taken apart here.
            return await self._client.complete(request)
        loop = asyncio.get_running_loop()
        alike = (loop, request.messages, request.sampling, request.choices, request.json_schema, request.logprobs)
        waiting = self._waiting.get(alike)
        if waiting is None:
            waiting = self._waiting[alike] = _Waiting()
            loop.call_later(GATHER, self._send, alike)
        future: asyncio.Future[Completion] = loop.create_future()
        waiting.requests.append(request)
        waiting.futures.append(future)
        try:
            return await future
        finally:
            if all(one.done() for one in waiting.futures):
                for call in waiting.calls:
                    call.cancel()

    def _send(self, alike: tuple[object, ...]) -> None:
        waiting = self._waiting.pop(alike)
        pairs = [pair for pair in zip(waiting.requests, waiting.futures, strict=True) if not pair[1].done()]
        for group in _groups(pairs):
            waiting.calls.append(asyncio.create_task(self._asked(group)))

    async def _asked(self, group: Sequence[tuple[Request, asyncio.Future[Completion]]]) -> None:
        requests = [request for request, _ in group]
        try:
            if len(group) == 1:
                answers = [await self._client.complete(requests[0])]
            else:
                answers = await self._together(requests)
        except ModelError as error:
            for _, future in group:
                if not future.done():
                    future.set_exception(_copy(error))
        except BaseException as error:  # whoever waits must hear of it, whatever it is
            for _, future in group:
                if not future.done():
                    future.set_exception(error) if isinstance(error, Exception) else future.cancel()
            raise
        else:
            for (_, future), answer in zip(group, answers, strict=True):
                if not future.done():
                    future.set_result(answer)

    async def _together(self, requests: Sequence[Request]) -> list[Completion]:
        client = self._client
        body = wire.body(requests[0], client.model, client.options)
        body |= {"n": len(requests), "return_token_ids": True}
        answers = Answers(client.where, len(requests))
        await client.transport.read(f"{client.url}/chat/completions", wire.encode(body), answers)
        unwrap = client.options.constrained == "json_schema"
        return [answers.completion(at, request, unwrap) for at, request in enumerate(requests)]


class Answers:
    """Several answers of one stream, told apart by their choice's index; a `transport.Reader`."""

    def __init__(self, where: str, count: int) -> None:
        self.where = where
        self.each = [Answer(where) for _ in range(count)]
        self.tokens = [0] * count
        self.begin = self.last = perf_counter()
        self.pieces: list[str] = []
        self.request_id: str | None = None
        self.done = False
        self.usage: wire.WireUsage | None = None

    @property
    def ended(self) -> bool:
        return self.done or all(answer.finish is not None for answer in self.each)

    def failed(self, what: str, kind: ErrorKind) -> ModelError:
        return self.each[0].failed(what, kind)

    def add(self, name: bytes, data: bytes) -> str:
        if data.startswith(b"[DONE]"):
            self.done = True
            return ""
        self._take(self.each[0].decoded(data, error=name == b"error"), streamed=True)
        return ""

    def document(self, body: bytes) -> None:
        self._take(self.each[0].decoded(body), streamed=False)
        self.done = True

    def _take(self, chunk: wire.Chunk, streamed: bool) -> None:
        self.request_id = self.request_id or chunk.id
        self.usage = chunk.usage or self.usage
        for choice in chunk.choices or ():
            if not 0 <= choice.index < len(self.each):
                raise self.failed(
                    f"the server sent an answer number {choice.index} that was not asked for", "malformed"
                )
            answer = self.each[choice.index]
            answer.begin, answer.last = self.begin, self.last
            text = answer.take(msgspec.structs.replace(chunk, choices=[choice], usage=None), streamed)
            if text:
                self.pieces.append(text)
            self.tokens[choice.index] += len(choice.token_ids or ())

    def completion(self, at: int, request: Request, unwrap: bool) -> Completion:
        """The answer number `at`. The prompt was read once, for all: the others have it from the cache."""
        answer = self.each[at]
        if self.usage is not None:
            read = self.usage.prompt_tokens
            details = self.usage.prompt_tokens_details if at == 0 else wire.PromptDetails(read)
            answer.usage = wire.WireUsage(read, self.tokens[at] or None, details)
        return answer.completion(request, unwrap)


def _groups(
    pairs: Sequence[tuple[Request, asyncio.Future[Completion]]],
) -> list[list[tuple[Request, asyncio.Future[Completion]]]]:
    """Those that one call can answer: all without a seed, runs of repeats that follow each other with one."""
    if not pairs:
        return []
    if pairs[0][0].sampling.seed is None:
        return [list(pairs)]
    ordered = sorted(pairs, key=lambda pair: pair[0].repeat)
    groups = itertools.groupby(enumerate(ordered), key=lambda numbered: numbered[1][0].repeat - numbered[0])
    return [[pair for _, pair in group] for _, group in groups]


def _copy(error: ModelError) -> ModelError:
    """An exception of its own for each who waits."""
    return ModelError(
        error.what,
        kind=error.kind,
        where=error.where,
        fix=error.fix,
        retry_after=error.retry_after,
        status=error.status,
        usage_may_be_billed=error.usage_may_be_billed,
        vendor=error.vendor,
        code=error.code,
        request_id=error.request_id,
    )
