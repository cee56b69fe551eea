"""One suite, from its name to the verdict and the figures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.decide import Decision, decide
from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.evidence import STATUS_CODES, Budget, Evidence, Question, Status
from weighbridge.models.protocol import Model
from weighbridge.models.specs import open_model
from weighbridge.store import DEFAULT, Store, open_store
from weighbridge.suites.candidates import candidates_for
from weighbridge.tasks.suites import Figures, SuiteTask, figures_of, suite_task
from weighbridge.weighing.blocking import completed
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.checks import check_run
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.measure import Measured, measure
from weighbridge.weighing.progress import Progress
from weighbridge.weighing.weigh import DEFAULT_LIMITS, NO_BUDGET, weigh

SCHEMA = "weighbridge.suite/1"
PLAIN_QUESTION = Question()
FAILED = STATUS_CODES.index(Status.FAILED)


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """What came of one suite."""

    suite: SuiteTask
    protocol: str
    figures: Figures
    evidence: Evidence
    """What the figures rest on."""
    decision: Decision | None
    """None with one candidate, which is compared with nobody."""
    calls: int
    from_store: int
    dead: dict[str, str]
    """Candidates taken down in the middle, and why."""

    def to_builtins(self) -> dict[str, Any]:
        """Plain values for JSON."""
        suite = self.suite
        return {
            "schema": SCHEMA,
            "suite": suite.name,
            "title": suite.task.name,
            "protocol": self.protocol,
            "items": len(suite.task.items),
            "items_in_data": suite.whole,
            "shots": suite.shots,
            "data": {
                "dataset": suite.suite.data.dataset,
                "config": suite.suite.data.config,
                "split": suite.suite.data.split,
                "file": suite.found.path.name,
                "revision": suite.found.revision,
                "digest": suite.digest,
                "licence": suite.suite.licence,
            },
            "figures": msgspec.to_builtins(self.figures),
            "calls": {"made": self.calls, "from_store": self.from_store},
            "dead": self.dead,
            "notes": list(suite.notes),
            "decision": None if self.decision is None else msgspec.json.decode(self.decision.to_json()),
        }


@dataclass(frozen=True, slots=True)
class Terms:
    """What all suites of one call have in common."""

    question: Question = PLAIN_QUESTION
    budget: Budget = NO_BUDGET
    """Of each suite."""
    limits: Limits = DEFAULT_LIMITS
    everything: bool = False
    """Ask every model every item also where the comparison is decided before, for figures of the whole suite."""
    protocol: str | None = None
    temperature: float = 0.0
    repeats: int = 1
    max_tokens: int | None = None
    seed: int = 0
    currency: str = "USD"


PLAIN = Terms()


def run_suite(
    suite: SuiteTask | str,
    models: Sequence[Model | str],
    *,
    data: Sequence[str | Path] = (),
    limit: int | None = None,
    shots: int | None = None,
    terms: Terms = PLAIN,
    store: Store | str | Path | None = None,
    progress: Progress | None = None,
) -> SuiteRun:
    """Weigh `models` on a suite, and work out the suite's own figures.

    suite
        A name (``boolq``, ``mmlu/anatomy``), found on this machine as `tasks.suites.suite_task` says, or a
        `SuiteTask`; `data`, `limit` and `shots` are its arguments.
    models
        Specs such as ``"gguf:smollm2"``, or open models, which are closed. One is measured on every item; several are
        compared, and the comparison stops as soon as it is decided.
    store
        Where answers are kept: an open store, or its path.

    Raises `UsageError` for input that cannot be used, `WeighbridgeError` where the run fails.
    """
    seed = terms.seed
    made = (
        suite if isinstance(suite, SuiteTask) else suite_task(suite, data=data, limit=limit, seed=seed, shots=shots)
    )
    if isinstance(store, str | Path) or store is None:
        with open_store(DEFAULT if store is None else store) as opened:
            return run_suites([made], models, terms, store=opened, watching=lambda _: nullcontext(progress))[0]
    return run_suites([made], models, terms, store=store, watching=lambda _: nullcontext(progress))[0]


def run_suites(
    suites: Sequence[SuiteTask],
    models: Sequence[Model | str],
    terms: Terms = PLAIN,
    *,
    store: Store,
    watching: Callable[[SuiteTask], AbstractContextManager[Progress | None]] = lambda _: nullcontext(),
    told: Callable[[SuiteRun], None] = lambda _: None,
) -> list[SuiteRun]:
    """Several suites one after the other, with each model opened once; `told` is called as each one is done.

    Raises as `run_suite` does; all suites are checked before the first call.
    """
    if not models:
        raise UsageError("no model is named", fix="name one or more: -m gguf:smollm2")
    opened = [open_model(model) if isinstance(model, str) else model for model in models]
    for suite in suites:
        candidates = _candidates(suite, opened, terms)
        check_run(suite.task, candidates, Question(alpha=terms.question.alpha), terms.budget, least=1)
    halt = Halt()

    async def whole() -> list[SuiteRun]:
        done: list[SuiteRun] = []
        try:
            for suite in suites:
                with watching(suite) as progress:
                    found = await _run(suite, _candidates(suite, opened, terms), terms, store, progress, halt)
                done.append(found)
                told(found)
                if halt.reason == "interrupted":
                    break
                halt.reason = None  # a spent budget was that of one suite
        finally:
            await asyncio.gather(*{id(model): model.close() for model in opened}.values())
        return done

    return completed(whole, halt)


def _candidates(suite: SuiteTask, models: Sequence[Model], terms: Terms) -> tuple[Candidate, ...]:
    return candidates_for(
        suite,
        models,
        protocol=terms.protocol,
        temperature=terms.temperature,
        repeats=terms.repeats,
        max_tokens=terms.max_tokens,
    )


async def _run(
    suite: SuiteTask,
    candidates: tuple[Candidate, ...],
    terms: Terms,
    store: Store,
    progress: Progress | None,
    halt: Halt,
) -> SuiteRun:
    shared: dict[str, Any] = {
        "store": store,
        "budget": terms.budget,
        "seed": terms.seed,
        "limits": terms.limits,
        "progress": progress,
        "halt": halt,
    }
    way = next((one.protocol for one in candidates if one.protocol != "generate"), candidates[0].protocol)
    measured = None
    if terms.everything or len(candidates) < 2:
        measured = await measure(suite.task, candidates, question=terms.question, **shared)
        asked = measured.evidence.asked
        if not asked.any() or (measured.evidence.status[asked] == FAILED).all():
            why = "; ".join(f"{name}: {reason}" for name, reason in measured.dead.items()) or "every call failed"
            raise WeighbridgeError(
                f"{suite.name}: nothing was answered: {why}", fix="see that the model runs, and try again"
            )
    decision = None
    if len(candidates) > 1 and (measured is None or measured.complete):
        # After a measurement every answer is in the store: the race costs no call.
        run = await weigh(suite.task, candidates, terms.question, **shared)
        decision = decide(run, title=suite.task.name, currency=terms.currency)
        if measured is None:
            every = bool(run.evidence.asked.all())
            measured = Measured(run.evidence, run.calls_made, run.calls_from_store, every, run.dead)
    if measured is None:
        raise ValueError("a suite is measured or raced")
    return SuiteRun(
        suite=suite,
        protocol=way,
        figures=figures_of(suite, measured.evidence, alpha=terms.question.alpha),
        evidence=measured.evidence,
        decision=decision,
        calls=measured.calls,
        from_store=measured.from_store,
        dead=measured.dead,
    )
