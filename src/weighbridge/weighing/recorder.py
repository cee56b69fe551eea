"""Between a caller and the store: answers are committed as they come, several at once where they come fast."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from weighbridge.store import Answer, Store
from weighbridge.weighing.job import Job


class Recorder:
    """Hands answers to the store without holding up the calls.

    One transaction is under way at a time, and what comes meanwhile goes into the next: a lone answer is committed at
    once, a flood in large batches. A job has its answer only when that is committed.
    """

    def __init__(self, store: Store, committed: Callable[[Job, Answer], None], broken: Callable[[], None]) -> None:
        """`committed` is called for each answer once it is in the store, with what the store holds; `broken` as soon
        as the store fails, so that no more is paid for what cannot be kept."""
        self._store = store
        self._committed = committed
        self._broken = broken
        self._error: Exception | None = None
        self._queue: list[tuple[Job, Answer]] = []
        self._writer: asyncio.Task[None] | None = None

    def add(self, job: Job, answer: Answer) -> None:
        """Begin to store the answer to `job`."""
        self._queue.append((job, answer))
        if self._writer is None:
            self._writer = asyncio.ensure_future(self._write())

    async def _write(self) -> None:
        try:
            while self._queue and self._error is None:
                batch, self._queue = self._queue, []
                if len(batch) == 1:
                    kept = [await self._store.put(batch[0][1])]
                else:
                    kept = await self._store.put_many([answer for _, answer in batch])
                for (job, _), answer in zip(batch, kept, strict=True):
                    job.answer = answer
                    self._committed(job, answer)
        except Exception as error:  # raised again by `drain`, in the run's own task
            self._error = error
            self._broken()
        finally:
            self._writer = None

    async def drain(self) -> None:
        """Wait until everything handed over is committed. Raises what the store raised.

        A cancellation meanwhile is passed on afterwards: what was paid for is written first.
        """
        cancelled: asyncio.CancelledError | None = None
        while self._writer is not None:
            try:
                await asyncio.shield(self._writer)
            except asyncio.CancelledError as request:
                cancelled = request
        if cancelled is not None:
            raise cancelled
        if self._error is not None:
            raise self._error
