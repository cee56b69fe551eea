"""One child process with one engine in it, shared by all models that want the same engine."""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO, cast

import msgspec

from weighbridge.models.local.batch import Description
from weighbridge.models.local.hosting.deaths import how_it_ended, killed_for_memory
from weighbridge.models.local.hosting.frames import Load, Order, Ready, Refused, Report, next_report, packed
from weighbridge.models.protocol import ModelError

Listener = Callable[[Report | ModelError], None]
"""Told of what concerns one call, in a thread of the host; a `ModelError` where the engine has died."""


class Settings(msgspec.Struct, frozen=True):
    """What an engine is started with; engines are shared where all of it is the same."""

    factory: str
    """``module:function``, which takes the settings and returns a `Batcher`."""
    said: str
    """The factory's settings, as JSON with sorted keys."""

    @staticmethod
    def of(factory: str, settings: dict[str, Any]) -> Settings:
        return Settings(factory, msgspec.json.encode(settings, order="deterministic").decode())


@dataclass(slots=True)
class Host:
    """The parent's side. `start`, `stop` block; all methods are safe to call from any thread."""

    settings: Settings
    where: str
    users: int = 0
    description: Description | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _failure: ModelError | None = None
    _noise: IO[bytes] | None = field(default=None, repr=False)
    _starting: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _out: queue.SimpleQueue[bytes | None] = field(default_factory=queue.SimpleQueue, repr=False)
    _listeners: dict[int, Listener] = field(default_factory=dict, repr=False)
    _numbers: itertools.count[int] = field(default_factory=itertools.count, repr=False)
    _state: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _stopping: bool = False
    _kills: int = 0

    def start(self) -> Description:
        """Load the engine, unless it is. Raises ModelError (``dead``) where it does not come up, or has died."""
        with self._starting:
            if self._failure is not None:
                raise self._failure
            if self.description is None:
                self._launch()
            if self.description is None:
                raise self._failure or self._dead("the engine did not come up")
            return self.description

    @property
    def dead(self) -> bool:
        """Whether it could not be started, or has ended since."""
        return self._failure is not None

    def _launch(self) -> None:
        self._noise = tempfile.TemporaryFile()  # noqa: SIM115 - read after the process has ended
        self._kills = killed_for_memory()
        process = self.process = subprocess.Popen(
            [sys.executable, "-m", "weighbridge.models.local.hosting.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            # Ctrl-C in the terminal is the parent's to handle; it then ends the engine.
            start_new_session=True,
            env=_environment(),
        )
        source = cast(BinaryIO, process.stdout)
        self._write(packed(Load(self.settings.factory, msgspec.json.decode(self.settings.said))))
        report: Report | None = None
        with contextlib.suppress(OSError, ValueError, msgspec.MsgspecError):
            report = next_report(source)
        if isinstance(report, Ready):
            self.description = report.description
            threading.Thread(target=self._listen, args=(source,), daemon=True).start()
            threading.Thread(target=self._send, daemon=True).start()
            return
        if isinstance(report, Refused):
            self._failure = ModelError(report.what, kind="dead", where=report.where or self.where, fix=report.fix)
        elif not self._stopping:
            self._failure = self._death("while it loaded")
        else:
            self._failure = self._dead("the engine was stopped while it loaded")
        self._end()

    def ask(self, listener: Listener, order: Callable[[int], Order]) -> int:
        """Send `order(number)`; what the child says about that number goes to `listener`. Returns the number.

        Raises ModelError where the engine has died, or the order cannot be written.
        """
        number = next(self._numbers)
        try:
            data = packed(order(number))
        except UnicodeEncodeError:
            raise ModelError(
                "the prompt is not text: it holds half of a surrogate pair",
                kind="bad_request",
                where=self.where,
                fix="mend the item's text (a character was cut in two)",
            ) from None
        with self._state:
            if self._failure is not None:
                raise self._failure
            self._listeners[number] = listener
        self._out.put(data)
        return number

    def forget(self, number: int, order: Order | None = None) -> None:
        """Listen no more for that number; `order` tells the child so."""
        with self._state:
            known = self._listeners.pop(number, None) is not None
        if known and order is not None:
            self._out.put(packed(order))

    def _send(self) -> None:
        while (data := self._out.get()) is not None:
            self._write(data)

    def _write(self, data: bytes) -> None:
        process = self.process
        # A child that has died is seen by `_listen`, which tells everybody.
        with contextlib.suppress(OSError, ValueError):
            if process is not None and process.stdin is not None:
                process.stdin.write(data)
                process.stdin.flush()

    def _listen(self, source: BinaryIO) -> None:
        with contextlib.suppress(OSError, ValueError, msgspec.MsgspecError):
            while (report := next_report(source)) is not None:
                number = getattr(report, "number", None)
                with self._state:
                    listener = self._listeners.get(number) if number is not None else None
                if listener is not None:
                    listener(report)
        source.close()
        error = self._dead("the engine was stopped") if self._stopping else self._death("in the middle of the run")
        with self._state:
            self._failure = error
            waiting, self._listeners = self._listeners, {}
        for listener in waiting.values():
            listener(error)

    def _death(self, when: str) -> ModelError:
        process = self.process
        with contextlib.suppress(subprocess.TimeoutExpired):
            if process is not None:
                process.wait(5)
        code = process.poll() if process is not None else None
        what, fix = how_it_ended(code, killed_for_memory() > self._kills, self._last_words())
        return ModelError(f"the engine's process ended {when}: {what}", kind="dead", where=self.where, fix=fix)

    def _dead(self, what: str) -> ModelError:
        return ModelError(what, kind="dead", where=self.where)

    def _last_words(self) -> str:
        """What the process printed last."""
        if self._noise is None or self._noise.closed:
            return ""
        size = self._noise.seek(0, os.SEEK_END)
        self._noise.seek(max(0, size - 16_384))
        return self._noise.read().decode("utf-8", "replace")

    def stop(self) -> None:
        """End the process; answers under way are lost."""
        self._stopping = True
        if self.description is None and self.process is not None:
            self.process.kill()  # it is loading, and reads no orders
        with self._starting:
            self._end()

    def _end(self) -> None:
        self._out.put(None)
        process = self.process
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is process.stdout and self.description is not None:
                    continue  # `_listen` reads it to its end
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._noise is not None and (self._stopping or self.description is None):
            self._noise.close()


def _environment() -> dict[str, str]:
    """The child's: nothing is fetched or sent by the libraries in it."""
    quiet = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_DISABLE_TELEMETRY": "1"}
    return {**os.environ, **quiet, "PYTHONFAULTHANDLER": "1"}


_hosts: dict[Settings, Host] = {}
_registry = threading.Lock()


def acquire(settings: Settings, where: str) -> Host:
    """The host for `settings`, not yet started; give it back with `release`."""
    with _registry:
        host = _hosts.get(settings)
        if host is None:
            host = _hosts[settings] = Host(settings, where)
        host.users += 1
        return host


def release(host: Host) -> None:
    """One user less; the last one ends the engine."""
    with _registry:
        host.users -= 1
        if host.users > 0:
            return
        if _hosts.get(host.settings) is host:
            del _hosts[host.settings]
    host.stop()
