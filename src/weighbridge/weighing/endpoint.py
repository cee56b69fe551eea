"""How many calls one endpoint takes at once: more while it answers, half as many when it complains."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from weighbridge.models.protocol import RateLimits
from weighbridge.weighing.machine import MachineClock

LONGEST_PAUSE = 60.0
"""Seconds; the most that a vendor's word on its limits, short of a refusal, holds calls back: limits are per minute,
and a reset hours away is that of a day's account, which other calls may still have room in."""


class Endpoint:
    """A gate that calls to one endpoint pass; additive increase, multiplicative decrease (AIMD, as TCP does).

    The limit grows by one per answer until the endpoint complains for the first time, then by one per `limit`
    answers; it grows only while it is in use. A 429, a Retry-After or a time-out halves it, once for all calls that
    were sent before the last halving. A Retry-After holds back every call to the endpoint, not only the one refused.
    """

    def __init__(self, name: str, *, first: int, most: int, room: Callable[[], int] | None = None) -> None:
        """`first` calls at once to begin with, never more than `most`, nor than `room` says at the moment."""
        self.name = name
        self.most = max(1, most)
        self.limit = float(max(1, min(first, most)))
        self.in_flight = 0
        self._room = room
        self.machine = MachineClock()
        self._paused_until = 0.0
        self._slowed_at = -1.0
        self._complained = False
        self._limits: RateLimits | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def try_enter(self, now: float) -> bool:
        """Take a slot if one is free and nobody is ahead."""
        if self.in_flight >= self._now() or self._waiting or now < self._paused_until:
            return False
        self.in_flight += 1
        return True

    async def enter(self) -> None:
        """Wait for a slot, first come first served."""
        loop = asyncio.get_running_loop()
        if self.try_enter(loop.time()):
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        self._wake()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give the slot back."""
        self.in_flight -= 1
        if self._waiting:
            self._wake()

    def answered(self) -> None:
        """An answer came while the gate was at its limit or not."""
        if self.limit < self.most and self.in_flight >= int(self.limit):
            self.limit = min(float(self.most), self.limit + (1 / self.limit if self._complained else 1.0))

    def heard(self, limits: RateLimits | None) -> None:
        """The vendor said what room is left: send no more than that, and where there is none, wait for it.

        A vendor counts a call when it comes, so what is under way is counted already. Requests come back evenly over
        the time until all are back; how many tokens the next call needs is not known, so an empty account waits
        until it is full.
        """
        if limits is None or limits is self._limits:
            return
        self._limits = limits
        pause = 0.0
        if limits.requests_left is not None:
            self.limit = max(1.0, min(self.limit, float(limits.requests_left + self.in_flight)))
            if limits.requests_left == 0 and limits.requests_reset is not None:
                pause = limits.requests_reset / (limits.requests or 1)
        if limits.tokens_left == 0 and limits.tokens_reset is not None:
            pause = max(pause, limits.tokens_reset)
        if pause > 0:
            until = asyncio.get_running_loop().time() + min(pause, LONGEST_PAUSE)
            self._paused_until = max(self._paused_until, until)

    def complained(self, sent: float, pause: float | None) -> bool:
        """A call sent at loop time `sent` was refused or timed out; hold everything for `pause` seconds if named.

        Returns whether the limit was halved (or a new pause began) because of it.
        """
        now = asyncio.get_running_loop().time()
        changed = False
        if pause is not None and now + pause > self._paused_until:
            changed = now >= self._paused_until
            self._paused_until = now + pause
        if sent > self._slowed_at:
            self.limit = max(1.0, self.limit / 2)
            self._slowed_at = now
            self._complained = True
            changed = True
        return changed

    def _now(self) -> int:
        most = int(self.limit)
        return most if self._room is None else max(1, min(most, self._room()))

    def _wake(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now < self._paused_until:
            if self._timer is None:
                self._timer = loop.call_at(self._paused_until, self._ring)
            return
        while self._waiting and self.in_flight < self._now():
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)

    def _ring(self) -> None:
        self._timer = None
        self._wake()
