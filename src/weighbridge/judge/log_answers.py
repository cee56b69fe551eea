"""Answers to be judged from other tools' logs."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.judge.answers import Answers, Cell, shown
from weighbridge.logs.log import Log, Row
from weighbridge.logs.table import runs_of
from weighbridge.logs.table_items import Items


def answers_of(logs: Sequence[Log]) -> Answers:
    """The answers in `logs`, under the models and items that `weighbridge compare` would give them.

    Of several answers of a model to an item the first is taken. UsageError: there is no answer in any log.
    """
    items = Items()
    texts: dict[Cell, str] = {}
    carried: dict[Cell, dict[str, str]] = {}
    questions: dict[str, str] = {}
    references: dict[str, str] = {}
    specs: dict[str, str] = {}
    tasks: dict[str, set[str | None]] = {}
    for log in logs:
        tasks.setdefault(log.model, set()).add(log.settings.task)
    several = any(len(of_model) > 1 for of_model in tasks.values())
    for name, runs in runs_of(logs):
        items.open_log(name)
        specs[name] = runs[0].settings.model or runs[0].model
        for log in runs:
            prefix = f"{log.settings.task or log.path.stem}/" if several else ""
            for row in log.rows():
                item = items.ids[items.place(prefix + row.item_id, row.question)]
                if (name, item) in texts or (row.answer is None and row.status is Status.OK):
                    continue
                texts[name, item] = "" if row.status is Status.FAILED else shown(row.answer or "")
                carried[name, item] = _carried(row, log)
                question = row.question or row.prompt
                if question:
                    questions.setdefault(item, question)
                if row.reference:
                    references.setdefault(item, row.reference)
    where = ", ".join(dict.fromkeys(str(log.path) for log in logs))
    if not texts:
        raise UsageError("the logs hold no answers", where=where, fix="name logs that keep the models' outputs")
    answered = {item for _, item in texts}
    known = tuple(item for item in items.ids if item in answered)
    return Answers(where, known, tuple(specs), texts, questions, references, carried, {}, specs)


def _carried(row: Row, log: Log) -> dict[str, str]:
    values = {name: getattr(row, name) for name in ("cost", "latency", "tokens_in", "tokens_out", "cluster")}
    found = {name: str(value) for name, value in values.items() if value is not None}
    if row.status is not Status.OK:
        found["status"] = row.status.value
    if log.side != "unknown":
        found["side"] = log.side
    return found
