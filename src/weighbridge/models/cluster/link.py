"""The run's end of the pipe to the process that drives the cluster; shared by all models on the same cluster."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from typing import IO

from weighbridge.models.cluster.words import (
    Ask,
    Cancel,
    Close,
    Done,
    Failed,
    FromDriver,
    Method,
    Open,
    Opened,
    Piece,
    Refused,
    Size,
    ToDriver,
    Told,
    Work,
    frame,
    from_driver,
    read_frame,
)

_END = 15.0
"""Seconds a driver gets to end its engines, and the cluster where it is its own."""

Emit = Callable[[str], None]


@dataclass(slots=True)
class CrewEnd:
    """This end of one crew. `opened` holds how it came up, or raises what was wrong (`TellingError`)."""

    number: int
    work: Work
    opened: Future[Opened]
    users: int = 0
    slots: int = 0


class TellingError(Exception):
    """Carries what the driver told; the model makes the user's error of it."""

    def __init__(self, told: Told) -> None:
        super().__init__(told.what)
        self.told = told


@dataclass(slots=True, eq=False)
class Link:
    """One driver process. All methods are safe from any thread."""

    address: str | None
    users: int = 0
    process: subprocess.Popen[bytes] | None = None
    _crews: dict[int, CrewEnd] = field(default_factory=dict)
    _calls: dict[int, tuple[Future[bytes], Emit | None]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _numbers: count[int] = field(default_factory=count, repr=False)
    _noise: IO[bytes] | None = field(default=None, repr=False)
    _ended: Told | None = None

    def crew(self, work: Work) -> CrewEnd:
        """The crew that does `work`, opened now unless it is; given back with `leave`."""
        with self._lock:
            self._start(work.key_name)
            for known in self._crews.values():
                if known.work == work:
                    known.users += 1
                    return known
            made = CrewEnd(next(self._numbers), work, Future(), users=1)
            self._crews[made.number] = made
            if self._ended is not None:
                made.opened.set_exception(TellingError(self._ended))
            else:
                self._send(Open(made.number, work))
            return made

    def leave(self, crew: CrewEnd) -> None:
        """One user of `crew` less; with the last its engines are ended."""
        with self._lock:
            crew.users -= 1
            if crew.users == 0:
                del self._crews[crew.number]
                self._send(Close(crew.number))

    def ask(self, crew: CrewEnd, method: Method, data: bytes, emit: Emit | None = None) -> tuple[int, Future[bytes]]:
        """Begin a call; the future holds the pickled result or raises `TellingError`."""
        with self._lock:
            number, future = next(self._numbers), Future[bytes]()
            if self._ended is not None:
                future.set_exception(TellingError(self._ended))
            else:
                self._calls[number] = (future, emit)
                self._send(Ask(number, crew.number, method, data))
            return number, future

    def cancel(self, call: int) -> None:
        """Nobody waits for this call any more."""
        with self._lock:
            if self._calls.pop(call, None) is not None:
                self._send(Cancel(call))

    def _start(self, key_name: str | None) -> None:
        if self.process is not None:
            return
        self._noise = tempfile.TemporaryFile()  # noqa: SIM115 - read after the process has ended
        environment = {name: value for name, value in os.environ.items() if name != key_name}
        self.process = subprocess.Popen(  # noqa: S603 - this Python, this package
            [sys.executable, "-m", "weighbridge.models.cluster.driver", *([self.address] if self.address else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            env=environment,
            # Ctrl-C in the terminal is the run's to handle; it then ends the driver.
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True, name="cluster").start()

    def _send(self, message: ToDriver) -> None:
        process = self.process
        if process is None or process.stdin is None:
            return
        # The reader notices a broken pipe, and tells all who wait.
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(frame(message))
            process.stdin.flush()

    def _read(self) -> None:
        process = self.process
        assert process is not None  # noqa: S101 - the thread is started after it
        assert process.stdout is not None  # noqa: S101 - a pipe, as it was opened
        with contextlib.suppress(OSError, ValueError):
            while (data := read_frame(process.stdout)) is not None:
                self._take(from_driver(data))
        code = process.wait()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        told = Told(
            f"the connection to the Ray cluster was lost: its driver ended ({how}){self._last_words()}",
            fix="see whether the head of the cluster, and the node on this machine, are up (`ray status`), and run "
            "again: answers that came are kept",
        )
        with self._lock:
            self._ended = told
            calls, self._calls = self._calls, {}
            crews = list(self._crews.values())
        for future, _ in calls.values():
            future.set_exception(TellingError(told))
        for crew in crews:
            crew.slots = 0
            if not crew.opened.done():
                crew.opened.set_exception(TellingError(told))

    def _take(self, message: FromDriver) -> None:
        match message:
            case Opened() | Refused() | Size():
                crew = self._crews.get(message.crew)
                if crew is None:
                    return
                if isinstance(message, Size):
                    crew.slots = message.slots
                elif isinstance(message, Opened):
                    crew.opened.set_result(message)
                else:
                    crew.opened.set_exception(TellingError(message.told))
            case Piece():
                _, emit = self._calls.get(message.call, (None, None))
                if emit is not None:
                    emit(message.text)
            case Done() | Failed():
                with self._lock:
                    future, _ = self._calls.pop(message.call, (None, None))
                if future is None:
                    return
                if isinstance(message, Done):
                    future.set_result(message.data)
                else:
                    future.set_exception(TellingError(message.told))

    def _last_words(self) -> str:
        """What Ray said last of an error; nothing where the driver was killed."""
        if self._noise is None or self._noise.closed:
            return ""
        self._noise.seek(0)
        lines = self._noise.read()[-16_384:].decode("utf-8", "replace").splitlines()
        errors = [line for line in lines if " E " in line or " C " in line or "Error" in line]
        return ": " + " ".join(errors[-1].split())[:200] if errors else ""

    def stop(self) -> None:
        """End the driver, its engines, and a cluster that it started."""
        process = self.process
        if process is None:
            return
        with self._lock:
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
        try:
            process.wait(_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


_links: dict[str | None, Link] = {}
_registry = threading.Lock()


def acquire(address: str | None) -> Link:
    """The link to the cluster at `address`, not yet started; give it back with `release`."""
    with _registry:
        link = _links.setdefault(address, Link(address))
        link.users += 1
        return link


def release(link: Link) -> None:
    """One user less; the last one ends the driver."""
    with _registry:
        link.users -= 1
        if link.users > 0:
            return
        if _links.get(link.address) is link:
            del _links[link.address]
    link.stop()
