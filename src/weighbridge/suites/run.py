"""One suite, from its name to the verdict and the figures."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.decide import Decision, decide
from weighbridge.errors import UsageError
from weighbridge.evidence import Budget, Evidence, Question
from weighbridge.models.protocol import Model
from weighbridge.store import DEFAULT, Store, open_store
from weighbridge.suites.candidates import candidates_for
from weighbridge.tasks.suites import Figures, SuiteTask, figures_of, suite_task
from weighbridge.weighing.blocking import completed
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.halt import Halt
from weighbridge.weighing.limits import Limits
from weighbridge.weighing.measure import measure
from weighbridge.weighing.progress import Progress
from weighbridge.weighing.weigh import DEFAULT_LIMITS, NO_BUDGET, weigh

SCHEMA = "weighbridge.suite/1"


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


def run_suite(
    suite: SuiteTask | str,
    models: Sequence[Model | str],
    *,
    data: Sequence[str | Path] = (),
    limit: int | None = None,
    shots: int | None = None,
    protocol: str | None = None,
    temperature: float = 0.0,
    repeats: int = 1,
    max_tokens: int | None = None,
    question: Question | None = None,
    budget: Budget = NO_BUDGET,
    limits: Limits = DEFAULT_LIMITS,
    everything: bool = False,
    seed: int = 0,
    store: Store | str | Path | None = None,
    currency: str = "USD",
    progress: Progress | None = None,
) -> SuiteRun:
    """Weigh `models` on a suite, and work out the suite's own figures.

    suite
        A name (``boolq``, ``mmlu/anatomy``), found on this machine as `tasks.suites.suite_task` says, or a
        `SuiteTask`; `data`, `limit` and `shots` are its arguments.
    models
        Specs such as ``"gguf:smollm2"``, or open models. One is measured on every item; several are compared, and the
        comparison stops as soon as it is decided.
    everything
        Ask every model every item all the same, so that the figures are those of the whole suite.
    protocol
        ``generate``, ``choice`` or ``loglikelihood``, where the suite offers it.

    Raises `UsageError` for input that cannot be used, `WeighbridgeError` where the run fails.
    """
    made = (
        suite if isinstance(suite, SuiteTask) else suite_task(suite, data=data, limit=limit, seed=seed, shots=shots)
    )
    if not models:
        raise UsageError("no model is named", where=made.name, fix="name one or more: -m gguf:smollm2")
    candidates = candidates_for(
        made, models, protocol=protocol, temperature=temperature, repeats=repeats, max_tokens=max_tokens
    )
    asked = question or Question()
    if isinstance(store, str | Path) or store is None:
        with open_store(DEFAULT if store is None else store) as opened:
            return _run(made, candidates, asked, budget, limits, everything, seed, opened, currency, progress)
    return _run(made, candidates, asked, budget, limits, everything, seed, store, currency, progress)


def _run(
    suite: SuiteTask,
    candidates: tuple[Candidate, ...],
    question: Question,
    budget: Budget,
    limits: Limits,
    everything: bool,
    seed: int,
    store: Store,
    currency: str,
    progress: Progress | None,
) -> SuiteRun:
    halt = Halt()
    shared: dict[str, Any] = {
        "store": store,
        "budget": budget,
        "seed": seed,
        "limits": limits,
        "progress": progress,
        "halt": halt,
    }
    way = next((one.protocol for one in candidates if one.protocol != "generate"), candidates[0].protocol)

    async def whole() -> SuiteRun:
        try:
            measured = None
            if everything or len(candidates) < 2:
                measured = await measure(suite.task, candidates, question=question, **shared)
            decision, run = None, None
            if len(candidates) > 1 and (measured is None or measured.complete):
                # After a measurement every answer is in the store: the race costs no call.
                run = await weigh(suite.task, candidates, question, **shared)
                decision = decide(run, title=suite.task.name, currency=currency)
            evidence = measured.evidence if measured is not None else run.evidence if run is not None else None
            if evidence is None:
                raise UsageError("nothing was asked", where=suite.name, fix="name a model")
            return SuiteRun(
                suite,
                way,
                figures_of(suite, evidence, alpha=question.alpha),
                evidence,
                decision,
                measured.calls if measured is not None else run.calls_made if run is not None else 0,
                measured.from_store if measured is not None else run.calls_from_store if run is not None else 0,
                measured.dead if measured is not None else run.dead if run is not None else {},
            )
        finally:
            await asyncio.gather(*{id(one.model): one.model.close() for one in candidates}.values())

    return completed(whole, halt)
