"""What can be wrong with a run before its first call."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.errors import UsageError
from weighbridge.evidence import Budget, Question
from weighbridge.store import key_of
from weighbridge.tasks.task import Task
from weighbridge.weighing.answering import check_answering
from weighbridge.weighing.bill import check_budget
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.job import Contender


def check_run(
    task: Task, candidates: Sequence[Candidate], question: Question, budget: Budget, *, least: int = 2
) -> None:
    """Raise `UsageError` for a run that cannot answer its question, or has fewer than `least` candidates."""
    if not task.items:
        raise UsageError(f"the task {task.name!r} has no items", fix="give it at least one row of data")
    if len(candidates) < least:
        raise UsageError(
            f"there is nothing to compare: {len(candidates)} candidate",
            where="candidates",
            fix="name at least two; a rule of your own (`python:module.function`) makes a good baseline",
        )
    names = [candidate.name for candidate in candidates]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            f"two candidates are named {twice!r}", where="candidates", fix="give each candidate a name of its own"
        )
    for candidate in candidates:
        if candidate.repeats < 1:
            raise UsageError(
                f"candidate {candidate.name!r} has repeats: {candidate.repeats}",
                where=f"candidates: {candidate.name}",
                fix="ask each item at least once: `repeats: 1`",
            )
        check_answering(candidate)
    if not 0 < question.alpha < 1:
        raise UsageError(
            f"alpha is {question.alpha}: an error probability lies between 0 and 1",
            where="question: alpha",
            fix="0.05 is usual",
        )
    check_budget(budget, list(candidates))


def check_alike(task: Task, contenders: Sequence[Contender]) -> None:
    """Raise `UsageError` where two candidates would ask the same model the same thing in the same way."""
    item = task.items[0]
    seen: dict[bytes, str] = {}
    for contender in contenders:
        candidate = contender.candidate
        key = key_of(candidate.model, contender.request(candidate.prompt.render(item), item, 0))
        other = seen.setdefault(key, candidate.name)
        if other != candidate.name:
            raise UsageError(
                f"the candidates {other!r} and {candidate.name!r} are alike: same model, prompt and settings",
                where=f"candidates: {candidate.name}",
                fix="change the model, prompt or decoding settings of one of them, or take it out; for several "
                "answers per item use `repeats:`",
            )
