"""Gets answers: concurrency per endpoint, attempts with one deadline, and a purse that is asked first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from weighbridge.evidence import Completion
from weighbridge.models.protocol import FATAL, Limited, ModelError, Starting
from weighbridge.store import Answer, Store
from weighbridge.weighing.budget import Hold, Purse
from weighbridge.weighing.endpoint import Endpoint
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.job import HEARD, Contender, Job
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.pace import Pace
from weighbridge.weighing.progress import Answered, Down, Event, Retried, Slowed
from weighbridge.weighing.recorder import Recorder


class Caller:
    """One run's calls. `ask` may be used again and again, by one task at a time."""

    def __init__(
        self, limits: Limits, purse: Purse, store: Store, halt: Halt, tell: Callable[[Event], None], seed: int
    ) -> None:
        self._limits = limits
        self.purse = purse
        self._halt = halt
        self.tell = tell
        self._recorder = Recorder(store, self.committed, self._store_broke)
        self._jitter = np.random.Generator(np.random.PCG64(seed))
        self._sending: set[asyncio.Task[None]] = set()
        self._workers: list[asyncio.Task[None]] = []
        self.retries = 0
        self.answers = 0
        self.unretried = 0
        """Answers given up because the run's retry budget was spent."""

    async def ask(self, jobs: Sequence[Job]) -> None:
        """Get every job's answer into the store, as far as budget, patience and Ctrl-C allow.

        Raises `StoreError` where an answer cannot be written.
        """
        queues: dict[Endpoint, deque[Job]] = {}
        for job in jobs:
            queues.setdefault(job.contender.endpoint, deque()).append(job)
        pace = Pace(jobs)
        self._workers = [
            asyncio.create_task(self._work(queue, pace))
            for endpoint, queue in queues.items()
            for _ in range(min(endpoint.most, len(queue)))
        ]
        try:
            with self._halt.heard_by(self._halted):
                if self._halt.reason:
                    self._halted()
                done, _ = await asyncio.wait(self._workers, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                if not task.cancelled():
                    task.result()
        finally:
            for task in self._workers:
                task.cancel()
            try:
                await asyncio.gather(*self._workers, return_exceptions=True)
            finally:
                self._workers = []
                await self._recorder.drain()

    def _halted(self) -> None:
        """Send home the workers that wait; those with a call under way may finish it."""
        for task in self._workers:
            if self._halt.hurried or task not in self._sending:
                task.cancel()
        if self._halt.reason == "interrupted":
            workers = self._workers
            asyncio.get_running_loop().call_later(self._limits.grace, lambda: [task.cancel() for task in workers])

    def _store_broke(self) -> None:
        for task in self._workers:
            task.cancel()

    async def _work(self, queue: deque[Job], pace: Pace) -> None:
        while queue and not self._halt.reason:
            job = queue.popleft()
            try:
                if job.contender.down is None:
                    await self._answer(job, pace)
            finally:
                pace.passed(job)

    async def _answer(self, job: Job, pace: Pace) -> None:
        """The whole chain of attempts at one answer."""
        loop = asyncio.get_running_loop()
        limits, contender = self._limits, job.contender
        until = 0.0
        attempt = counted = 0
        error: ModelError | None = None
        if not await self._started(contender):
            return
        await pace.wait(job)
        while True:
            hold = await self._admitted(job)
            if hold is None:
                return
            sent = loop.time()
            if attempt == 0:
                until = sent + limits.deadline
                pace.passed(job)
            attempt += 1
            completion, error = await self._attempt(job, hold, sent, until)
            now = loop.time()
            if completion is not None:
                return
            if error is None or contender.down:
                return
            if error.kind in FATAL:
                self.take_down(contender, told(error))
                return
            contender.attempts_failed += error.kind != "rate_limit"
            asked_to_wait = error.kind == "rate_limit" and error.retry_after is not None
            counted += not asked_to_wait
            wait = self.wait(error, counted)
            if not error.retryable or counted >= limits.attempts or now + wait >= until or not self._may_retry():
                self.failed(job, error, attempt)
                return
            contender.retries += 1
            self.tell(Retried(contender.index, job.item, attempt, error.kind, error.what, wait))
            await asyncio.sleep(wait)

    async def _started(self, contender: Contender) -> bool:
        """Whether the engine is up: to load weights may take longer than an answer may."""
        model = contender.candidate.model
        if not isinstance(model, Starting):
            return True
        try:
            async with asyncio.timeout_at(self.purse.ends):
                await model.start()
        except TimeoutError:
            self.purse.empty = "minutes"
            self._halt.call("budget")
            return False
        except ModelError as error:
            self.take_down(contender, told(error))
            return False
        return True

    async def _admitted(self, job: Job) -> Hold | None:
        """A slot at the endpoint and a reservation, or None where the call must not be made any more."""
        contender, endpoint = job.contender, job.contender.endpoint
        if not endpoint.try_enter(asyncio.get_running_loop().time()):
            await endpoint.enter()
        hold: Hold | None = None
        try:
            if contender.down is None and not self._halt.reason:
                most = contender.bill.at_most(job.request) if self.purse.capped else 0.0
                hold = await self.purse.reserve(most, contender.slowest)
                if hold is None:
                    self._halt.call("budget")
        finally:
            if hold is None:
                endpoint.leave()
        return hold

    async def _attempt(
        self, job: Job, hold: Hold, sent: float, until: float
    ) -> tuple[Completion | None, ModelError | None]:
        """One call. Neither completion nor error: the budget's minutes ended while it was under way."""
        contender, endpoint, request = job.contender, job.contender.endpoint, job.request
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        ends = self.purse.ends
        completion: Completion | None = None
        error: ModelError | None = None
        cut = False
        flight = endpoint.in_flight
        mark = endpoint.machine.start(sent)
        if task is not None:
            self._sending.add(task)
        try:
            async with asyncio.timeout_at(until if ends is None else min(until, ends)):
                completion = await contender.candidate.model.complete(request)
        except TimeoutError:
            cut = ends is not None and ends < until
            error = ModelError(f"no answer within {self._limits.deadline:g} s", kind="timeout")
        except ModelError as raised:
            error = raised
        except Exception as raised:  # an engine that breaks takes down its candidate, not the run
            error = ModelError(f"{type(raised).__name__}: {raised}", kind="dead")
        finally:
            now = loop.time()
            share = endpoint.machine.end(mark, now)
            flight = max(flight, endpoint.in_flight)
            if task is not None:
                self._sending.discard(task)
            if completion is None:
                self._settle_failure(job, hold, error, share)
                if error is not None and not cut:
                    self._heed(endpoint, error, sent)
            else:
                endpoint.answered()
            if isinstance(contender.candidate.model, Limited):
                endpoint.heard(contender.candidate.model.limits)
            endpoint.leave()
        contender.slowest = max(contender.slowest, now - sent)
        if completion is not None:
            self._accept(job, hold, completion, now - sent, share, flight)
        elif cut:
            self.purse.empty = "minutes"
            self._halt.call("budget")
            return None, None
        return completion, error

    def _accept(
        self, job: Job, hold: Hold, completion: Completion, seconds: float, share: float, flight: int
    ) -> None:
        """Settle an answer and hand it to the store."""
        contender = job.contender
        usage = completion.usage
        if usage.duration is None:
            usage = msgspec.structs.replace(usage, duration=seconds)
            completion = msgspec.structs.replace(completion, usage=usage)
        elif usage.duration > seconds:
            # A simulated or recorded answer states a time that nobody spent here: charged as one call at a time.
            share = usage.duration
            flight = 0
        if flight and not contender.capabilities.needs_item:
            usage = msgspec.structs.replace(usage, concurrency=flight)
            completion = msgspec.structs.replace(completion, usage=usage)
        if completion.prompt is not None:
            # Kept once for a few items, not with every answer: a few-shot prompt is far larger than what it gets.
            if len(contender.heard) < HEARD:
                contender.heard.setdefault(job.item, completion.prompt)
            completion = msgspec.structs.replace(completion, prompt=None)
        cost = contender.bill.cost(usage, share)
        if cost is not None or contender.bill.free:
            self.purse.settle(hold, cost or 0.0)
        else:
            self.purse.settle(hold, contender.bill.at_most(job.request), certain=False)
        if self.purse.capped:
            contender.bill.learn(job.request, usage, share, cost)
        contender.failed_in_row = 0
        self.answers += 1
        self._recorder.add(job, job.completed(completion, cost, share))

    def _settle_failure(self, job: Job, hold: Hold, error: ModelError | None, share: float) -> None:
        """A time-out or a cut stream may be billed: then its worst case counts as spent."""
        hourly = job.contender.candidate.price.per_hour
        if error is not None and not error.usage_may_be_billed and error.kind != "timeout":
            self.purse.settle(hold, share * hourly / 3600 if hourly is not None else 0.0)
        else:
            self.purse.settle(hold, job.contender.bill.at_most(job.request), certain=False)

    def _heed(self, endpoint: Endpoint, error: ModelError, sent: float) -> None:
        if error.kind not in ("rate_limit", "timeout") and error.retry_after is None:
            return
        if endpoint.complained(sent, error.retry_after):
            self.tell(Slowed(endpoint.name, int(endpoint.limit), error.retry_after or 0.0))

    def wait(self, error: ModelError, attempt: int) -> float:
        """Seconds to wait: full jitter over an exponential, and never less than the server asked for."""
        most = min(self._limits.backoff_most, self._limits.backoff * 2.0 ** min(max(attempt, 1) - 1, 30))
        jitter = float(self._jitter.uniform(0.0, most))
        if error.retry_after is None:
            return jitter
        # The gate spaces out what follows a pause, so that a little jitter is enough.
        return error.retry_after + min(jitter, 0.1 * error.retry_after)

    def _may_retry(self) -> bool:
        """Take one retry from the run's retry budget."""
        most = self._limits.retries
        if self.retries >= (100 + self.answers // 4 if most is None else most):
            self.unretried += 1
            return False
        self.retries += 1
        return True

    def failed(self, job: Job, error: ModelError, attempts: int) -> None:
        """The answer never came."""
        contender = job.contender
        tries = f" (after {attempts} attempts)" if attempts > 1 else ""
        job.error = f"{error.what}{tries}"
        contender.failed += 1
        contender.failed_in_row += 1
        self.tell(Answered(contender.index, job.item, from_store=False, failed=True, seconds=None, cost=None))
        why = contender.verdict_on_failures(error.kind, told(error), self._limits.give_up)
        if why is not None:
            self.take_down(contender, why)

    def take_down(self, contender: Contender, why: str) -> None:
        if contender.down is None:
            contender.down = why
            self.tell(Down(contender.index, why))

    def committed(self, job: Job, answer: Answer) -> None:
        usage = answer.completion.usage
        job.contender.count(answer, from_store=False)
        if job.contender.versions.change is not None:
            self._halt.call("version changed")
        self.tell(
            Answered(
                job.contender.index,
                job.item,
                from_store=False,
                failed=False,
                seconds=usage.duration,
                cost=answer.cost,
            )
        )


def told(error: ModelError) -> str:
    """The error in one line, with what mends it where the model knows."""
    return f"{error.what} ({error.fix})" if error.fix else error.what
