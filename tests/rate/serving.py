"""A server in a thread of its own, for tests that come from outside."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from weighbridge.judge.answers import Answers
from weighbridge.rate.ballots import ballots
from weighbridge.rate.server import Server
from weighbridge.rate.session import Session
from weighbridge.rate.votes import VoteFile


@contextlib.contextmanager
def served(given: Answers, folder: Path, **settings) -> Iterator[Server]:
    """Serves `given`, with votes and preferences in `folder`, until the block ends."""
    session = Session(given, ballots(given, None, 0), VoteFile(folder / "v.jsonl"), folder / "p.csv", **settings)
    made: list[Server] = []
    loops: list[asyncio.AbstractEventLoop] = []
    up = threading.Event()

    async def whole() -> None:
        made.append(Server(session))
        loops.append(asyncio.get_running_loop())
        await made[0].run(lambda url: up.set())

    thread = threading.Thread(target=lambda: asyncio.run(whole()), daemon=True)
    thread.start()
    assert up.wait(10)
    try:
        yield made[0]
    finally:
        with contextlib.suppress(RuntimeError):
            loops[0].call_soon_threadsafe(made[0].finished.set)
        thread.join(10)
        assert not thread.is_alive()
