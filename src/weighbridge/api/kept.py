"""What is kept of a run and can be decided again: a project's store, a decision in JSON, a table or logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from weighbridge.decide import SCHEMA, Decision
from weighbridge.decide.measured import column_again, evidence_from
from weighbridge.decide.settle import replayed
from weighbridge.errors import UsageError
from weighbridge.evidence import Question, Requirements, Side
from weighbridge.weighing.run import Run

if TYPE_CHECKING:
    from weighbridge.stats.rules import Outcome

LARGEST = 512 * 1024 * 1024
"""Bytes of a JSON report that are read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is to decide again."""

    run: Run
    requirements: Requirements
    """Those it was decided under."""
    title: str
    currency: str
    before: Decision | None = None
    """The decision it was read from, where it was one."""


def kept_project(file: str | Path, said: Mapping[str, Any] | None = None) -> Kept:
    """What a project's store holds of its run; whoever was not asked then has no scores.

    Raises `UsageError` where the store holds nothing of it.
    """
    from weighbridge.api.weighed import weigh_among
    from weighbridge.decide.terms import Terms
    from weighbridge.project.load import load_project
    from weighbridge.store import open_store

    project = load_project(file, said)
    terms = Terms(project.requirements, project.options.currency)
    with project.placing(), open_store(project.store) as store:
        run = weigh_among(
            project.task,
            project.candidates,
            project.question,
            terms,
            store=store,
            kept_only=True,
            limits=project.limits,
            seed=project.seed,
        )
    if not run.evidence.asked.any() and project.field.asked:
        raise UsageError(
            "the store holds no answer of this project, so that there is nothing to decide on",
            where=project.store,
            fix=f"weighbridge run {file}",
        )
    return Kept(run, project.requirements, project.task.name, project.options.currency)


def kept_report(file: str | Path) -> Kept:
    """What a decision in JSON holds. Raises `UsageError` for another file, and for one without its scores."""
    path = Path(file)
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError("the file is too large to be a decision", where=str(file), fix="name the JSON report")
        before = msgspec.json.decode(path.read_bytes(), type=Decision)
    except OSError as error:
        raise UsageError(f"cannot read the report: {error.strerror}", where=str(file), fix="check the path") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"this is no decision of Weighbridge: {str(error)[:200]}",
            where=str(file),
            fix="name a file that `weighbridge run --json FILE` wrote, a project file, or a table of scores",
        ) from None
    if before.schema != SCHEMA:
        raise UsageError(
            f"the decision is of form {before.schema!r}, and {SCHEMA!r} is read here",
            where=str(file),
            fix="write it again with this version: weighbridge run --json FILE",
        )
    if before.measured is None:
        raise UsageError(
            "this report leaves its scores out: it was written by an earlier version, or they were too many",
            where=str(file),
            fix="decide on the project file (its store has the answers) or on the table of scores",
        )
    return Kept(
        _run_of(before, str(file)), before.requirements or Requirements(), before.title, before.cost.currency, before
    )


def kept_scores(
    paths: Sequence[str | Path],
    question: Question | None = None,
    *,
    models: Sequence[str] | None = None,
    sides: Mapping[str, Side] | None = None,
    seed: int = 0,
) -> Kept:
    """Scores of a table, or of other tools' logs. Raises `UsageError` with file and line for what cannot be read."""
    from weighbridge.logs.recognise import recognise
    from weighbridge.logs.score_tables import may_be_table
    from weighbridge.weighing.stored import weigh_stored

    place = Path(paths[0])
    if len(paths) == 1 and (not place.exists() or (may_be_table(place) and recognise(place) is None)):
        from weighbridge.evidence.scores_file import load_scores

        stored = load_scores(str(place), models=models, sides=sides)
        evidence, notes = stored.evidence, tuple(stored.notes)
    else:
        from weighbridge.logs.gather import gather

        logs = gather(paths, models, None, None, None, sides or {}, "shared")
        evidence, notes = logs.evidence, tuple(logs.notes)
    run = weigh_stored(evidence, question or Question(), seed)
    title = ", ".join(Path(path).name for path in paths[:4]) + (", ..." if len(paths) > 4 else "")
    return Kept(replace(run, notes=(*notes, *run.notes)), Requirements(), title, "USD")


def _run_of(before: Decision, where: str) -> Run:
    """The run behind a decision: the same scores, raced again."""
    measured = before.measured
    if measured is None:  # told by `kept_report` already
        raise UsageError("this report leaves its scores out", where=where)
    columns = tuple(
        column_again(
            one.name,
            one.side,
            one.spec,
            simulated=one.simulated,
            prompt=one.prompt,
            facts=one.facts,
            policy=one.policy,
        )
        for one in before.candidates
    )
    if [one.name for one in measured.columns] != [column.name for column in columns]:
        raise UsageError("its scores are not those of its candidates", where=where, fix="write the report again")
    try:
        evidence = evidence_from(measured, columns, [one.repeats for one in before.candidates])
    except (ValueError, OverflowError) as error:
        raise UsageError(f"its scores are damaged: {error}", where=where, fix="write the report again") from None
    answering = {one.name: one.answering for one in before.candidates}
    known = tuple(replace(column, answering=answering[column.name]) for column in evidence.columns)
    run = Run(
        evidence=replace(evidence, columns=known),
        question=before.question,
        outcome=_nobody(len(columns)),
        looks=(),
        stopped=before.verdict.stopped or "stored",  # type: ignore[arg-type] # written from the same words
        seed=before.seed,
        calls_made=before.calls.made,
        calls_exhaustive=before.calls.exhaustive,
        calls_from_store=before.calls.made,
        spent=before.cost.spent,
        spent_now=0.0,
        price_sources=dict(before.cost.prices),
        seconds=before.seconds,
        dead={one.name: one.down for one in measured.columns if one.down is not None},
    )
    return replayed(run)


def _nobody(size: int) -> Outcome:
    import numpy as np

    from weighbridge.stats.rules import Outcome

    return Outcome("undecided", (), 0, np.full(size, np.nan), (None,) * size, (None,) * size, False, None)
