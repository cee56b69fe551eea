"""One run from the first draw to the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.evidence import Budget, Column, Question
from weighbridge.stats.race import Race
from weighbridge.stats.rules import Look, Outcome, Rules, Span
from weighbridge.store import Store
from weighbridge.tasks.task import Task
from weighbridge.weighing.answering import answering_of
from weighbridge.weighing.asking import level_costs, rules_for
from weighbridge.weighing.batcher import Batcher
from weighbridge.weighing.budget import Purse
from weighbridge.weighing.caller import Caller
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.checks import check_alike
from weighbridge.weighing.contenders import contenders_for, price_note
from weighbridge.weighing.foretold import foretold_money
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.ledger import Ledger, side_of
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.order import cluster_numbers, draw_order
from weighbridge.weighing.progress import Ended, LookDone, Progress, Spent, Started
from weighbridge.weighing.room import Room
from weighbridge.weighing.run import Run, Stopped
from weighbridge.weighing.telling import told
from weighbridge.weighing.versions import version_findings

PILOT = 8
"""Units drawn for every candidate before a question that needs measured costs, and for a plan."""


class Course:
    """Everything one run holds; made in a running event loop."""

    def __init__(
        self,
        task: Task,
        candidates: Sequence[Candidate],
        question: Question,
        budget: Budget,
        store: Store,
        seed: int,
        limits: Limits,
        progress: Progress,
        halt: Halt,
    ) -> None:
        self.task = task
        self.candidates = candidates
        self.question = question
        self.seed = seed
        self.names = [candidate.name for candidate in candidates]
        self.sides = [side_of(candidate) for candidate in candidates]
        self.contenders = contenders_for(task.name, candidates, limits)
        self._plain_rules: Rules | None = None
        if question.goal != "pareto":
            self._plain_rules = rules_for(question, self.names, self.sides)
        check_alike(task, self.contenders)
        cluster = cluster_numbers(task.items)
        self.order = draw_order(len(task.items), cluster, question.claim, seed)
        self.ledger = Ledger(task, candidates, self.order, cluster)
        self.store = store
        self._budget = budget
        self._halt = halt
        self._progress = progress
        self._priced = all(contender.bill.known for contender in self.contenders)
        self._began = asyncio.get_running_loop().time()
        self.purse = Purse(budget, self._began)
        self.caller = Caller(limits, self.purse, store, halt, progress, seed)
        self.batcher = Batcher(limits, self.purse, store, halt, self.caller)
        self.room = Room(
            task, self.contenders, self.order, self.ledger, store, self.caller, self.batcher, progress, halt
        )
        self._looks: list[Look] = []
        self._gone: set[int] = set()

    async def run(self) -> Run:
        """Race until it is decided, or nothing more can be paid for."""
        self._tell_start()
        loop = asyncio.get_running_loop()
        ends = self.purse.ends
        timer = loop.call_at(ends, self._minutes_up) if ends is not None else None
        try:
            race, stopped = await self._race()
        finally:
            if timer is not None:
                timer.cancel()
        outcome = race.outcome()
        columns = await self._columns()
        run = self._result(
            columns, outcome, stopped or ("pool exhausted" if outcome.kind == "undecided" else "decided")
        )
        self._progress(Ended(run.stopped, run.seconds or 0.0, self.spent()))
        return run

    async def first(self, units: int) -> Run:
        """Ask every candidate the first `units` draws, and no race: nothing is stopped early, nothing is claimed."""
        self._tell_start()
        ends = self.purse.ends
        timer = asyncio.get_running_loop().call_at(ends, self._minutes_up) if ends is not None else None
        try:
            whole = await self.room.fetch(self.spans(0, units))
        finally:
            if timer is not None:
                timer.cancel()
        size = len(self.candidates)
        nobody = (None,) * size
        open_ = Outcome("undecided", (0,), 0, np.ones(size), nobody, nobody, units >= self.order.units, None)
        if whole:
            counts = np.array([units if one.down is None else 0 for one in self.contenders], dtype=np.int64)
            means = np.array([self.ledger.values[k, :n].mean() if n else np.nan for k, n in enumerate(counts)])
            look = Look(units, means, counts, counts > 0, 0)
            tallies = tuple(one.tally() for one in self.contenders)
            self._progress(LookDone(look, None, tallies, self.spent(), self.ledger.values))
        stopped: Stopped = "pool exhausted" if whole else self._halt.reason or "budget"
        run = self._result(await self._columns(), open_, stopped)
        self._progress(Ended("all asked" if whole else run.stopped, run.seconds or 0.0, self.spent()))
        return run

    def _minutes_up(self) -> None:
        self.purse.empty = "minutes"
        self._halt.call("budget")

    async def _race(self) -> tuple[Race, Stopped | None]:
        rules = await self._rules()
        race = Race(candidates=len(self.candidates), units=self.order.units, rules=rules)
        while not race.finished:
            spans = race.wanted()
            whole = await self.room.fetch(spans)
            lost = [
                index for index, c in enumerate(self.contenders) if c.down is not None and index not in self._gone
            ]
            if lost:
                self._gone.update(lost)
                if not self._contested(rules):
                    return race, "candidates down"
                for index in lost:
                    race = race.without(index, self.contenders[index].down or "")
                continue
            if not whole:
                return race, self._halt.reason or "budget"
            for span in spans:
                race.feed(span.candidate, self.ledger.values[span.candidate, span.start : span.stop])
            if rules.goal == "pareto":
                race.price(self._level_costs())
            look = race.step()
            self._looks.append(look)
            self._progress(
                LookDone(
                    look,
                    race.outcome() if race.finished else None,
                    tuple(contender.tally() for contender in self.contenders),
                    self.spent(),
                    self.ledger.values,
                )
            )
        return race, None

    async def _rules(self) -> Rules:
        """The race's rules; a Pareto question first measures what everybody costs on the first draws."""
        if self._plain_rules is not None:
            return self._plain_rules
        await self.room.fetch(self.spans(0, min(PILOT, self.order.units)))
        return self.rules_from_pilot()

    def rules_from_pilot(self) -> Rules:
        """The race's rules, with the costs measured until now where the question needs them."""
        if self._plain_rules is not None:
            return self._plain_rules
        unknown = [c.candidate.name for c in self.contenders if c.answers and not self.ledger.costs(c.index).size]
        if unknown:
            raise UsageError(
                f"a pareto question needs the cost of every candidate, and that of {', '.join(map(repr, unknown))} "
                "is not known",
                where="question: goal",
                fix="state a `price:` there (`per_request: 0` where it is free; a price per token needs a server "
                "that reports its usage), or ask for `best`",
            )
        return rules_for(self.question, self.names, self.sides, costs=self._level_costs())

    def _level_costs(self) -> list[float]:
        """Mean costs so far, alike where they cannot be told apart; NaN for a candidate that never answered."""
        return level_costs([self.ledger.costs(contender.index) for contender in self.contenders])

    def _contested(self, rules: Rules) -> bool:
        """Whether there is still something to compare. Raises where that was so from the beginning."""
        up = {index for index in range(len(self.candidates)) if index not in self._gone}
        if rules.challengers or rules.references:
            contested = bool(up & set(rules.challengers)) and bool(up & set(rules.references))
        else:
            contested = len(up) > 1
        if contested:
            return True
        mute = {index for index in self._gone if not self.contenders[index].answers}
        if mute and (mute == self._gone or not up):
            reasons = "; ".join(f"{self.names[index]!r} {self.contenders[index].down}" for index in sorted(mute))
            raise WeighbridgeError(
                f"nothing is left to compare: {reasons}",
                where=", ".join(self.contenders[index].source.model for index in sorted(mute)),
                fix="see that the model is running and reachable under this spec, with its key and name, and run "
                "again: answers that came are kept and cost nothing",
            )
        return False

    def spans(self, start: int, stop: int) -> list[Span]:
        """The same draws for every candidate that is up."""
        return [Span(contender.index, start, stop) for contender in self.contenders if contender.down is None]

    def spent(self) -> Spent:
        """What this run used of its budget until now."""
        return self.purse.spent(asyncio.get_running_loop().time(), priced=self._priced)

    def _tell_start(self) -> None:
        self._progress(
            Started(
                names=tuple(self.names),
                sides=tuple(self.sides),
                simulated=tuple(candidate.model.simulated for candidate in self.candidates),
                repeats=tuple(candidate.repeats for candidate in self.candidates),
                question=self.question,
                budget=self._budget,
                seed=self.seed,
                items=len(self.task.items),
                units=self.order.units,
                unit=self.order.unit,
            )
        )

    async def _columns(self) -> tuple[Column, ...]:
        """Who was asked, how, and what they were told."""
        columns = self.ledger.columns([price_note(contender) for contender in self.contenders])
        # Whoever interrupted a run wants to go, and does not wait for engines to show what they read.
        ask = self._halt.reason != "interrupted"
        heard = await asyncio.gather(
            *(told(self.task, one, self.order, self.ledger, self.store, ask=ask) for one in self.contenders)
        )
        return tuple(
            replace(
                column,
                answering=answering_of(self.task, contender.candidate, reading),
                told=texts,
                versions=tuple(contender.versions.versions),
            )
            for contender, column, (texts, reading) in zip(self.contenders, columns, heard, strict=True)
        )

    def _result(self, columns: tuple[Column, ...], outcome: Outcome, stopped: Stopped) -> Run:
        evidence = self.ledger.evidence(columns)
        repeats = evidence.repeats
        asked = evidence.asked.sum(axis=1)
        money = 0.0
        known = True
        for index in range(len(self.candidates)):
            costs = self.ledger.costs(index)
            money += float(costs.sum()) * int(repeats[index])
            known = known and costs.size + self.room.failed_items[index] >= asked[index]
        return Run(
            evidence=evidence,
            question=self.question,
            outcome=outcome,
            looks=tuple(self._looks),
            stopped=stopped,
            seed=self.seed,
            calls_made=int((asked * repeats).sum()),
            calls_exhaustive=int(repeats.sum()) * len(self.task.items),
            calls_from_store=sum(self.room.from_store),
            retries=self.caller.retries,
            spent=money if known else None,
            planned=self._foretold(stopped),
            price_sources={
                one.candidate.name: one.candidate.price_source
                for one in self.contenders
                if one.candidate.price_source is not None
            },
            spent_now=self.purse.settled if self._priced else None,
            seconds=asyncio.get_running_loop().time() - self._began,
            dead={
                contender.candidate.name: contender.down
                for contender in self.contenders
                if contender.down is not None
            },
            notes=tuple(self._notes()),
            findings=version_findings(self.contenders),
        )

    def _foretold(self, stopped: Stopped) -> float | None:
        """What a plan from the first draws said; a run that was cut short is held against none."""
        if self._plain_rules is None or stopped not in ("decided", "pool exhausted"):
            return None
        repeats = [candidate.repeats for candidate in self.candidates]
        return foretold_money(self.ledger, self._plain_rules, self.order, repeats, PILOT)

    def _notes(self) -> list[str]:
        """What the reader of the verdict should know about how the answers came."""
        notes = [
            f"{contender.candidate.name} was taken down: {contender.down}"
            for contender in self.contenders
            if contender.down is not None
        ]
        for index, contender in enumerate(self.contenders):
            failed = self.room.failed[index]
            if failed and contender.down is None:
                notes.append(
                    f"{contender.candidate.name}: {failed} answers never came and count as failed; they are not "
                    "stored, so that running again asks for them again"
                )
        notes += self.batcher.left
        if self.room.early:
            notes.append(
                f"{len(self.room.early):,} answers were asked ahead in batches and not needed: they are paid and "
                "kept, and cost nothing in a later run"
            )
        notes += [note for one in self.contenders if (note := one.versions.note()) is not None]
        if self.caller.unretried:
            notes.append(
                f"the retry budget was spent: {self.caller.unretried} answers were given up without another attempt"
            )
        if self._priced and not self.purse.exact:
            notes.append(
                "some calls did not report their usage or may have been billed in part: spending is an upper bound"
            )
        if self.purse.empty == "money":
            left = (self._budget.money or 0.0) - self.purse.settled
            notes.append(
                f"the budget of money was reached: {left:.3g} is left, and the next call may cost "
                f"{self.purse.refused:.3g} at worst (a lower `max_tokens` lowers that)"
            )
        elif self.purse.empty:
            notes.append(f"the budget of {self.purse.empty} was reached")
        return notes
