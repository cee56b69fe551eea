"""The child process: loads one engine and carries out calls, several at once, until its parent is gone.

Run by `host.Host`, not by hand. Orders come in on stdin, reports go out on what was stdout; whatever the engine
prints goes to stderr, which the parent keeps for its last words. The end of stdin, which also the parent's death by
SIGKILL brings about, ends the process.
"""

from __future__ import annotations

import importlib
import os
import queue
import sys
import threading
import time
from collections.abc import Sequence
from typing import BinaryIO, cast

from weighbridge.errors import WeighbridgeError
from weighbridge.models.local.batch import Batcher, Failure, Outcome, Renderer
from weighbridge.models.local.hosting.frames import (
    Answer,
    Call,
    GiveUp,
    Load,
    Order,
    Piece,
    Ready,
    Refused,
    Report,
    Show,
    Shown,
    Texts,
    Vectors,
    next_order,
    packed,
)
from weighbridge.models.protocol import Request

_GATHER = 0.003
"""Seconds to wait for calls that were sent together with the first of a batch."""


class Desk:
    """Where calls arrive: a thread of its own takes them off the pipe, whatever the engine is doing."""

    def __init__(self, source: BinaryIO, out: BinaryIO) -> None:
        self._source = source
        self._out = out
        self._calls: queue.SimpleQueue[tuple[Call, float]] = queue.SimpleQueue()
        self._others: queue.SimpleQueue[Texts | Show] = queue.SimpleQueue()
        self._given_up: set[int] = set()
        self._came = threading.Event()
        self._writing = threading.Lock()

    def read(self) -> None:
        """Until the pipe ends, and with it this process: the engine may be in the middle of what nobody waits for."""
        while (order := next_order(self._source)) is not None:
            self._take(order)
        os._exit(0)

    def _take(self, order: Order) -> None:
        if isinstance(order, GiveUp):
            self._given_up.add(order.number)
            return
        if isinstance(order, Call):
            self._calls.put((order, time.monotonic()))
        elif isinstance(order, (Texts, Show)):
            self._others.put(order)
        self._came.set()

    def report(self, report: Report) -> None:
        data = packed(report)
        with self._writing:
            self._out.write(data)
            self._out.flush()

    def wait(self) -> None:
        """Until there is something to do; a moment longer, for what was sent with it."""
        while self._calls.empty() and self._others.empty():
            self._came.wait()
            self._came.clear()
        seen = -1
        while seen != (seen := self._calls.qsize()):
            time.sleep(_GATHER)

    def calls(self) -> list[tuple[Call, float]]:
        """Calls that have come and are still waited for, with their time of arrival."""
        taken: list[tuple[Call, float]] = []
        while True:
            try:
                call, came = self._calls.get_nowait()
            except queue.Empty:
                return taken
            if call.number in self._given_up:
                self._given_up.discard(call.number)
            else:
                taken.append((call, came))

    def other(self) -> Texts | Show | None:
        try:
            return self._others.get_nowait()
        except queue.Empty:
            return None

    def given_up(self, number: int) -> bool:
        return number in self._given_up

    def forget(self, number: int) -> None:
        self._given_up.discard(number)


class Batch:
    """One run of the engine over the calls at hand and those that come meanwhile."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._calls: list[tuple[Call, float]] = []
        self._first: dict[int, float] = {}
        self._open: set[int] = set()

    def run(self, engine: Batcher) -> None:
        calls = self.more()
        if not calls:
            return
        try:
            engine.run(calls, self.done, self.more, self.emit)
        except WeighbridgeError as error:
            self._fail(Failure(error.what, "server", error.fix))
        except Exception as error:  # what breaks in an engine must reach whoever waits for it
            self._fail(broken(error))
        # An engine that forgets a call must not leave its caller waiting.
        self._fail(Failure("the engine gave no answer to this call", "server"))

    def more(self) -> Sequence[Request]:
        fresh = self._desk.calls()
        self._open |= set(range(len(self._calls), len(self._calls) + len(fresh)))
        self._calls += fresh
        return [call.request for call, _ in fresh]

    def emit(self, at: int, text: str) -> bool:
        call, came = self._calls[at]
        if at not in self._first:
            self._first[at] = time.monotonic() - came
        if call.stream and text:
            self._desk.report(Piece(call.number, text))
        return not self._desk.given_up(call.number)

    def done(self, at: int, outcome: Outcome) -> None:
        if at not in self._open:
            return
        self._open.discard(at)
        number = self._calls[at][0].number
        first = self._first.get(at)
        failure = outcome if isinstance(outcome, Failure) else None
        completion = None if isinstance(outcome, Failure) else outcome
        try:
            self._desk.report(Answer(number, completion, failure, first))
        except UnicodeEncodeError:
            self._desk.report(
                Answer(number, failure=Failure("the answer is not text (half a surrogate)", "malformed"))
            )
        self._desk.forget(number)

    def _fail(self, failure: Failure) -> None:
        for at in sorted(self._open):
            self.done(at, failure)


def broken(error: Exception) -> Failure:
    """The failure of all calls that an engine was working on when it raised what it should not."""
    told = " ".join(str(error).split())[:300]
    if isinstance(error, MemoryError) or "out of memory" in told.lower() or "can't allocate" in told.lower():
        fix = "fewer slots, smaller batch_tokens or dtype: bfloat16 need less"
        return Failure(f"the engine ran out of memory: {told or 'no more was to be had'}", "dead", fix)
    return Failure(f"the engine broke: {type(error).__name__}: {told}", "dead")


def main() -> None:
    source = sys.stdin.buffer
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    order = next_order(source)
    if not isinstance(order, Load):
        return
    desk = Desk(source, out)
    threading.Thread(target=desk.read, daemon=True).start()
    engine = _loaded(order, desk)
    if engine is None:
        os._exit(1)  # the thread that reads the pipe would hold up an orderly end
    while True:
        desk.wait()
        while (other := desk.other()) is not None:
            _other(engine, desk, other)
        Batch(desk).run(engine)


def _loaded(order: Load, desk: Desk) -> Batcher | None:
    module, _, function = order.factory.partition(":")
    try:
        engine = cast(Batcher, getattr(importlib.import_module(module), function)(order.settings))
        desk.report(Ready(engine.describe()))
    except WeighbridgeError as error:
        desk.report(Refused(error.what, error.where, error.fix))
    except MemoryError:
        desk.report(Refused("not enough memory to load the weights"))
    except Exception as error:  # whatever the engine raises, the parent must be told
        desk.report(Refused(f"{type(error).__name__}: {str(error)[:500]}"))
    else:
        return engine
    return None


def _other(engine: Batcher, desk: Desk, order: Texts | Show) -> None:
    failure: Failure
    try:
        if isinstance(order, Texts):
            desk.report(Vectors(order.number, engine.embed(order.texts)))
        elif isinstance(engine, Renderer):
            desk.report(Shown(order.number, engine.render(order.messages)))
        else:
            desk.report(Shown(order.number))
    except WeighbridgeError as error:
        failure = Failure(error.what, fix=error.fix)
    except Exception as error:  # as in `Batch.run`
        failure = broken(error)
    else:
        return
    kind = Vectors if isinstance(order, Texts) else Shown
    desk.report(kind(order.number, failure=failure))


def _end_with(parent: int) -> None:
    """End when the parent is gone, even where another process still holds our stdin open."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    main()
