"""One call of the command: what is missing is asked, a look that is over is compared, and everything is kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec

from weighbridge import __version__
from weighbridge.drifting.anchors import Anchored, anchored
from weighbridge.drifting.coming import Coming, coming_calls
from weighbridge.drifting.compared import compared
from weighbridge.drifting.record import enter, record_of, subject_of
from weighbridge.drifting.result import Drift, Stopped
from weighbridge.drifting.telling import findings_of, told_of
from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Budget, Question
from weighbridge.store import Store
from weighbridge.tasks.task import Task
from weighbridge.weighing.budget import Purse
from weighbridge.weighing.caller import Caller
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.checks import check_alike, check_run
from weighbridge.weighing.contenders import contenders_for
from weighbridge.weighing.halt import Halt, interruptible
from weighbridge.weighing.job import Job
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.order import cluster_numbers, draw_order
from weighbridge.weighing.progress import Progress, silent
from weighbridge.weighing.ready import made_ready
from weighbridge.weighing.weigh import DEFAULT_LIMITS, NO_BUDGET


def may_change(candidate: Candidate) -> bool:
    """Whether somebody else could change the model: it is served; no rule, record or weights on this machine.

    Simulated models count, for trying things out.
    """
    model = candidate.model
    if model.simulated:
        return True
    return not model.capabilities.needs_item and (
        "://" in model.endpoint or model.endpoint.startswith("anyllm:") or model.side == "closed"
    )


def chosen(candidates: Sequence[Candidate], names: Sequence[str]) -> tuple[list[Candidate], int]:
    """Whom to look at, and how many models could change in all. Raises `UsageError` where there is nobody."""
    known = {candidate.name: candidate for candidate in candidates}
    for name in names:
        if name not in known:
            raise UsageError(f"there is no candidate {name!r}", where="--candidate", fix=nearest(name, known))
        if not may_change(known[name]):
            raise UsageError(
                f"nobody can change the model of {name!r} behind your back: {known[name].model.spec} runs on this "
                "machine",
                where=f"candidates: {name}",
                fix="look at candidates that are served to you",
            )
    watched = [candidate for candidate in candidates if may_change(candidate)]
    if not watched:
        raise UsageError(
            "no candidate is served by anybody else: rules, records and weights on this machine change only when you "
            "change them",
            where="candidates",
            fix="name a candidate that is served: a vendor's model, or a server's address",
        )
    return [one for one in watched if not names or one.name in names], len(watched)


async def watch(
    task: Task,
    candidates: Sequence[Candidate],
    question: Question,
    *,
    store: Store,
    names: Sequence[str] = (),
    anchors: int | None = None,
    renew: bool = False,
    ask: bool = True,
    budget: Budget = NO_BUDGET,
    seed: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    currency: str = "USD",
    progress: Progress | None = None,
    halt: Halt | None = None,
    told: Callable[[Coming], None] | None = None,
) -> Drift:
    """Ask the anchors again, and say whether the models behind the candidates have changed since.

    The first call keeps answers (those of a run that are in the store already, else new ones); every further one is a
    look. `names` chooses candidates, `anchors` how many items (50), `renew` keeps new answers and counts looks anew,
    ``ask=False`` makes no call and tells what is known. `question` gives alpha, and the draw order with `seed`.
    `told` hears what is about to be asked before anything is spent. A call that the budget, Ctrl-C or a kill ends is
    gone on with by the next.

    Raises `UsageError` where the anchors are not what they were, `StoreError` where an answer cannot be written.
    """
    if renew and not ask:
        raise UsageError("new answers can only be kept by asking", where="--renew", fix="leave --no-calls out")
    check_run(task, candidates, Question(alpha=question.alpha), budget, least=1)
    picked, watched = chosen(candidates, names)
    halt = halt or Halt()
    with interruptible(halt):
        ready = await made_ready(picked, store)
        contenders = contenders_for(task.name, ready, msgspec.structs.replace(limits, versions="allow"))
        check_alike(task, contenders)
        order = draw_order(len(task.items), cluster_numbers(task.items), question.claim, seed)
        now = time.time()
        every = [
            anchored(
                task,
                contender,
                record_of(store, subject_of(task.name, contender.candidate.name)),
                store,
                order,
                anchors=anchors,
                renew=renew,
                now=now,
            )
            for contender in contenders
        ]
        jobs = [one.jobs(task, store) for one in every]
        coming = coming_calls(task, every, jobs, order)
        if told is not None:
            told(coming)
        calls, spent = 0, 0.0
        stopped: Stopped = "no calls"
        if ask:
            for one in every:
                _open(one, store)
            purse = await _asked(jobs, store, budget, limits, seed, progress or silent, halt)
            calls, spent = purse.calls, purse.settled
            stopped = halt.reason if halt.reason in ("budget", "interrupted") else "done"
            for one, mine in zip(every, jobs, strict=True):
                _close(task, one, mine, store, watched, question.alpha)
    priced = all(one.contender.bill.known for one in every)
    tellings = tuple(told_of(one, store, watched, question.alpha, ask=ask) for one in every)
    return Drift(
        title=task.name,
        alpha=question.alpha,
        watched=watched,
        candidates=tellings,
        findings=findings_of(tellings),
        warnings=tuple(note for one in every for note in one.notes),
        calls=calls,
        planned_calls=coming.calls,
        planned=coming.money,
        spent=spent if priced else None,
        currency=currency,
        stopped=stopped,
        simulated=any(one.simulated for one in tellings),
        version=__version__,
    )


def _open(one: Anchored, store: Store) -> None:
    """Write down what is about to be done, before it is paid for."""
    if one.new_baseline:
        enter(store, one.record, "baseline", one.baseline)
    if one.new_look and one.look is not None:
        enter(store, one.record, "opened", one.look)


async def _asked(
    jobs: Sequence[Sequence[Job]],
    store: Store,
    budget: Budget,
    limits: Limits,
    seed: int,
    progress: Progress,
    halt: Halt,
) -> Purse:
    """Ask everything, the candidates in turn; `halt` says why it stopped early, if it did."""
    loop = asyncio.get_running_loop()
    purse = Purse(budget, loop.time())
    caller = Caller(limits, purse, store, halt, progress, seed)

    def minutes_up() -> None:
        purse.empty = "minutes"
        halt.call("budget")

    timer = loop.call_at(purse.ends, minutes_up) if purse.ends is not None else None
    longest = max((len(mine) for mine in jobs), default=0)
    in_turn = [mine[place] for place in range(longest) for mine in jobs if place < len(mine)]
    try:
        if in_turn:
            await caller.ask(in_turn)
    finally:
        if timer is not None:
            timer.cancel()
    return purse


def _close(task: Task, one: Anchored, jobs: Sequence[Job], store: Store, watched: int, alpha: float) -> None:
    """Note what is complete. An answer that never came leaves its anchor out; one not yet asked for is waited for."""
    whole = one.contender.down is None and all(job.over for job in jobs)
    if not whole:
        return
    kept = store.get_many(key for row in one.keys(one.baseline.repeats) for key in row)
    if kept and not one.record.ready:
        enter(store, one.record, "ready")
    if one.look is None:
        return
    result = compared(task, one, one.look, store, watched, alpha)
    if result is not None:
        enter(store, one.record, "closed", result)
