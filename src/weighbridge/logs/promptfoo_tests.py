"""Tests of a promptfoo configuration: their variables, and the assertions that judge an answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.logs.promptfoo_files import Folder, read_text, read_yaml
from weighbridge.tasks.readers.delimited import read_delimited
from weighbridge.tasks.readers.lines_of_json import read_jsonl
from weighbridge.tasks.templates import Template

SCORERS: dict[str, dict[str, Any]] = {
    "equals": {"name": "exact", "normalize": []},
    "contains": {"name": "contains", "normalize": []},
    "icontains": {"name": "contains", "normalize": ["case"]},
    "contains-any": {"name": "contains", "normalize": []},
    "icontains-any": {"name": "contains", "normalize": ["case"]},
    "contains-all": {"name": "contains", "normalize": [], "require": "all"},
    "icontains-all": {"name": "contains", "normalize": ["case"], "require": "all"},
}
"""Assertions that name a right answer, as scorers; of several in one test the first in this order counts."""

MOST_TESTS = 100_000

_EXPECTED = re.compile(r"^__expected\d*$")
_SHORT = re.compile(r"^\s*([a-z][a-z-]*)(?:\(([\d.]+)\))?\s*:\s*(.*)$", re.S)


@dataclass(frozen=True, slots=True)
class Test:
    """One test: variables by name, and its assertions with those of `defaultTest`."""

    values: dict[str, Any]
    assertions: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What the assertions of all tests come to."""

    scorer: dict[str, Any]
    references: tuple[Any, ...]
    """The right answer of each test; None where it has none under `scorer`."""
    column: str
    """A name for the right answer that no variable has."""
    requirements: dict[str, float] = field(default_factory=dict)


def tests_of(given: object, default: object, folder: Folder, where: str, lost: list[str]) -> list[Test]:
    """Every test with the defaults filled in. UsageError where there is none."""
    base = default if isinstance(default, dict) else {}
    found: list[Test] = []
    for raw in _raw(given, folder, where, lost):
        own, shared = raw.get("vars"), base.get("vars")
        values = {**(shared if isinstance(shared, dict) else {}), **(own if isinstance(own, dict) else {})}
        values = {str(name): _loaded(value, folder, where, lost) for name, value in values.items()}
        assertions = [*_assertions(raw.get("assert"), lost), *_assertions(base.get("assert"), lost)]
        found += [Test(one, tuple(assertions)) for one in _each(values, MOST_TESTS - len(found), where)]
    if not found:
        raise UsageError(
            "the configuration has no tests", where=where, fix=" ".join(lost) or "state tests: with vars"
        )
    return found


def _each(values: dict[str, Any], room: int, where: str) -> list[dict[str, Any]]:
    """Every combination of the variables that hold lists, as promptfoo asks them."""
    lists = {name: value for name, value in values.items() if isinstance(value, list)}
    if prod(len(value) for value in lists.values()) > room:
        raise UsageError(
            f"lists of values make more than {MOST_TESTS:,} tests",
            where=where,
            fix="write the tests that are meant into a csv",
        )
    return [{**values, **dict(zip(lists, combination, strict=True))} for combination in product(*lists.values())]


def _raw(given: object, folder: Folder, where: str, lost: list[str]) -> Iterator[dict[str, Any]]:
    for one in given if isinstance(given, list) else [given]:
        if isinstance(one, dict) and "path" not in one:
            yield one
        elif isinstance(one, str):
            yield from _from_file(one, folder, where, lost)
        elif one is not None:
            lost.append("tests that a program makes: no program is run.")


def _from_file(reference: str, folder: Folder, where: str, lost: list[str]) -> Iterator[dict[str, Any]]:
    ending = Path(reference).suffix.lower()
    if ending not in (".csv", ".json", ".jsonl", ".yaml", ".yml"):
        lost.append(f"tests from {reference}: only csv, json, jsonl and yaml files are read.")
        return
    path = folder.file(reference, where)
    if ending == ".csv":
        for row in read_delimited(path, delimiter=None, encoding="utf-8").rows:
            yield _from_row(dict(row.fields), lost)
    elif ending == ".jsonl":
        for row in read_jsonl(path, encoding="utf-8").rows:
            yield dict(row.fields)
    else:
        found = read_yaml(path)
        for one in found if isinstance(found, list) else [found]:
            if isinstance(one, dict):
                yield one


def _from_row(cells: dict[str, Any], lost: list[str]) -> dict[str, Any]:
    """A row of a csv: columns are variables, ``__expected`` holds an assertion in short form."""
    assertions = [_short(str(cells[name])) for name in cells if _EXPECTED.match(name) and cells[name]]
    odd = [name for name in cells if name.startswith("__") and not _EXPECTED.match(name) and cells[name]]
    lost += [f"csv column {name}." for name in odd if name != "__description"]
    values = {name: value for name, value in cells.items() if not name.startswith("__")}
    return {"vars": values, "assert": assertions}


def _short(text: str) -> dict[str, Any]:
    """``contains: x`` and the like; any other text must be equalled."""
    found = _SHORT.match(text)
    kinds = {*SCORERS, "is-json", "similar", "llm-rubric", "grade", "regex", "javascript", "python", "fn", "eval"}
    kinds |= {"latency", "cost", "starts-with", "not-contains", "not-icontains", "not-equals", "not-regex"}
    if not found or found[1] not in kinds:
        return {"type": "equals", "value": text}
    value: Any = found[3]
    if found[1].endswith(("-any", "-all")):
        value = [part.strip() for part in value.split(",")]
    return {"type": found[1], "value": value, **({"threshold": float(found[2])} if found[2] else {})}


def _assertions(given: object, lost: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for one in given if isinstance(given, list) else []:
        if not isinstance(one, dict):
            lost.append("an assertion that is no mapping.")
        elif one.get("type") == "assert-set":
            lost.append("assert-set: its assertions count one by one, without its threshold.")
            found += _assertions(one.get("assert"), lost)
        else:
            found.append(one)
    return found


def _loaded(value: object, folder: Folder, where: str, lost: list[str]) -> Any:  # noqa: ANN401 - a variable's value
    """A variable; the content of the file it names, where that is a text."""
    if not isinstance(value, str) or not value.startswith("file://"):
        return value
    path = folder.file(value, where)
    if path.suffix.lower() not in (".txt", ".md", ".json", ".yaml", ".yml", ".csv"):
        lost.append(f"variable from {value}: only text files are read.")
        return value
    return read_text(path).strip()


def judged(tests: Sequence[Test], where: str, lost: list[str]) -> Judged:
    """The scorer most tests can be judged by, and each test's right answer. UsageError where no test names one."""
    mains = [
        next((kind for kind in SCORERS for one in test.assertions if one.get("type") == kind), None) for test in tests
    ]
    counts = Counter(kind for kind in mains if kind is not None)
    names = {name for test in tests for name in test.values}
    column = next(name for name in ("expected", "right_answer", "expected_answer", "_expected") if name not in names)
    if not counts:
        kinds = sorted({str(one.get("type")) for test in tests for one in test.assertions})
        raise UsageError(
            f"no assertion names a right answer; there are {', '.join(kinds) or 'none'}",
            where=where,
            fix=f"use one of {', '.join(SCORERS)}, or compare stored answers that a judge has marked",
        )
    kind = counts.most_common(1)[0][0]
    references = tuple(_reference(test, kind, where) for test in tests)
    without = sum(reference is None for reference in references)
    if without:
        lost.append(f"{without} of {len(tests)} tests: they have no {kind} assertion, and are left out.")
    used: Counter[str] = Counter()
    for test in tests:
        for one in test.assertions:
            if one.get("type") != kind:
                used[str(one.get("type"))] += 1
    requirements = _requirements(tests, lost)
    limits = {"latency": "latency_p95", "cost": "cost_per_1000"}
    lost += [
        f"assertion {name} ({count} {'time' if count == 1 else 'times'})."
        for name, count in used.items()
        if limits.get(name) not in requirements
    ]
    return Judged(dict(SCORERS[kind]), references, column, requirements)


def _reference(test: Test, kind: str, where: str) -> Any:  # noqa: ANN401 - a text or a list of texts
    """The value of the test's assertion of this kind, variables filled in."""
    value = next((one.get("value") for one in test.assertions if one.get("type") == kind), None)
    if isinstance(value, list):
        return [_filled(str(one), test, where) for one in value] or None
    return None if value is None else _filled(str(value), test, where)


def _filled(text: str, test: Test, where: str) -> str:
    return Template(text, f"{where}: assertion").render(test.values) if "{{" in text else text


def _requirements(tests: Sequence[Test], lost: list[str]) -> dict[str, float]:
    """Limits on latency and cost that every test has, as requirements; promptfoo holds each single answer to them."""
    found: dict[str, float] = {}
    for kind, name, factor in (("latency", "latency_p95", 0.001), ("cost", "cost_per_1000", 1000.0)):
        limits = [[one.get("threshold") for one in test.assertions if one.get("type") == kind] for test in tests]
        if not all(limits):
            continue
        known = {limit for of_test in limits for limit in of_test if isinstance(limit, int | float) and limit > 0}
        if len(known) == 1:
            found[name] = next(iter(known)) * factor
            what = "95 in 100 answers" if kind == "latency" else "the mean of all answers"
            lost.append(f"{kind}: the limit is on {what}, where promptfoo holds every single one to it.")
    return found
