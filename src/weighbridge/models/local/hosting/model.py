"""The asyncio face of a hosted engine: a `Model` whose calls are gathered into batches by the child process."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from weighbridge.errors import WeighbridgeError
from weighbridge.evidence import Completion, Side
from weighbridge.models.local.batch import Description, Failure
from weighbridge.models.local.hosting.frames import (
    Answer,
    Call,
    GiveUp,
    Order,
    Piece,
    Report,
    Show,
    Shown,
    Texts,
    Vectors,
)
from weighbridge.models.local.hosting.host import Host, Settings, acquire, release
from weighbridge.models.protocol import Capabilities, ModelError, Reading, Request

Heard = Report | ModelError
Outcome = TypeVar("Outcome", Answer, Vectors, Shown)


def _nothing() -> None:
    return None


@dataclass(slots=True)
class HostedModel:
    """Any `Batcher`, named by `settings`, in a child process that the first call starts and equal models share."""

    spec: str
    engine: str
    settings: Settings
    capabilities: Capabilities
    concurrency: int
    """Calls under way at once that fill a sensible batch."""
    digest: Callable[[], str]
    """What fixes the weights; asked once."""
    ready: Callable[[], None] = _nothing
    """Run in a thread before the engine is first started: fetches what is missing, checks the memory. May raise."""
    known: Callable[[], Reading] | None = None
    """How messages are read, as far as the files tell; None: the engine is asked."""
    side: Side = "open"
    simulated: bool = False
    _host: Host | None = field(default=None, repr=False)
    _revision: str | None = field(default=None, repr=False)
    _reading: Reading | None = field(default=None, repr=False)
    _is_ready: bool = field(default=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def revision(self) -> str:
        if self._revision is None:
            self._revision = self.digest()
        return self._revision

    @property
    def endpoint(self) -> str:
        return f"{self.settings.factory}?{self.settings.said}"

    async def start(self) -> Description:
        """Load the engine, unless it is loaded. Raises ModelError (``dead``) where that cannot be."""
        if not self._is_ready:
            try:
                await asyncio.to_thread(self._prepare)
            except ModelError:
                raise
            except WeighbridgeError as error:
                raise ModelError(error.what, kind="dead", where=error.where, fix=error.fix) from None
        if self._host is None:
            self._host = acquire(self.settings, self.spec)
        # Loading takes seconds; calls that come meanwhile wait in threads for the host's own lock.
        host = self._host
        return await asyncio.to_thread(host.start) if host.description is None or host.dead else host.description

    def _prepare(self) -> None:
        with self._lock:
            if not self._is_ready:
                self.ready()
                self._is_ready = True

    async def complete(self, request: Request) -> Completion:
        began = time.monotonic()
        answer = await self._one(lambda number: Call(number, _bare(request)), Answer)
        return _timed(answer, time.monotonic() - began)

    async def stream(self, request: Request) -> AsyncIterator[str]:
        host = await self._started()
        loop = asyncio.get_running_loop()
        heard: asyncio.Queue[Heard] = asyncio.Queue()
        number = host.ask(
            lambda report: _told(loop, heard.put_nowait, report), lambda n: Call(n, _bare(request), stream=True)
        )
        told = False
        try:
            while not isinstance(report := await heard.get(), Answer):
                if isinstance(report, ModelError):
                    raise _again(report)
                if isinstance(report, Piece):
                    told = True
                    yield report.text
            completion = _timed(report, 0.0)
            if not told and completion.text:
                yield completion.text  # what does not come token by token: a label, a chosen continuation
        finally:
            host.forget(number, GiveUp(number))

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if not texts:
            return []
        vectors = await self._one(lambda number: Texts(number, tuple(texts)), Vectors)
        if vectors.failure is not None or vectors.vectors is None:
            raise _error(vectors.failure)
        return vectors.vectors

    async def rendered(self, request: Request) -> str | None:
        shown = await self._one(lambda number: Show(number, request.messages), Shown)
        if shown.failure is not None:
            raise _error(shown.failure)
        return shown.text

    async def reading(self) -> Reading:
        if self._reading is None:
            if self.known is not None:
                self._reading = await asyncio.to_thread(self.known)
            else:
                description = await self.start()
                self._reading = Reading(description.template, description.notes)
        return self._reading

    async def _started(self) -> Host:
        await self.start()
        if self._host is None:
            raise ModelError("the model was closed", kind="dead", where=self.spec)
        return self._host

    async def _one(self, order: Callable[[int], Order], kind: type[Outcome]) -> Outcome:
        """Send `order` and wait for its outcome; told to the child where nobody waits for it any more."""
        host = await self._started()
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Heard] = loop.create_future()

        def settle(report: Heard) -> None:
            if not outcome.done():
                outcome.set_result(report)

        number = host.ask(lambda report: _told(loop, settle, report), order)
        try:
            report = await outcome
        finally:
            host.forget(number, None if outcome.done() and not outcome.cancelled() else GiveUp(number))
        if isinstance(report, ModelError):
            raise _again(report)
        if not isinstance(report, kind):
            raise ModelError(f"the engine answered with {type(report).__name__}", kind="malformed", where=self.spec)
        return report

    async def close(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            await asyncio.to_thread(release, host)


def _told(loop: asyncio.AbstractEventLoop, take: Callable[[Heard], None], report: Heard) -> None:
    try:
        loop.call_soon_threadsafe(take, report)
    except RuntimeError:
        return  # the loop is closed: nobody waits any more


def _bare(request: Request) -> Request:
    """Without the item, which may hold anything and which no engine reads."""
    return msgspec.structs.replace(request, item=None)


def _timed(answer: Answer, duration: float) -> Completion:
    if answer.completion is None:
        raise _error(answer.failure)
    usage = answer.completion.usage
    usage = msgspec.structs.replace(usage, duration=usage.duration or duration, first_token=answer.first)
    return msgspec.structs.replace(answer.completion, usage=usage)


def _error(failure: Failure | None) -> ModelError:
    if failure is None:
        return ModelError("the engine gave no answer", kind="malformed")
    return ModelError(failure.what, kind=failure.kind, fix=failure.fix)


def _again(error: ModelError) -> ModelError:
    """A copy for one more caller: an exception that is raised twice would gather both tracebacks."""
    return ModelError(error.what, kind=error.kind, where=error.where, fix=error.fix)
