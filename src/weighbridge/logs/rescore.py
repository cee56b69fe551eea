"""Stored answers scored again with another scorer, without a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Finish, Status
from weighbridge.logs.log import Log, Row
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import Marker
from weighbridge.tasks.options import choices_of
from weighbridge.tasks.scorers import scorer_named

_FINISHES = {Status.TRUNCATED: Finish.LENGTH, Status.REFUSED: Finish.REFUSAL, Status.FAILED: Finish.ERROR}
"""How an answer ended, as far as the log's status tells; what that is worth is the scorer's affair."""


def rescored_logs(logs: Sequence[Log], name: str, settings: Mapping[str, Any] | None = None) -> list[Log]:
    """The logs with their answers scored by the scorer `name` (as in a project file, with its `settings`).

    The scorer `choice` without options takes the references that occur in the logs as options, as in a project.
    UsageError: an unknown scorer or setting; and, when rows are read, an item whose answer or reference is not in the
    log or cannot be used.
    """
    given = dict(settings or {})
    if name == "choice" and not given.keys() & {"choices", "columns"}:
        options = choices_of([Item("", {}, reference=text) for text in _references(logs)])
        if options is None or len(options) < 2:
            raise UsageError(
                "the references in these logs are not a handful of options to choose from",
                where="rescore",
                fix="name the options: --rescore-set choices=A,B,C",
            )
        given["choices"] = options
    marker, key = scorer_named(name, given, where="rescore")
    return [_rescored(log, marker, key) for log in logs]


def _references(logs: Sequence[Log]) -> list[str]:
    return list(dict.fromkeys(row.reference for log in logs for row in log.rows() if row.reference is not None))


def _rescored(log: Log, marker: Marker, key: str) -> Log:
    def rows() -> Iterator[Row]:
        for row in log.rows():
            yield _marked(row, log, marker)

    # What the log reported, and could not read, was about the scores it came with.
    settings = msgspec.structs.replace(log.settings, scorer=key, metric=None)
    return replace(log, rows=rows, settings=settings, reported={}, notes=())


def _marked(row: Row, log: Log, marker: Marker) -> Row:
    fields = {**row.meta, "question": row.question or "", "prompt": row.prompt or row.question or ""}
    item = Item(row.item_id, fields, reference=row.reference, cluster=row.cluster, meta=row.meta)
    if marker.needs_reference:
        if row.reference is None:
            raise UsageError(
                f"item {row.item_id!r} cannot be scored again: the log has no reference answer for it",
                where=str(log.path),
                fix="choose a scorer that needs none, or import the references as a table with a column reference",
            )
        marker.check([item], str(log.path))
    if row.answer is None and row.status is not Status.FAILED:
        raise UsageError(
            f"item {row.item_id!r} cannot be scored again: the log has no answer for it",
            where=str(log.path),
            fix="name a log that keeps the answers",
        )
    finish = _FINISHES.get(row.status, Finish.STOP)
    score = marker(item, Completion(row.answer or "", finish, error=row.error))
    return msgspec.structs.replace(row, score=score.value, status=score.status, extracted=score.extracted)
