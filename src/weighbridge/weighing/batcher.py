"""Gets answers in lots: claimed from what is on its way, sent where nothing is, followed until they are over."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence

from weighbridge.models.protocol import FATAL, ModelError
from weighbridge.models.remote.batch.lots import Lots, State, lots_of
from weighbridge.store import Answer, Store
from weighbridge.weighing.budget import Hold, Purse
from weighbridge.weighing.caller import Caller, told
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.job import Contender, Job
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.lot_log import Lot, LotLog, alone
from weighbridge.weighing.lot_results import Collected, collect
from weighbridge.weighing.lot_sending import Round, found_again, send
from weighbridge.weighing.progress import Batched, Retried

_LOST_LOOKS = 40
"""Looks in a row that fail before a lot is left to a later run; at a minute each."""


class Batcher:
    """One run's lots. `ask` may be used again and again, by one task at a time."""

    def __init__(self, limits: Limits, purse: Purse, store: Store, halt: Halt, caller: Caller) -> None:
        self._limits = limits
        self._purse = purse
        self._store = store
        self._halt = halt
        self._caller = caller
        self._log = LotLog(store)
        self._turned = asyncio.Event()
        self._holds: dict[str, tuple[Hold, Job]] = {}
        """Money set aside, by key."""
        self._lost: dict[str, tuple[ModelError, int]] = {}
        """Answers asked ahead that never came, and after how many attempts, by key."""
        self.sent = 0
        """Lots sent by this run."""
        self.left: list[str] = []
        """What must be said of lots that are still at a vendor when the run ends."""

    async def ask(self, jobs: Sequence[Job]) -> None:
        """Get every job's answer into the store, as far as budget, patience and Ctrl-C allow. Raises `StoreError`."""
        mine: dict[int, list[Job]] = {}
        for job in jobs:
            mine.setdefault(job.contender.index, []).append(job)
        tasks = [asyncio.create_task(self._serve(part[0].contender, part)) for part in mine.values()]
        try:
            with self._halt.heard_by(self._turned.set):
                if self._halt.reason:
                    self._turned.set()
                await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for hold, job in self._holds.values():
                # Still at the vendor, where it will be billed.
                self._purse.settle(hold, job.contender.bill.at_most(job.request, batched=True), certain=False)
            self._holds.clear()

    async def _serve(self, contender: Contender, jobs: Sequence[Job]) -> None:
        """All of one candidate's jobs, in as many lots as it takes."""
        lots = lots_of(contender.candidate.model)
        if lots is None:
            raise TypeError(f"{contender.candidate.name} is not asked in lots")
        left = {job.key.hex(): job for job in jobs}
        attempts: dict[str, int] = {}
        for key in left.keys() & self._lost.keys():
            job = left.pop(key)
            self._give_up(job, *self._lost.pop(key))
        while left and contender.down is None and not self._halt.reason:
            self._answered(left)
            try:
                claimed = await self._in_time(self._claim(contender, lots, left))
            except ModelError as error:
                if error.kind in FATAL or error.kind == "bad_request":
                    self._caller.take_down(contender, f"batch: {told(error)}")
                    return
                attempts[""] = attempts.get("", 0) + 1
                if attempts[""] >= self._limits.attempts:
                    self._caller.take_down(contender, f"no batch could be handed in; the last error: {told(error)}")
                    return
                await self._pause(self._caller.wait(error, attempts[""]))
                continue
            attempts.pop("", None)
            if not claimed and left:
                return
            found = await asyncio.gather(*(self._follow(contender, lots, lot, left) for lot in claimed))
            wait = 0.0
            for one in found:
                wait = max(wait, self._settled(one, left, attempts))
            if left and wait:
                await self._pause(wait)

    def _answered(self, left: dict[str, Job]) -> None:
        """Take out what another process, or a lot that was read on the way, brought into the store meanwhile."""
        found = self._store.get_many([job.key for job in left.values()])
        for name, job in list(left.items()):
            if job.key in found:
                job.answer, job.from_store = found[job.key], True
                if not job.ahead:
                    job.contender.count(found[job.key], from_store=True)
                del left[name]

    async def _claim(self, contender: Contender, lots: Lots, left: dict[str, Job]) -> list[Lot]:
        """The lots that will answer `left`: those on their way, and new ones for the rest. Raises ModelError."""
        async with alone(self._store, contender.candidate.model):
            claimed: list[Lot] = []
            rest = dict(left)
            for one in self._log.open(contender.candidate.model):
                lot = await self._known(lots, one)
                if lot is None:
                    continue
                keys = {order.key for order in self._log.orders(lot)}
                if keys.isdisjoint(left):
                    continue
                claimed.append(lot)
                for key in keys:
                    rest.pop(key, None)
            self._answered(rest)
            for name in [name for name, job in left.items() if job.over]:
                del left[name]
            if rest and not self._halt.reason:
                sending = Round(contender, lots, self._purse, self._halt, self._log, self._holds)
                new, refused = await send(sending, rest)
                self.sent += len(new)
                claimed += new
                for name, error in refused.items():
                    self._give_up(left.pop(name), error, 1)
            return claimed

    async def _known(self, lots: Lots, lot: Lot) -> Lot | None:
        """`lot` with the vendor's id; None where it never was sent. Raises ModelError."""
        if lot.step == "known":
            return lot
        if lot.step == "sent":
            found = await found_again(lots, self._log, lot)
            if found is not None:
                return found
        await self._log.step(lot.token, "over")
        return None

    async def _follow(self, contender: Contender, lots: Lots, lot: Lot, left: dict[str, Job]) -> Collected:
        """Wait for a lot, and bring its results into the store."""
        number = lost = 0
        state: State | None = None
        cancelled = 0.0
        loop = asyncio.get_running_loop()
        while True:
            try:
                state = await lots.format.state(lot.id or "")
                lost, patience = 0, 0.0
                if state.status == "failed":
                    await self._log.step(lot.token, "over")
                    return Collected(self._log.orders(lot), failed=state)
                if state.status == "ended":
                    return await collect(contender, lots, lot, state, self._store, self._log, left, self._accept)
            except ModelError as error:
                if error.status == 404:
                    await self._log.step(lot.token, "over")
                    return Collected(self._log.orders(lot), gone=True)
                lost += 1
                patience = error.retry_after or 0.0
                if error.kind in FATAL or lost >= _LOST_LOOKS:
                    self._caller.take_down(contender, f"batch {lot.id}: {told(error)}")
                    return Collected([])
            if state is not None:
                self._caller.tell(Batched(contender.index, lot.id or "", state.word, state.done, lot.size))
            if self._halt.reason:
                if not cancelled:
                    cancelled = loop.time() + await self._halted(contender, lots, lot)
                if loop.time() >= cancelled or self._halt.hurried:
                    return Collected([])
                await asyncio.sleep(min(0.5, lots.patience.first))
                continue
            await self._pause(max(patience, lots.patience.waits(number)))
            number += 1

    async def _halted(self, contender: Contender, lots: Lots, lot: Lot) -> float:
        """The run must stop: cancel the lot where the user said so. Returns how long its end is still waited for."""
        name = contender.candidate.name
        if self._halt.reason == "budget":
            self.left.append(
                f"{name}: batch {lot.id} ({lot.size:,} requests) is still at the vendor and will be billed; the same "
                "command fetches its answers"
            )
            return 0.0
        self.left.append(
            f"{name}: batch {lot.id} was cancelled; what was answered before that is billed, and the same command "
            "fetches it"
        )
        try:
            await lots.format.cancel(lot.id or "")
        except ModelError as error:
            self.left[-1] = f"{name}: batch {lot.id} could not be cancelled: {error.what}"
            return 0.0
        return self._limits.grace

    def _accept(self, job: Job | None, answer: Answer) -> None:
        """Settle one answer's money."""
        held = self._holds.pop(answer.key.hex(), None)
        if held is not None:
            hold, owner = held
            bill, usage = owner.contender.bill, answer.completion.usage
            cost = bill.cost(usage, None)
            known = cost is not None or bill.free
            most = bill.at_most(owner.request, batched=True)
            self._purse.settle(hold, (cost or 0.0) if known else most, certain=known)
            if self._purse.capped:
                bill.learn(owner.request, usage, 0.0, cost)
        if job is not None:
            job.answer = answer
            job.from_store = held is None
            if not job.ahead:
                self._caller.committed(job, answer)

    def _settled(self, found: Collected, left: dict[str, Job], attempts: dict[str, int]) -> float:
        """Take what a lot brought out of `left`; fail what must not be asked again. Returns how long to wait."""
        wait = 0.0
        missing = {order.key for order in found.orders} & left.keys()
        full = found.failed is not None and found.failed.kind == "rate_limit"
        for key in missing:
            job = left[key]
            if job.over:
                del left[key]
                continue
            held = self._holds.pop(key, None)
            if held is not None:
                self._purse.settle(held[0], 0.0)
            error = found.error(key, job.contender.source.model)
            if full:
                # The vendor's queue is full, maybe for hours: no attempt was made, and another is worth it.
                wait = self._full(job, error, wait, lots_of(job.contender.candidate.model))
                continue
            attempts[key] = attempts.get(key, 0) + 1
            if error.kind in FATAL or (found.failed is not None and not error.retryable):
                self._caller.take_down(job.contender, f"batch: {told(error)}")
                return 0.0
            if not error.retryable or attempts[key] >= self._limits.attempts:
                del left[key]
                self._give_up(job, error, attempts[key])
                continue
            job.contender.retries += 1
            wait = max(wait, self._caller.wait(error, attempts[key]))
        return wait

    def _full(self, job: Job, error: ModelError, wait: float, lots: Lots | None) -> float:
        """Seconds until a lot that had no room is handed in again; told once a lot."""
        if wait or lots is None:
            return wait
        contender = job.contender
        self._caller.tell(Retried(contender.index, job.item, 1, error.kind, error.what, lots.patience.most))
        return lots.patience.most

    async def _in_time(self, claiming: Coroutine[None, None, list[Lot]]) -> list[Lot]:
        """What `claiming` gives; where the run is stopped and it takes longer than the grace, nothing.

        A lot whose sending is broken off so is written down as sent, and the next run finds out whether it arrived.
        """
        task = asyncio.create_task(claiming)
        turned = asyncio.create_task(self._turned.wait())
        try:
            await asyncio.wait((task, turned), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                await asyncio.wait((task,), timeout=0.0 if self._halt.hurried else self._limits.grace)
            return task.result() if task.done() else []
        finally:
            turned.cancel()
            task.cancel()
            await asyncio.gather(task, turned, return_exceptions=True)

    def _give_up(self, job: Job, error: ModelError, attempts: int) -> None:
        """The answer never came. One that was asked ahead counts when the race wants it."""
        if job.ahead:
            self._lost[job.key.hex()] = (error, attempts)
        else:
            self._caller.failed(job, error, attempts)

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until the run is stopped."""
        try:
            async with asyncio.timeout(seconds):
                await self._turned.wait()
        except TimeoutError:
            return
