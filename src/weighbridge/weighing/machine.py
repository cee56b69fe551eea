"""Whose time a machine spends: busy wall seconds, shared among the calls that are under way."""

from __future__ import annotations


class MachineClock:
    """Processor sharing: while n calls are under way each of them is charged 1/n of the passing time.

    The shares of all calls add up to the time the endpoint was busy, whatever candidates they belong to, so that a
    price per hour is spread over the throughput that was really measured. Starting and ending a call cost O(1):
    the clock keeps the running integral of dt/n, and a call's share is the integral's growth over its life.
    """

    __slots__ = ("_integral", "_now", "busy", "running")

    def __init__(self) -> None:
        self.running = 0
        self.busy = 0.0
        """Seconds in which at least one call was under way."""
        self._integral = 0.0
        self._now = 0.0

    def _advance(self, now: float) -> None:
        if self.running:
            passed = now - self._now
            self.busy += passed
            self._integral += passed / self.running
        self._now = now

    def start(self, now: float) -> float:
        """A call begins; returns the mark to hand to `end`."""
        self._advance(now)
        self.running += 1
        return self._integral

    def end(self, mark: float, now: float) -> float:
        """A call is over; returns its share of the machine's time, in seconds."""
        self._advance(now)
        self.running -= 1
        return self._integral - mark
