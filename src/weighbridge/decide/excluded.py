"""Who is not asked at all: candidates that fail a demand which needs no answer. No call is paid for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from weighbridge.decide.audited import audited
from weighbridge.decide.contradictions import check_terms
from weighbridge.decide.terms import Terms
from weighbridge.evidence import NOT_ASKED, Column, Evidence, Question
from weighbridge.stats.fixed.means import Floats
from weighbridge.stats.rules import Look, Outcome
from weighbridge.tasks.task import Task
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.field import Field
from weighbridge.weighing.ledger import side_of
from weighbridge.weighing.order import draw_order
from weighbridge.weighing.run import Run

ALONE = 100
"""Items that the only candidate left answers: nobody is there to race it, and its figures are wanted."""


def column_of(candidate: Candidate) -> Column:
    """The column of a candidate before it is asked anything."""
    return Column(
        name=candidate.name,
        side=side_of(candidate),
        spec=candidate.model.spec,
        simulated=candidate.model.simulated,
        prompt=candidate.prompt.name,
        facts=candidate.facts,
        policy=candidate.policy,
    )


def field_of(candidates: Sequence[Candidate], question: Question, terms: Terms) -> Field:
    """Who is asked under `terms`. Raises `UsageError` for demands that nobody here could meet.

    A recording costs no call, and is weighed even where it may not be chosen: it shows what a demand costs.
    """
    columns = tuple(column_of(candidate) for candidate in candidates)
    check_terms(terms, columns)
    excluded: dict[str, str] = {}
    for column in columns if terms.requirements.audited else ():
        if column.spec.startswith("recorded:"):
            continue
        findings = audited([terms.subject(column)], terms.requirements, terms.today, terms.audits)
        failed = [finding for finding in findings if finding.met == "not met"]
        if failed:
            says = (finding.statement.removeprefix(f"{column.name}: ") for finding in failed)
            pairs = zip(failed, says, strict=True)
            excluded[column.name] = "; ".join(f"{finding.dimension}: {text}" for finding, text in pairs)
    asked = tuple(column.name for column in columns if column.name not in excluded)
    left, note = _question_left(question, columns, excluded)
    return Field(asked, excluded, left, (note,) if note else ())


def _question_left(
    question: Question, columns: Sequence[Column], excluded: Mapping[str, str]
) -> tuple[Question, str | None]:
    """The question among those who are asked: without anybody to compare with, who is best among them."""
    if question.goal not in ("non_inferior", "superior"):
        return question, None
    named = question.reference
    references = [column.name for column in columns if (column.name == named if named else column.side == "closed")]
    if not references or not set(references) <= set(excluded):
        return question, None
    who = " and ".join(references)
    note = (
        f"{who} may not be used and was not asked, so that there is nobody to compare with: the question is who is "
        "best among the rest."
    )
    return msgspec.structs.replace(question, goal="best", reference=None), note


def nothing_asked(task: Task, question: Question, seed: int) -> Run:
    """The run in which nobody was asked; `with_everybody` adds who was not."""
    size = len(task.items)
    blank: Floats = np.full((0, size), np.nan)
    order = draw_order(size, None, question.claim, seed)
    evidence = Evidence(
        columns=(),
        items=tuple(item.id for item in task.items),
        order=order.items,
        score=blank,
        status=np.full((0, size), NOT_ASKED, dtype=np.uint8),
        cost=blank,
        latency=blank,
        first_token=blank,
        tokens_in=blank,
        tokens_out=blank,
        repeats=np.zeros(0, dtype=np.int64),
        within=blank,
    )
    nobody = Outcome("none", (), 0, np.zeros(0), (), (), False, None)
    return Run(evidence, question, nobody, (), "decided", seed, 0, 0, spent=0.0, spent_now=0.0)


def with_everybody(run: Run, candidates: Sequence[Candidate], field: Field) -> Run:
    """The run with a row of nothing for everybody who was not asked, in the order of the candidates."""
    run = replace(run, notes=(*run.notes, *field.notes))
    if not field.excluded:
        return run
    names = [candidate.name for candidate in candidates]
    place = {column.name: names.index(column.name) for column in run.evidence.columns}
    rows = [place[column.name] for column in run.evidence.columns]
    known = {column.name: column for column in run.evidence.columns}
    size = len(names)
    old = run.outcome
    out: list[str | None] = [f"not asked, because of its {_dimensions(field, name)}" for name in names]
    out_at: list[int | None] = [None] * size
    certified = np.full(size, np.nan)
    for position, row in enumerate(rows):
        out[row], out_at[row], certified[row] = old.out[position], old.out_at[position], old.certified[position]
    outcome = replace(
        old,
        winners=tuple(rows[index] for index in old.winners),
        leader=rows[old.leader] if rows else 0,
        certified=certified,
        out=tuple(out),
        out_at=tuple(out_at),
    )
    columns = tuple(known.get(one.name) or column_of(one) for one in candidates)
    return replace(
        run,
        evidence=_spread(run.evidence, columns, rows, [candidate.repeats for candidate in candidates]),
        outcome=outcome,
        looks=tuple(_look(look, rows, size) for look in run.looks),
    )


def _dimensions(field: Field, name: str) -> str:
    parts = field.excluded.get(name, "").split("; ")
    return " and ".join(dict.fromkeys(part.partition(":")[0] for part in parts if ":" in part)) or "requirements"


def _spread(evidence: Evidence, columns: tuple[Column, ...], rows: list[int], repeats: list[int]) -> Evidence:
    size, items = len(columns), len(evidence.items)

    def cells(table: Floats) -> Floats:
        wide: Floats = np.full((size, items), np.nan)
        wide[rows] = table
        return wide

    def texts(given: tuple[tuple[str | None, ...], ...] | None) -> tuple[tuple[str | None, ...], ...] | None:
        if given is None:
            return None
        wide: list[tuple[str | None, ...]] = [(None,) * items] * size
        for position, row in enumerate(rows):
            wide[row] = given[position]
        return tuple(wide)

    status = np.full((size, items), NOT_ASKED, dtype=np.uint8)
    status[rows] = evidence.status
    return replace(
        evidence,
        columns=columns,
        score=cells(evidence.score),
        status=status,
        cost=cells(evidence.cost),
        latency=cells(evidence.latency),
        first_token=cells(evidence.first_token),
        tokens_in=cells(evidence.tokens_in),
        tokens_out=cells(evidence.tokens_out),
        repeats=np.array(repeats, dtype=np.int64),
        within=cells(evidence.within),
        at_once=None if evidence.at_once is None else cells(evidence.at_once),
        answers=texts(evidence.answers),
        extracted=texts(evidence.extracted),
    )


def _look(look: Look, rows: list[int], size: int) -> Look:
    means, counts = np.full(size, np.nan), np.zeros(size, dtype=np.int64)
    alive = np.zeros(size, dtype=np.bool_)
    means[rows], counts[rows], alive[rows] = look.means, look.counts, look.alive
    return Look(look.drawn, means, counts, alive, rows[look.leader])
