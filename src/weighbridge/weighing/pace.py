"""Keeps candidates side by side in time: none is asked far ahead of the others, whatever its speed.

Hosted models are slower at some hours, and now and then change under their name; a candidate that was asked at nine
and one that was asked at eleven were not asked under the same conditions. Items are handed out in one order to all
endpoints. A call may be sent once every other endpoint with calls left has sent those of items up to `AHEAD` before
it. What counts is that a call was sent, not that it was answered, so that one slow answer holds nobody back; and as a
look ends with its slowest candidate anyway, the quick ones lose no time that the run would not spend.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from weighbridge.weighing.endpoint import Endpoint
from weighbridge.weighing.job import Job

AHEAD = 16
"""Items that one endpoint may be ahead of another; where all of them take more calls than that at once, as many as
the narrowest takes, for a batch of calls must not be torn."""


class Pace:
    """The jobs of one `Caller.ask`, by endpoint, and how far each endpoint has come."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._steps: dict[int, int] = {}
        """By job: which of the different items of this round it is about, from 0."""
        self._left: dict[Endpoint, list[int]] = {}
        """Steps of the jobs not yet sent, last first."""
        step, item = -1, -1
        for job in jobs:
            if job.item != item:
                step, item = step + 1, job.item
            self._steps[id(job)] = step
            self._left.setdefault(job.contender.endpoint, []).append(step)
        for steps in self._left.values():
            steps.reverse()
        self._waiting: set[asyncio.Future[None]] = set()

    async def wait(self, job: Job) -> None:
        """Return when `job` may be sent."""
        while self._ahead(job):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(turn)
            try:
                await turn
            finally:
                self._waiting.discard(turn)

    def passed(self, job: Job) -> None:
        """`job` was sent for the first time, or never will be. Twice is allowed."""
        if self._steps.pop(id(job), None) is None:
            return
        # Jobs of one endpoint pass nearly in order; which of them passed is not needed, only how many are left.
        self._left[job.contender.endpoint].pop()
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)

    def _ahead(self, job: Job) -> bool:
        step = self._steps.get(id(job))
        if step is None or len(self._left) == 1:
            return False
        mine = job.contender.endpoint
        others = [steps[-1] for endpoint, steps in self._left.items() if steps and endpoint is not mine]
        return bool(others) and step > min(others) + self._room()

    def _room(self) -> int:
        return max(AHEAD, min(int(endpoint.limit) for endpoint in self._left))
