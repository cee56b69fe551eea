"""Reads output items of OpenAI's hosted evals, as the API gave them: one log per run and model.

Three shapes: one item per line, an array of them, or the pages of the list endpoint (``{"object": "list", "data":
[...]}``). Read of each item: ``datasource_item`` and its id, ``results`` (the graders), ``run_id`` and ``sample``
(input, output, error, finish_reason, model, usage, temperature, top_p, max_completion_tokens, seed).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Status
from weighbridge.logs.json_document import document, head, lines, part
from weighbridge.logs.log import Log, Row, Settings

PASS = "pass"  # noqa: S105 - the name of a metric

REFERENCES = (
    *("ideal", "reference", "reference_answer", "correct_label", "expected", "expected_output", "ground_truth"),
    *("correct_answer", "answer", "label", "target", "output"),
)
"""Fields of a data row that hold the right answer, the first one there is taken."""

_OBJECT = re.compile(rb'"object"\s*:\s*"eval\.run\.output_item"')


class Said(msgspec.Struct, frozen=True):
    role: str | None = None
    content: Any = None


class Sample(msgspec.Struct, frozen=True):
    input: list[Said] = []
    output: list[Said] = []
    error: dict[str, Any] | None = None
    finish_reason: str | None = None
    model: str | None = None
    usage: dict[str, Any] | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_completion_tokens: int | None = None
    seed: int | None = None


class Grade(msgspec.Struct, frozen=True):
    name: str = ""
    passed: bool | None = None
    score: float | None = None
    type: str | None = None


class OutputItem(msgspec.Struct, frozen=True):
    run_id: str
    datasource_item_id: int | str
    datasource_item: dict[str, Any] = {}
    results: list[Grade] = []
    sample: Sample = Sample()
    eval_id: str | None = None
    status: str | None = None


class Page(msgspec.Struct, frozen=True):
    data: list[msgspec.Raw]


def is_hosted(path: Path) -> bool:
    """Whether `path` holds output items of a hosted run."""
    start = head(path)
    return start[:1] in (b"{", b"[") and _OBJECT.search(start) is not None


def read_hosted(path: Path, metric: str | None = None) -> list[Log]:
    """One log per run and model. `metric`: ``pass`` (None), or a grader's name. UsageError for another."""
    firsts: dict[tuple[str, str], OutputItem] = {}
    graders: dict[str, None] = {}
    for item in _items(path):
        firsts.setdefault(_key(item), item)
        graders |= dict.fromkeys(grade.name for grade in item.results)
    if metric is not None and metric != PASS and metric not in graders:
        raise UsageError(f"there is no grader {metric!r}", where=str(path), fix=nearest(metric, [PASS, *graders]))
    models = Counter(model for _, model in firsts)
    logs = []
    for (run, model), first in firsts.items():
        decoding = {
            name: value
            for name in ("temperature", "top_p", "max_completion_tokens", "seed")
            if (value := getattr(first.sample, name)) is not None
        }
        logs.append(
            Log(
                path=path,
                format="openai_evals",
                model=model if models[model] == 1 else f"{model} ({run})",
                rows=partial(_rows, path, (run, model), metric or PASS),
                settings=Settings(
                    task=first.eval_id,
                    model=model,
                    system_prompt=_text_of([said for said in first.sample.input if said.role == "system"]),
                    decoding=decoding,
                    scorer=", ".join(f"{grade.name} ({grade.type or 'grader'})" for grade in first.results) or None,
                    metric=metric or PASS,
                    tool="OpenAI hosted evals",
                    revision=run,
                ),
            )
        )
    return logs


def _key(item: OutputItem) -> tuple[str, str]:
    return item.run_id, item.sample.model or item.run_id


def _items(path: Path) -> Iterator[OutputItem]:
    """Every output item of the file, whichever of the three shapes it has."""
    start = head(path)
    if start.startswith(b"["):
        elements = document(path, list[msgspec.Raw])
        for number, raw in enumerate(elements, start=1):
            yield part(raw, OutputItem, f"{path}: item {number:,}")
        return
    if not _has_item_on_first_line(start):
        for number, raw in enumerate(document(path, Page).data, start=1):
            yield part(raw, OutputItem, f"{path}: item {number:,}")
        return
    for _, item in lines(path, OutputItem):
        yield item


def _has_item_on_first_line(start: bytes) -> bool:
    line = start.split(b"\n", 1)[0]
    page = re.search(rb'"data"\s*:\s*\[', start)
    found = _OBJECT.search(line)
    return found is not None and (page is None or page.start() > found.start())


def _rows(path: Path, key: tuple[str, str], metric: str) -> Iterator[Row]:
    times: Counter[str] = Counter()
    for item in _items(path):
        if _key(item) == key:
            name = str(item.datasource_item_id)
            yield _row(item, name, times[name], metric)
            times[name] += 1


def _row(item: OutputItem, name: str, repeat: int, metric: str) -> Row:
    sample = item.sample
    error = _error(sample)
    answer = _text_of(sample.output)
    score = 0.0 if error else _score(item, metric)
    status = Status.OK
    if error:
        status = Status.FAILED
    elif score == 0 and sample.finish_reason == "length":
        status = Status.TRUNCATED
    elif score == 0 and sample.finish_reason == "content_filter":
        status = Status.REFUSED
    usage = sample.usage or {}
    said = [said for said in sample.input if said.role not in ("system", "developer")]
    return Row(
        item_id=name,
        repeat=repeat,
        score=score,
        status=status,
        question=_text_of(said) or json.dumps(item.datasource_item, ensure_ascii=False),
        prompt="\n\n".join(f"{said.role}: {_plain(said.content)}" for said in sample.input) or None,
        reference=next(
            (_plain(item.datasource_item[key]) for key in REFERENCES if item.datasource_item.get(key)), None
        ),
        answer=answer,
        tokens_in=_whole(usage.get("prompt_tokens")),
        tokens_out=_whole(usage.get("completion_tokens")),
        meta={
            key: value for key, value in item.datasource_item.items() if isinstance(value, str) and len(value) <= 80
        },
        error=error,
    )


def _error(sample: Sample) -> str | None:
    """The API sends an error object with empty fields where there was none."""
    found = sample.error or {}
    code, message = found.get("code"), found.get("message")
    return ": ".join(str(one) for one in (code, message) if one) or None


def _score(item: OutputItem, metric: str) -> float | None:
    if metric == PASS:
        passed = [grade.passed for grade in item.results]
        return None if not passed or None in passed else float(all(passed))
    grade = next((one for one in item.results if one.name == metric), None)
    if grade is None:
        return None
    if grade.score is not None and 0 <= grade.score <= 1:
        return grade.score
    return None if grade.passed is None else float(grade.passed)


def _text_of(said: list[Said]) -> str | None:
    return "\n\n".join(text for one in said if (text := _plain(one.content))) or None


def _plain(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(one, dict) and isinstance(one.get("text"), str) for one in value):
        return "\n".join(one["text"] for one in value)
    return json.dumps(value, ensure_ascii=False)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
