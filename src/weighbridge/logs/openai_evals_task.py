"""Turns the samples of an OpenAI eval (``{"input": ..., "ideal": ...}`` a line) into a Weighbridge project."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.logs.imported_task import ITEMS, ImportedTask
from weighbridge.logs.json_document import lines

SCORERS: dict[str, tuple[dict[str, Any], str | None]] = {
    "match": (
        {"name": "exact", "normalize": ["whitespace"]},
        "Match accepts an answer that begins with an ideal; here the whole answer must be one.",
    ),
    "includes": ({"name": "contains", "normalize": []}, None),
    "fuzzy_match": (
        {"name": "token_f1"},
        "FuzzyMatch calls an answer right where it holds an ideal or an ideal holds it; here the score is F1.",
    ),
    "json_match": ({"name": "json"}, None),
}
"""Eval classes as scorers, and what differs."""

PLACEHOLDERS = ("http://127.0.0.1:8000/v1#MODEL", "http://127.0.0.1:8001/v1#MODEL")


class Sample(msgspec.Struct, frozen=True):
    """One line of a samples file."""

    input: str | list[dict[str, Any]]
    ideal: str | int | float | list[str | int | float]


def import_openai_evals(path: Path, kind: str = "match") -> ImportedTask:
    """The project of a samples file.

    kind
        The class that marks answers: ``match``, ``includes``, ``fuzzy_match`` or ``json_match``. Model-graded classes
        are none of these: they need a judge.

    A chat's system messages become the field ``system`` and its last user message ``question``; turns before it are
    shown in ``conversation``. Candidates are placeholders, as samples name no model.
    UsageError with the line: no samples, or a line without input or ideal.
    """
    if kind not in SCORERS:
        raise UsageError(f"there is no eval class {kind!r} here", where="kind", fix=nearest(kind, SCORERS))
    scorer, difference = SCORERS[kind]
    rows: list[dict[str, Any]] = []
    for number, sample in lines(path, Sample):
        row = _fields(sample.input, f"{path}:{number}")
        if kind == "json_match":
            _check_json(sample.ideal, f"{path}:{number}")
        rows.append({"id": f"sample-{len(rows)}", **row, "ideal": sample.ideal})
    if not rows:
        raise UsageError("the file holds no samples", where=str(path), fix='one {"input": ..., "ideal": ...} a line')
    shown = Counter(name for row in rows for name in ("system", "conversation") if row[name])
    prompt = {
        "user": "{{ conversation }}\n\nuser: {{ question }}\n\nassistant:"
        if shown["conversation"]
        else "{{ question }}"
    }
    if shown["system"]:
        prompt = {"system": "{{ system }}", **prompt}
    lost = [difference] if difference else []
    lost.append("models: samples name none; put yours in place of the two endpoints.")
    if shown["conversation"]:
        lost.append(
            f"{shown['conversation']} of {len(rows)} samples have turns before the question, shown as one text."
        )
    project: dict[str, Any] = {
        "name": path.stem if path.stem != "samples" else path.resolve().parent.name,
        "data": {"path": ITEMS, "id": "id", "reference": "ideal", "input": ["question"]},
        "prompt": prompt,
        "scorer": dict(scorer),
        "candidates": [{"name": f"model-{n}", "model": spec} for n, spec in enumerate(PLACEHOLDERS, start=1)],
    }
    return ImportedTask(project, tuple(rows), tuple(lost))


def _check_json(ideal: object, where: str) -> None:
    for one in ideal if isinstance(ideal, list) else [ideal]:
        try:
            json.loads(str(one))
        except (ValueError, RecursionError):
            raise UsageError(
                "the ideal is not JSON", where=where, fix="choose another class, for example match"
            ) from None


def _fields(given: str | list[dict[str, Any]], where: str) -> dict[str, str]:
    if isinstance(given, str):
        return {"system": "", "conversation": "", "question": given}
    turns = [(str(turn.get("role")), turn.get("content")) for turn in given]
    if not turns or not all(isinstance(content, str) for _, content in turns):
        raise UsageError(
            "input holds a message without a text", where=where, fix='{"role": "user", "content": "..."}'
        )
    system = "\n\n".join(str(content) for role, content in turns if role == "system")
    said = [(role, str(content)) for role, content in turns if role != "system"]
    if not said:
        # Many evals of the repository put the question itself into a lone system message.
        return {"system": "", "conversation": "", "question": system}
    before = "\n\n".join(f"{role}: {content}" for role, content in said[:-1])
    return {"system": system, "conversation": before, "question": said[-1][1]}
