"""The process that drives the cluster for a run.

Started by `link.Link`, not by hand: ``python -m weighbridge.models.cluster.driver [ADDRESS]``, with messages on stdin
and stdout (`words`). A process of its own, because Ray ends the process that is connected to it when its node or its
head is lost, writes to the terminal whatever it is told, and takes over signals: here that takes down a candidate,
with a reason, and not the run. The end of stdin, which the death of the run brings about too, ends it, and with it
the engines and a cluster that was started for the run.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from weighbridge.errors import UsageError
from weighbridge.models.cluster import actor
from weighbridge.models.cluster.connect import connect, disconnect
from weighbridge.models.cluster.crew import Crew, CrewError
from weighbridge.models.cluster.words import (
    LENGTH,
    Ask,
    Cancel,
    Close,
    Done,
    Failed,
    FromDriver,
    Open,
    Opened,
    Piece,
    Refused,
    Size,
    Told,
    frame,
    to_driver,
)

Say = Callable[[FromDriver], None]


def main() -> None:
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def say(message: FromDriver) -> None:
        out.write(frame(message))
        out.flush()

    refusal: Told | None = None
    folder: Path | None = None
    try:
        folder = connect(sys.argv[1] if len(sys.argv) > 1 else None)
        import ray

        ray.cloudpickle.register_pickle_by_value(actor)
    except UsageError as error:
        refusal = Told.of(error)
    except Exception as error:  # whatever Ray raises as it starts, the run must be told
        refusal = Told(f"Ray did not start: {type(error).__name__}: {error}"[:500], "usage")
    try:
        asyncio.run(_serve(say, refusal))
    finally:
        if refusal is None:
            disconnect(folder)
        # Ray's threads may hold the process up after everything is done.
        os._exit(0)


async def _serve(say: Say, refusal: Told | None) -> None:
    crews: dict[int, Crew] = {}
    ready: dict[int, asyncio.Task[None]] = {}
    calls: dict[int, asyncio.Task[None]] = {}
    source = asyncio.StreamReader(limit=2**20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(source), sys.stdin.buffer)
    while True:
        try:
            (length,) = LENGTH.unpack(await source.readexactly(LENGTH.size))
            message = to_driver(await source.readexactly(length))
        except asyncio.IncompleteReadError:
            break
        match message:
            case Open() if refusal is not None:
                say(Refused(message.crew, refusal))
            case Open():
                crew = crews[message.crew] = Crew(message.work, partial(_resized, say, message.crew))
                ready[message.crew] = asyncio.create_task(_start(crew, message.crew, say))
            case Ask():
                task = calls[message.call] = asyncio.create_task(_ask(crews[message.crew], message, say))
                task.add_done_callback(lambda _, call=message.call: calls.pop(call, None))  # type: ignore[misc]  # its default makes it no plain lambda
            case Cancel():
                if message.call in calls:
                    calls[message.call].cancel()
            case Close():
                ready.pop(message.crew).cancel()
                closing = asyncio.create_task(crews.pop(message.crew).close())
                calls[-message.crew - 1] = closing
    for task in (*ready.values(), *calls.values()):
        task.cancel()
    await asyncio.gather(*(crew.close() for crew in crews.values()), return_exceptions=True)


def _resized(say: Say, crew: int, slots: int) -> None:
    say(Size(crew, slots))


async def _start(crew: Crew, number: int, say: Say) -> None:
    try:
        identity = await crew.start()
    except CrewError as refusal:
        say(Refused(number, refusal.told))
    except Exception as error:  # a mistake here or in Ray is the candidate's end, not a run that waits for ever
        say(Refused(number, Told(f"{type(error).__name__}: {error}"[:500])))
    else:
        say(Opened(number, identity, crew.engines))


async def _ask(crew: Crew, message: Ask, say: Say) -> None:
    try:
        tag, data = await crew.ask(message.method, message.data, lambda text: say(Piece(message.call, text)))
    except CrewError as refusal:
        say(Failed(message.call, refusal.told))
    except Exception as error:  # likewise
        say(Failed(message.call, Told(f"{type(error).__name__}: {error}"[:500], "server")))
    else:
        if tag == "done":
            say(Done(message.call, data))
        else:
            import msgspec

            say(Failed(message.call, msgspec.msgpack.decode(data, type=Told)))


if __name__ == "__main__":
    main()
