"""Turns draw positions into scores: what is in the store is read, what is missing is asked, all in draw order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from weighbridge.evidence import Completion, Finish, Usage
from weighbridge.models.remote.batch.lots import lots_of
from weighbridge.stats.rules import Span
from weighbridge.store import Key, Store, key_of
from weighbridge.tasks.item import Message
from weighbridge.tasks.task import Task
from weighbridge.weighing.ahead import round_end
from weighbridge.weighing.answering import answer_read
from weighbridge.weighing.batcher import Batcher
from weighbridge.weighing.caller import Caller
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.job import Contender, Job
from weighbridge.weighing.ledger import Ledger, Marked
from weighbridge.weighing.marking import mark
from weighbridge.weighing.order import DrawOrder
from weighbridge.weighing.progress import Answered, Progress, silent

BATCH = 4096
"""Most answers looked up, asked and scored together; it bounds memory, not concurrency."""

Cell = tuple[int, int]
"""(candidate, draw position)."""


class Room:
    """Where candidates, store, scorer and ledger meet."""

    def __init__(
        self,
        task: Task,
        contenders: Sequence[Contender],
        order: DrawOrder,
        ledger: Ledger,
        store: Store,
        caller: Caller,
        batcher: Batcher,
        progress: Progress,
        halt: Halt,
    ) -> None:
        self._task = task
        self._contenders = contenders
        self._order = order
        self._ledger = ledger
        self._store = store
        self._caller = caller
        self._batcher = batcher
        self._progress = progress
        self._halt = halt
        self._place = {int(item): position for position, item in enumerate(order.items)}
        self.live = False
        """Ask live whoever is to be asked in lots: for a plan's few answers, which nobody waits a day for."""
        self.early: set[Key] = set()
        """Answers of this run's lots that the race has not wanted yet."""
        self.from_store = [0] * len(contenders)
        """Answers the ledger rests on that cost no call of this run, by candidate."""
        self.failed = [0] * len(contenders)
        """Answers that never came, by candidate."""
        self.failed_items = [0] * len(contenders)
        """Items for which no answer came at all, by candidate: they have no cost."""

    async def fetch(self, spans: Sequence[Span]) -> bool:
        """Have the items of `spans` scored. False where the run was halted before all were.

        A candidate that is taken down meanwhile is left as it is; the others are still completed.
        """
        wanted = [(span.candidate, *self._order.positions(span.start, span.stop)) for span in spans]
        for cells in self._batches(wanted):
            if not await self._settle(cells):
                return False
        for span in spans:
            if self._contenders[span.candidate].down is None:
                self._ledger.complete_units(span.candidate, span.start, span.stop)
        return True

    def stored(self, spans: Sequence[Span]) -> bool:
        """Whether the store holds every answer of `spans`."""
        wanted = [(span.candidate, *self._order.positions(span.start, span.stop)) for span in spans]
        for cells in self._batches(wanted):
            keys = {job.key for row in self._jobs(cells) for job in row}
            if len(self._store.get_many(keys)) < len(keys):
                return False
        return True

    def _batches(self, wanted: Sequence[tuple[int, int, int]]) -> Iterator[list[Cell]]:
        """Cells not yet scored, item by item with the candidates interleaved."""
        cells: list[Cell] = []
        if not wanted:
            return
        items = self._order.items
        asked = self._ledger.asked
        answers = 0
        for position in range(min(first for _, first, _ in wanted), max(last for _, _, last in wanted)):
            for candidate, first, last in wanted:
                if first <= position < last and not asked[candidate, items[position]]:
                    cells.append((candidate, position))
                    answers += self._contenders[candidate].candidate.repeats
            if answers >= BATCH:
                yield cells
                cells, answers = [], 0
        if cells:
            yield cells

    async def _settle(self, cells: Sequence[Cell]) -> bool:
        """Score these cells; False where some of a candidate that is up were not answered."""
        cells = [cell for cell in cells if self._contenders[cell[0]].down is None]
        rows = self._jobs(cells)
        missing = self._look_up([job for row in rows for job in row])
        if missing:
            await self._ask(missing)
        broken: set[int] = set()
        for (candidate, position), row in zip(cells, rows, strict=True):
            if candidate in broken or self._contenders[candidate].down is not None:
                continue
            for job in row:
                if job.twin is not None and not job.over:
                    job.answer, job.error, job.from_store = job.twin.answer, job.twin.error, True
            if all(job.over for job in row) and not any(_odd(job) for job in row):
                self._ledger.write(candidate, position, [self._marked(job) for job in row])
                self.failed_items[candidate] += all(job.answer is None for job in row)
                self.from_store[candidate] += sum(job.from_store for job in row)
                continue
            # What was answered beyond the gap is in the store; scoring it here would favour quick answers. Answers of
            # another version of the model are a gap as well.
            broken.add(candidate)
        return not broken

    async def _ask(self, missing: Sequence[Job]) -> None:
        """Live candidates call by call and the others in lots, side by side."""
        lots = [] if self.live else [job for job in missing if lots_of(job.contender.candidate.model) is not None]
        if not lots:
            await self._caller.ask(missing)
            return
        apart = {id(job) for job in lots}
        live = [job for job in missing if id(job) not in apart]
        ahead = self._ahead(lots)
        tasks = [asyncio.create_task(self._batcher.ask([*lots, *ahead]))]
        tasks += [asyncio.create_task(self._caller.ask(live))] if live else []
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.early.update(job.key for job in ahead if job.answer is not None and not job.from_store)

    def _ahead(self, lots: Sequence[Job]) -> list[Job]:
        """The rest of each round that `lots` begin, as far as the store has not its answers."""
        first: dict[int, int] = {}
        for job in lots:
            place = self._place[job.item]
            first[job.contender.index] = min(place, first.get(job.contender.index, place))
        there = {job.key for job in lots}
        ahead: list[Job] = []
        for candidate, begin in first.items():
            found = lots_of(self._contenders[candidate].candidate.model)
            end = begin if found is None else round_end(begin, found.first, len(self._order.items))
            end = min(end, begin + self._affordable(candidate))
            for row in self._jobs([(candidate, position) for position in range(begin, end)]):
                for job in row:
                    if job.key not in there:
                        there.add(job.key)
                        job.ahead = True
                        ahead.append(job)
        stored = self._store.get_many([job.key for job in ahead])
        return [job for job in ahead if job.key not in stored]

    def _affordable(self, candidate: int) -> int:
        """Items that a candidate's equal part of the calls that are left pays for."""
        left = self._caller.purse.calls_left
        up = sum(contender.down is None for contender in self._contenders)
        if left is None or not up:
            return len(self._order.items)
        return left // up // self._contenders[candidate].candidate.repeats

    def _jobs(self, cells: Sequence[Cell]) -> list[list[Job]]:
        """One row of jobs (repeats) per cell; a prompt that candidates share is rendered once per item."""
        rows: list[list[Job]] = []
        rendered: dict[int, tuple[Message, ...]] = {}
        at = -1
        for candidate, position in cells:
            contender = self._contenders[candidate]
            settings = contender.candidate
            index = int(self._order.items[position])
            item = self._task.items[index]
            if position != at:
                at = position
                rendered.clear()
            messages = rendered.get(id(settings.prompt))
            if messages is None:
                messages = rendered[id(settings.prompt)] = settings.prompt.render(item)
            row = []
            for repeat in range(settings.repeats):
                request = contender.request(messages, item, repeat)
                row.append(Job(contender, index, item.id, request, key_of(settings.model, request)))
            rows.append(row)
        return rows

    def _look_up(self, jobs: Sequence[Job]) -> list[Job]:
        """Fill in what the store holds; returns what must be asked, each question once."""
        found = self._store.get_many([job.key for job in jobs])
        asked: dict[bytes, Job] = {}
        quiet = self._progress is silent
        for job in jobs:
            answer = found.get(job.key)
            if answer is None:
                first = asked.setdefault(job.key, job)
                job.twin = None if first is job else first
                continue
            job.answer = answer
            # What this run's own lot brought before it was wanted is counted now.
            job.from_store = job.key not in self.early
            self.early.discard(job.key)
            job.contender.count(answer, from_store=job.from_store)
            if job.contender.versions.change is not None:
                self._halt.call("version changed")
            if not quiet:
                seconds = answer.completion.usage.duration
                self._progress(
                    Answered(job.contender.index, job.item, job.from_store, failed=False, seconds=seconds, cost=None)
                )
        return [job for job in asked.values() if job.contender.down is None]

    def _marked(self, job: Job) -> Marked:
        item = self._task.items[job.item]
        answer = job.answer
        if answer is None:
            completion = Completion("", Finish.ERROR, error=job.error)
            self.failed[job.contender.index] += 1
            return Marked(mark(self._task, item, completion), None, Usage(), None)
        completion = answer.completion
        cost = job.contender.cost_of(answer)
        if job.request.continuations is not None:
            completion = answer_read(job.contender.candidate, item, job.request, completion)
        return Marked(
            mark(self._task, item, completion), completion.text, job.contender.usage(completion.usage), cost
        )


def _odd(job: Job) -> bool:
    """Whether another version of the model gave the answer than gave the others."""
    return job.answer is not None and job.contender.versions.odd(job.answer.completion) is not None
