"""The project file that would run a comparison again, with its items, and its answers where they are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from weighbridge.decide import Decision
from weighbridge.errors import UsageError
from weighbridge.evidence import NOT_ASKED, STATUS_CODES, Completion, Evidence, Status
from weighbridge.logs.rows_out import utf8
from weighbridge.logs.whole_file import write_whole
from weighbridge.tasks import Item, scorer_named

STORED = "stored"
"""`Column.spec` of scores that came from a file or a log."""

HEADER = """\
# Runs the comparison again: weighbridge run {name}
# The questions are those of the {items:,} items; the prompt shows them as they stand.
"""
RECORDED = """\
# recorded: gives back the answers that were compared, and no model is called. To ask a model afresh, put its spec in
# the place of recorded:..., for example http://127.0.0.1:8000/v1#MODEL.
"""
TRIED = ("exact", "choice", "numeric", "contains")
"""Scorers that are held against the stored scores, the strictest first."""

MOST_CHOICES = 50

MOST_TRIED = 2_000
"""Answers that decide on the scorer."""

ENOUGH = 0.99
"""Share of the stored scores that a scorer must give again to be named."""

UNKNOWN_SCORER = """\
# No scorer is named, and it is found from the references. None of {tried} gives the stored scores again: name the one
# that marked the answers.
"""


def write_project(decision: Decision, path: Path) -> None:
    """Writes the project to `path`, and beside it ``STEM-items.jsonl`` and the stored answers.

    UsageError where the evidence has no questions or no references, or a stored model no answers: then nothing could
    be asked, marked or given back.
    """
    import yaml

    evidence = decision.evidence
    if evidence is None:
        raise UsageError(
            "a decision read from JSON has no evidence", where=str(path), fix="export from the comparison"
        )
    lacking = [
        what
        for what, there in (("questions", evidence.questions), ("references", evidence.references))
        if there is None or not any(there)
    ]
    stored = [k for k, column in enumerate(evidence.columns) if column.spec in (STORED, "")]
    if stored and evidence.answers is None:
        lacking.append("answers")
    if lacking:
        raise UsageError(
            f"the comparison cannot be run again: it holds no {' and no '.join(lacking)}",
            where=str(path),
            fix="compare logs that keep them, or a table with the columns question, reference and answer",
        )
    items, answers = path.with_name(f"{path.stem}-items.jsonl"), path.with_name(f"{path.stem}-answers.jsonl")
    write_whole(items, _lines(_items(evidence)))
    if stored:
        write_whole(answers, _lines(_answers(evidence, stored)))
    scorer = scorer_of(evidence)
    tree = {
        "name": decision.title or path.stem,
        "data": _data(evidence, items.name),
        "prompt": {"user": "{{ question }}"},
        **({"scorer": scorer} if scorer else {}),
        "candidates": [_candidate(evidence, k, answers.name) for k in range(len(evidence.columns))],
        "question": {
            key: value for key, value in msgspec.to_builtins(decision.question).items() if value is not None
        },
        "seed": decision.seed,
        "currency": decision.cost.currency,
    }
    text = yaml.safe_dump(_clean(tree), sort_keys=False, allow_unicode=True, width=110)
    head = HEADER.format(name=path.name, items=len(evidence.items)) + (RECORDED if stored else "")
    head += "" if scorer else UNKNOWN_SCORER.format(tried=", ".join(TRIED))
    write_whole(path, head + text)


def scorer_of(evidence: Evidence) -> str | None:
    """The scorer that, without settings, gives the stored scores of the answers again; None where none does."""
    cells = [
        (n, answers[n] or "", float(evidence.score[k, n]))
        for k, answers in enumerate(evidence.answers or ())
        for n in range(len(evidence.items))
        if answers[n] and evidence.asked[k, n] and int(evidence.status[k, n]) == 0
    ][:MOST_TRIED]
    references = evidence.references or ()
    for name in TRIED:
        settings = {"choices": sorted(set(references))} if name == "choice" else {}
        if name == "choice" and not 2 <= len(settings["choices"]) <= MOST_CHOICES:
            continue
        scorer, _ = scorer_named(name, settings)
        same = 0
        for n, answer, score in cells:
            try:
                given = scorer(Item(evidence.items[n], {}, references[n]), Completion(answer)).value
            except UsageError:
                # The scorer cannot use this reference (a numeric one, of a word).
                break
            same += abs(given - score) < 1e-9
        if cells and same >= ENOUGH * len(cells):
            return name
    return None


def _data(evidence: Evidence, name: str) -> dict[str, Any]:
    data: dict[str, Any] = {"path": name, "id": "id", "reference": "reference", "input": ["question"]}
    if evidence.cluster is not None:
        data["cluster"] = "cluster"
    if evidence.meta:
        data["meta"] = [_meta_name(key) for key in evidence.meta]
    return data


def _meta_name(key: str) -> str:
    return f"meta_{key}" if key in ("id", "question", "reference", "cluster") else key


def _items(evidence: Evidence) -> list[dict[str, Any]]:
    questions, references = evidence.questions or (), evidence.references or ()
    rows = []
    for n, item in enumerate(evidence.items):
        row: dict[str, Any] = {"id": item, "question": questions[n], "reference": references[n]}
        if evidence.cluster is not None:
            row["cluster"] = f"c{int(evidence.cluster[n])}"
        rows.append(row | {_meta_name(key): values[n] for key, values in evidence.meta.items()})
    return rows


def _answers(evidence: Evidence, stored: list[int]) -> list[dict[str, Any]]:
    rows = []
    texts = evidence.answers or ()
    for k in stored:
        for n, item in enumerate(evidence.items):
            code = int(evidence.status[k, n])
            if code == NOT_ASKED:
                continue
            row: dict[str, Any] = {"item_id": item, "model": evidence.columns[k].name, "answer": texts[k][n] or ""}
            figures = {"latency": evidence.latency, "cost": evidence.cost}
            figures |= {"tokens_in": evidence.tokens_in, "tokens_out": evidence.tokens_out}
            row |= {name: float(table[k, n]) for name, table in figures.items() if table[k, n] >= 0}
            if STATUS_CODES[code] == Status.FAILED or texts[k][n] is None:
                row["error"] = "no answer is kept"
            elif STATUS_CODES[code] == Status.TRUNCATED:
                row["finish"] = "length"
            rows.append(row)
    return rows


def _candidate(evidence: Evidence, k: int, answers: str) -> dict[str, Any]:
    column = evidence.columns[k]
    spec = f"recorded:{answers}#{column.name}" if column.spec in (STORED, "") else column.spec
    made: dict[str, Any] = {"name": column.name, "model": spec, "side": column.side}
    if int(evidence.repeats[k]) > 1 and column.spec not in (STORED, ""):
        made["repeats"] = int(evidence.repeats[k])
    return made


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(msgspec.json.encode(_clean(row)) + b"\n" for row in rows)


def _clean(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, dict):
        return {utf8(key): _clean(each) for key, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list | tuple) else value
