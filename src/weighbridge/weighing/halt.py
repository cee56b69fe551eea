"""One switch that stops a run from sending, and Ctrl-C that turns it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Literal

Reason = Literal["budget", "interrupted", "version changed"]


class Halt:
    """Whether the run must stop sending, and why. Calls under way may still finish."""

    __slots__ = ("_listeners", "hurried", "reason")

    def __init__(self) -> None:
        self.reason: Reason | None = None
        self.hurried = False
        """True after a second Ctrl-C: calls under way are not waited for."""
        self._listeners: list[Callable[[], None]] = []

    def call(self, reason: Reason) -> None:
        """Stop sending; the first reason stays, and a second interruption hurries."""
        if reason == "interrupted" and self.reason == "interrupted":
            self.hurried = True
        elif self.reason is not None and reason != "interrupted":
            return
        self.reason = reason if self.reason is None else self.reason
        for listener in list(self._listeners):
            listener()

    @contextlib.contextmanager
    def heard_by(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` whenever the switch is turned, for as long as the block runs."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)


@contextlib.contextmanager
def interruptible(halt: Halt) -> Iterator[None]:
    """Let Ctrl-C turn the switch while the block runs, where this thread may handle signals.

    Elsewhere (a notebook's worker thread, a loop without signal support) Ctrl-C stays what it was.
    """
    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        loop.add_signal_handler(signal.SIGINT, halt.call, "interrupted")
    except (NotImplementedError, RuntimeError):
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)
