"""Async work from code that is not: in an event loop of its own, or in a thread beside one that runs already."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from weighbridge.weighing.halt import Halt

T = TypeVar("T")


def completed(work: Callable[[], Coroutine[Any, Any, T]], halt: Halt) -> T:
    """The result of `work`, in an event loop of its own; in a thread of its own where a loop is running already.

    There an interrupt turns `halt`, and the result is what the run has by then.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    result: list[T] = []
    failure: list[BaseException] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def noted() -> T:
        loops.append(asyncio.get_running_loop())
        return await work()

    def target() -> None:
        try:
            result.append(asyncio.run(noted()))
        except BaseException as error:
            # Whatever it is, it belongs to the caller's thread and is raised again there.
            failure.append(error)
        finally:
            over.set()

    over = threading.Event()
    thread = threading.Thread(target=target, name="weighbridge", daemon=True)
    thread.start()
    # An event, because an interrupted Thread.join takes the thread for dead (Python 3.11).
    while not over.is_set():
        try:
            # With a limit, because a signal that reaches another thread is seen here only between two waits.
            over.wait(0.2)
        except KeyboardInterrupt:
            # A closed loop: the run was over already.
            with contextlib.suppress(RuntimeError, IndexError):
                loops[0].call_soon_threadsafe(halt.call, "interrupted")
    if failure:
        raise failure[0]
    return result[0]
