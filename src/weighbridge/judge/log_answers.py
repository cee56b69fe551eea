"""Answers to be judged from other tools' logs."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.judge.answers import Answers, Cell, shown
from weighbridge.logs.log import Log


def answers_of(logs: Sequence[Log]) -> Answers:
    """The answers in `logs`; the first answer of each model to each item is taken.

    UsageError: two logs are of one model, or there is no answer in any.
    """
    texts: dict[Cell, str] = {}
    carried: dict[Cell, dict[str, str]] = {}
    questions: dict[str, str] = {}
    references: dict[str, str] = {}
    items: dict[str, None] = {}
    models: dict[str, None] = {}
    for log in logs:
        if log.model in models:
            raise UsageError(
                f"two logs are of {log.model!r}",
                where=str(log.path),
                fix="judge one of them at a time, or rename the model in one",
            )
        models.setdefault(log.model)
        for row in log.rows():
            cell = (log.model, row.item_id)
            if cell in texts or (row.answer is None and row.status is Status.OK):
                continue
            items.setdefault(row.item_id)
            texts[cell] = "" if row.status is Status.FAILED else shown(row.answer or "")
            question = row.question or row.prompt
            if question:
                questions.setdefault(row.item_id, question)
            if row.reference:
                references.setdefault(row.item_id, row.reference)
            more = {name: getattr(row, name) for name in ("cost", "latency", "tokens_in", "tokens_out", "cluster")}
            carried[cell] = {name: str(value) for name, value in more.items() if value is not None}
            if row.status is not Status.OK:
                carried[cell]["status"] = row.status.value
            if log.side != "unknown":
                carried[cell]["side"] = log.side
    where = ", ".join(dict.fromkeys(str(log.path) for log in logs))
    if not texts:
        raise UsageError("the logs hold no answers", where=where, fix="name logs that keep the models' outputs")
    specs = {log.model: log.settings.model or log.model for log in logs}
    return Answers(where, tuple(items), tuple(models), texts, questions, references, carried, {}, specs)
