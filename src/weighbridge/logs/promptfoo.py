"""Reads promptfoo's ``results.json`` (version 3) and ``results.jsonl``: one log per provider and prompt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.logs.json_document import document, first_line, head, lines, part
from weighbridge.logs.log import Log, Reader, Row, Settings
from weighbridge.logs.promptfoo_rows import Result, inputs_of, provider_name, row_of, scorer_of

PASS = "pass"  # noqa: S105 - the name of a metric
"""The metric promptfoo counts: 1 where every assertion held."""


class Prompt(msgspec.Struct, frozen=True, rename="camel"):
    """One column of promptfoo's table: a prompt with a provider."""

    raw: str = ""
    label: str = ""
    provider: str = ""
    metrics: dict[str, Any] = {}


class Results(msgspec.Struct, frozen=True, rename="camel"):
    version: int = 0
    timestamp: str | None = None
    prompts: list[Prompt] = []
    results: list[msgspec.Raw] = []


class Document(msgspec.Struct, frozen=True, rename="camel"):
    results: Results
    config: dict[str, Any] = {}
    metadata: dict[str, Any] | None = None
    runtime_options: dict[str, Any] | None = None


class Place(msgspec.Struct, frozen=True, rename="camel"):
    """Where a result stands in the table."""

    prompt_idx: int
    test_idx: int


class Asked(msgspec.Struct, frozen=True, rename="camel"):
    """What makes a result's test the same as another's."""

    test_idx: int
    vars: msgspec.Raw = msgspec.Raw(b"{}")
    test_case: msgspec.Raw = msgspec.Raw(b"{}")


_FROM_FILE = re.compile(r"^([\w./-]+\.\w{1,5}): ")
_VERSION = re.compile(rb'"results"\s*:\s*\{\s*"version"\s*:\s*\d')


def recognise(path: Path) -> bool:
    """Whether `path` holds an evaluation that promptfoo wrote."""
    start = head(path)
    if not start.startswith(b"{"):
        return False
    if _VERSION.search(start) or (b'"evalId"' in start and b'"results"' in start):
        return True
    return _is_lines(path)


def _is_lines(path: Path) -> bool:
    return {"promptIdx", "testIdx", "vars", "success"} <= first_line(path).keys()


def read_promptfoo(path: Path, metric: str = PASS) -> list[Log]:
    """One log per provider and prompt.

    metric
        ``pass``: 1 where every assertion held, as promptfoo counts. ``score``: its weighted mean of assertion scores.
        Else the name of a metric that assertions carry (``metric:``).

    A repeated test (``--repeat``) is one item with repeats. UsageError: not version 3, damaged, or no such metric.
    """
    return _read_lines(path, metric) if _is_lines(path) else _read_document(path, metric)


def _read_document(path: Path, metric: str) -> list[Log]:
    found = document(path, Document)
    if found.results.version != 3:
        raise UsageError(
            f"this is version {found.results.version} of promptfoo's results; version 3 is read",
            where=str(path),
            fix="promptfoo export eval ID --output results.json, with a promptfoo of 2024-11 or later",
        )
    prompts = found.results.prompts
    known = {PASS, "score"} | {name for prompt in prompts for name in prompt.metrics.get("namedScores") or {}}
    _check(metric, known, path)
    places = [part(raw, Place, f"{path}: result {n:,}") for n, raw in enumerate(found.results.results, start=1)]
    firsts: dict[int, Result] = {}
    for n, (raw, place) in enumerate(zip(found.results.results, places, strict=True), start=1):
        if place.prompt_idx not in firsts:
            firsts[place.prompt_idx] = part(raw, Result, f"{path}: result {n:,}")
    repeat = (found.runtime_options or {}).get("repeat") or (found.config.get("evaluateOptions") or {}).get("repeat")
    repeats = repeat if isinstance(repeat, int) and repeat > 0 else 1
    order = _repeats(found.results.results, repeats, path) if repeats > 1 else {}
    shown = inputs_of([prompt.raw for prompt in prompts], [name for one in firsts.values() for name in one.vars])
    version = (found.metadata or {}).get("promptfooVersion")
    names = _names({index: (first, _label(prompts, index, first)) for index, first in firsts.items()})
    logs = []
    for index in sorted(firsts):
        prompt = prompts[index] if 0 <= index < len(prompts) else Prompt()
        logs.append(
            Log(
                path=path,
                format="promptfoo",
                model=names[index],
                rows=partial(_document_rows, path, index, metric, order, shown),
                settings=Settings(
                    task=_text(found.config.get("description")),
                    model=firsts[index].provider.id,
                    prompt_template=prompt.raw or None,
                    decoding=_decoding(found.config, firsts[index]),
                    scorer=scorer_of(firsts[index]),
                    metric=metric,
                    tool=f"promptfoo {version}" if version else "promptfoo",
                    when=found.results.timestamp,
                ),
                reported=_reported(prompt.metrics),
            )
        )
    return logs


def _repeats(results: list[msgspec.Raw], repeats: int, path: Path) -> dict[int, tuple[int, int]]:
    """Item and repeat by `testIdx`, where each test was asked `repeats` times.

    A test whose variables hold lists is several, and promptfoo asks them all before it repeats them. So tests are
    told by content, and one that stands in the configuration twice fills one item after the other.
    """
    tests: dict[int, bytes] = {}
    for n, raw in enumerate(results, start=1):
        asked = part(raw, Asked, f"{path}: result {n:,}")
        tests.setdefault(asked.test_idx, b"\n".join((bytes(asked.vars), bytes(asked.test_case))))
    times: Counter[bytes] = Counter()
    items: dict[tuple[bytes, int], int] = {}
    order = {}
    for index, key in sorted(tests.items()):
        round_of, repeat = divmod(times[key], repeats)
        order[index] = (items.setdefault((key, round_of), len(items)), repeat)
        times[key] += 1
    return order


def _document_rows(
    path: Path, index: int, metric: str, order: dict[int, tuple[int, int]], shown: tuple[str, ...]
) -> Iterator[Row]:
    found = document(path, Document)
    for n, raw in enumerate(found.results.results, start=1):
        where = f"{path}: result {n:,}"
        place = part(raw, Place, where)
        if place.prompt_idx == index:
            item, repeat = order.get(place.test_idx, (place.test_idx, 0))
            yield row_of(part(raw, Result, where), str(item), repeat, metric, shown)


def _read_lines(path: Path, metric: str) -> list[Log]:
    """Lines keep no templates and no options: equal tests are taken as repeats of one."""
    firsts: dict[int, Result] = {}
    items: dict[tuple[int, int], tuple[str, int]] = {}
    seen: dict[bytes, str] = {}
    times: Counter[tuple[int, str]] = Counter()
    known = {PASS, "score"}
    for _, result in lines(path, Result):
        firsts.setdefault(result.prompt_idx, result)
        known |= result.named_scores.keys()
        key = msgspec.json.encode([result.vars, result.test_case.get("assert")], order="deterministic")
        item = seen.setdefault(key, str(result.test_idx))
        items[result.prompt_idx, result.test_idx] = (item, times[result.prompt_idx, item])
        times[result.prompt_idx, item] += 1
    _check(metric, known, path)
    names = _names({index: (first, first.prompt.label) for index, first in firsts.items()})
    return [
        Log(
            path=path,
            format="promptfoo",
            model=names[index],
            rows=partial(_line_rows, path, index, metric, items),
            settings=Settings(model=first.provider.id, scorer=scorer_of(first), metric=metric, tool="promptfoo"),
            notes=("json lines keep no prompt templates and no totals; results.json does.",),
        )
        for index, first in sorted(firsts.items())
    ]


def _line_rows(path: Path, index: int, metric: str, items: dict[tuple[int, int], tuple[str, int]]) -> Iterator[Row]:
    for _, result in lines(path, Result):
        if result.prompt_idx == index:
            item, repeat = items.get((index, result.test_idx), (str(result.test_idx), 0))
            yield row_of(result, item, repeat, metric, None)


def _check(metric: str, known: set[str], path: Path) -> None:
    if metric not in known:
        raise UsageError(f"no assertion carries the metric {metric!r}", where=str(path), fix=nearest(metric, known))


def _label(prompts: list[Prompt], index: int, first: Result) -> str:
    return prompts[index].label if 0 <= index < len(prompts) else first.prompt.label


def _names(columns: dict[int, tuple[Result, str]]) -> dict[int, str]:
    """The provider's name, and the prompt's label where a provider answered several prompts."""
    providers = Counter(provider_name(first) for first, _ in columns.values())
    names: dict[int, str] = {}
    for index, (first, label) in sorted(columns.items()):
        name = provider_name(first)
        if providers[name] > 1:
            name += f", {_short(label) or f'prompt {index + 1}'}"
        names[index] = name if name not in names.values() else f"{name} #{index}"
    return names


def _short(label: str) -> str | None:
    """A label to read: promptfoo calls a prompt from a file ``file: whole text``, a nameless one by its text."""
    named = _FROM_FILE.match(label)
    short = named[1] if named else " ".join(label.split())
    return None if short[:1] in "[{" else short if len(short) <= 40 else short[:39] + "…"


def _decoding(config: dict[str, Any], first: Result) -> dict[str, Any]:
    """Plain settings of the provider's ``config``, where the evaluation keeps it."""
    providers = config.get("providers")
    for provider in providers if isinstance(providers, list) else [providers]:
        if not isinstance(provider, dict):
            continue
        named = first.provider.label if provider.get("label") else first.provider.id
        if named in (provider.get("label"), provider.get("id")) and isinstance(provider.get("config"), dict):
            return {key: value for key, value in provider["config"].items() if isinstance(value, int | float | str)}
    return {}


def _reported(metrics: dict[str, Any]) -> dict[str, float]:
    """What promptfoo prints of this column: share passed, mean score, mean of each named metric."""
    counts = [metrics.get(name) for name in ("testPassCount", "testFailCount", "testErrorCount")]
    known = [float(count) if isinstance(count, int | float) else 0.0 for count in counts]
    total = sum(known)
    if not total:
        return {}
    reported = {PASS: known[0] / total}
    if isinstance(metrics.get("score"), int | float):
        reported["score"] = metrics["score"] / total
    sums, numbers = metrics.get("namedScores") or {}, metrics.get("namedScoresCount") or {}
    for name, value in sums.items():
        if isinstance(value, int | float) and isinstance(numbers.get(name), int | float) and numbers[name]:
            reported[name] = value / numbers[name]
    return reported


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


READER = Reader(
    name="promptfoo",
    title="promptfoo",
    looks_for='results.json with "evalId" and "results" of version 3, or results.jsonl with promptIdx and testIdx',
    recognise=recognise,
    read=read_promptfoo,
)
