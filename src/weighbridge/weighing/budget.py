"""The purse of a run: reserved before a call, settled after it, never overdrawn."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from weighbridge.evidence import Budget
from weighbridge.weighing.progress import Spent

_SLACK = 1e-9
"""Sums of floats: ten calls at 0.1 fit into a budget of 1."""


@dataclass(slots=True)
class Hold:
    """Money set aside for one call under way."""

    money: float


class Purse:
    """One run's money, calls and minutes. What came from the store costs nothing here.

    A call is counted when it is sent, whatever becomes of it: a repeated attempt is one more. Money is set aside at
    the call's worst case; while other calls are under way, a call that does not fit waits until they are settled,
    because most settle for less. When it does not fit with nothing under way, the purse is empty.
    """

    def __init__(self, budget: Budget, now: float) -> None:
        """`now`: loop time; minutes count from here."""
        self._money = budget.money
        self.capped = budget.money is not None
        """Whether money is limited, so that the worst case of a call must be known before it."""
        self._calls = budget.calls
        self.ends = now + budget.minutes * 60 if budget.minutes is not None else None
        """Loop time at which the minutes are up."""
        self._began = now
        self._held = 0.0
        self._waiting: list[asyncio.Future[None]] = []
        self.settled = 0.0
        """Money of all calls that are over; the worst case where a call's cost did not become known."""
        self.exact = True
        """False once a call was settled whose cost is unknown."""
        self.calls = 0
        self.in_flight = 0
        self.refused = 0.0
        """Money that the last call would have needed which did not fit."""
        self.empty: str | None = None
        """Which cap was reached, once one is: ``money``, ``calls`` or ``minutes``."""

    @property
    def calls_left(self) -> int | None:
        """Calls that may still be sent; None where they are not limited."""
        return None if self._calls is None else max(0, self._calls - self.calls)

    def try_reserve(self, money: float, now: float, seconds: float = 0.0) -> Hold | None:
        """Set aside `money` for a call that may take `seconds`, or None (and perhaps `empty` from now on)."""
        if self.empty:
            return None
        if self._calls is not None and self.calls >= self._calls:
            self.empty = "calls"
        elif self.ends is not None and now + seconds >= self.ends:
            self.empty = "minutes"
        elif self._money is not None and self.settled + self._held + money > self._money * (1 + _SLACK):
            self.refused = money
            if not self.in_flight:
                self.empty = "money"
        else:
            self.calls += 1
            self.in_flight += 1
            self._held += money
            return Hold(money)
        return None

    async def reserve(self, money: float, seconds: float = 0.0) -> Hold | None:
        """`try_reserve`, waiting for calls under way where they may leave enough; None when the purse is empty."""
        loop = asyncio.get_running_loop()
        while (hold := self.try_reserve(money, loop.time(), seconds)) is None:
            if self.empty:
                return None
            change: asyncio.Future[None] = loop.create_future()
            self._waiting.append(change)
            await change
        return hold

    def settle(self, hold: Hold, money: float, *, certain: bool = True) -> None:
        """The call is over and cost `money`; not `certain` where its worst case had to stand in for its cost."""
        self._held -= hold.money
        self.in_flight -= 1
        if not self.in_flight:
            self._held = 0.0
        self.settled += money
        self.exact = self.exact and certain
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            if not change.done():
                change.set_result(None)

    def spent(self, now: float, *, priced: bool) -> Spent:
        """What was used so far; `priced` says whether every candidate has a price."""
        return Spent(self.settled if priced else None, self.calls, now - self._began, self.in_flight)
