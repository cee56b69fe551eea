"""One result of promptfoo as a row: what was asked, answered, asserted and paid."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from weighbridge.evidence import Status
from weighbridge.logs.log import Row

ERROR = 2
"""`failureReason` of a result whose provider failed; 1 is an assertion that does not hold."""

_VARIABLE = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)")
_COMPARED = ("equals", "iequals", "contains", "icontains", "starts-with", "similar", "levenshtein", "factuality")
"""Assertions whose value is a right answer, by how well it stands for one."""


class Provider(msgspec.Struct, frozen=True, rename="camel"):
    id: str = ""
    label: str | None = None


class RenderedPrompt(msgspec.Struct, frozen=True, rename="camel"):
    raw: str = ""
    label: str = ""


class Result(msgspec.Struct, frozen=True, rename="camel"):
    """One cell of promptfoo's table, as far as it is read."""

    prompt_idx: int
    test_idx: int
    success: bool
    vars: dict[str, Any] = {}
    score: float | None = None
    named_scores: dict[str, float | None] = {}
    provider: Provider = Provider()
    prompt: RenderedPrompt = RenderedPrompt()
    grading_result: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    test_case: dict[str, Any] = {}
    error: str | None = None
    failure_reason: int = 0
    latency_ms: float | None = None
    cost: float | None = None


def row_of(result: Result, item: str, repeat: int, metric: str, shown: Sequence[str] | None) -> Row:
    """The row of `result` under the metric ``pass``, ``score`` or a named one.

    `shown`: the variables that prompts show, which make the question; None: those that stand in this very prompt.
    A latency read from a cache is no latency, and a cost that no provider stated is not 0.
    """
    response = result.response or {}
    cached = response.get("cached") is True
    broken = result.failure_reason == ERROR or (result.error is not None and result.grading_result is None)
    score = _score(result, metric, broken)
    usage = response.get("tokenUsage")
    tokens = usage if isinstance(usage, dict) and usage.get("prompt") else {}
    names = shown if shown is not None else _standing_in(result)
    latency = None if cached or broken or result.latency_ms is None else result.latency_ms / 1000
    return Row(
        item_id=item,
        repeat=repeat,
        score=score,
        status=_status(response, broken, score),
        question=_question(result.vars, names),
        prompt=result.prompt.raw or None,
        reference=_reference(result),
        answer=None if broken else _plain(response.get("output")),
        cost=None if broken else _number(response.get("cost")),
        latency=latency,
        tokens_in=_whole(tokens.get("prompt")),
        tokens_out=_whole(tokens.get("completion")),
        meta=_meta(result, names),
        error=result.error if broken else None,
    )


def _score(result: Result, metric: str, broken: bool) -> float | None:
    if broken:
        return 0.0
    if not _components(result):
        # Without an assertion promptfoo passes everything: that is no score.
        return None
    if metric == "pass":
        return 1.0 if result.success else 0.0
    value = result.score if metric == "score" else result.named_scores.get(metric)
    return value if value is not None and 0 <= value <= 1 else None


def _status(response: dict[str, Any], broken: bool, score: float | None) -> Status:
    if broken:
        return Status.FAILED
    if score == 0.0 and response.get("isRefusal") is True:
        return Status.REFUSED
    if score == 0.0 and response.get("finishReason") in ("length", "max_tokens"):
        return Status.TRUNCATED
    return Status.OK


def _components(result: Result) -> list[dict[str, Any]]:
    found = (result.grading_result or {}).get("componentResults")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _reference(result: Result) -> str | None:
    """The value of the assertion that compares with a right answer, as promptfoo rendered it."""
    values: dict[str, str] = {}
    for component in _components(result):
        assertion = component.get("assertion")
        if not isinstance(assertion, dict) or assertion.get("type") not in _COMPARED:
            continue
        metadata = component.get("metadata")
        rendered = metadata.get("renderedAssertionValue") if isinstance(metadata, dict) else None
        value = rendered if rendered is not None else assertion.get("value")
        if isinstance(value, str | int | float) and "{{" not in str(value):
            values.setdefault(str(assertion["type"]), str(value))
    return next((values[kind] for kind in _COMPARED if kind in values), None)


def inputs_of(templates: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """Those of the variables `names` that some template shows; all of them where none does."""
    known = list(dict.fromkeys(names))
    used = {name for template in templates for name in _VARIABLE.findall(template)}
    return tuple(name for name in known if name in used) or tuple(known)


def _standing_in(result: Result) -> tuple[str, ...]:
    right = _reference(result)
    # The right answer often stands in the prompt too, among the options.
    asked = {name: text for name, value in result.vars.items() if (text := _plain(value)) and text != right}
    return tuple(name for name, text in asked.items() if text in result.prompt.raw) or tuple(asked)


def _question(values: dict[str, Any], names: Sequence[str]) -> str | None:
    texts = {name: text for name in names if (text := _plain(values.get(name))) is not None}
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "\n".join(f"{name}: {text}" for name, text in texts.items()) or None


def _meta(result: Result, shown: Sequence[str]) -> dict[str, str]:
    """Variables that no prompt shows, and the test's own metadata."""
    own = result.test_case.get("metadata")
    pairs = {**{name: value for name, value in result.vars.items() if name not in shown}}
    pairs |= own if isinstance(own, dict) else {}
    return {name: str(value) for name, value in pairs.items() if isinstance(value, str | int | float)}


def provider_name(result: Result) -> str:
    return result.provider.label or result.provider.id or f"provider {result.prompt_idx}"


def scorer_of(result: Result) -> str:
    """The assertions of a test: their types, and a digest of all they say before variables are filled in."""
    assertions = [component.get("assertion") for component in _components(result)]
    known = [one for one in assertions if isinstance(one, dict)]
    kinds = ", ".join(dict.fromkeys(str(one.get("type")) for one in known))
    digest = hashlib.sha256(msgspec.json.encode(known, order="deterministic")).hexdigest()[:12]
    return f"{kinds} ({digest})" if known else "no assertion"


def _plain(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
