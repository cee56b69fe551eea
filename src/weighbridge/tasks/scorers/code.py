"""Code: the answer is a Python program that passes the item's tests, run in a sandbox."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from weighbridge.evidence import Completion, Score
from weighbridge.tasks.cell import Cell
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import ScorerSpec, unparsable
from weighbridge.tasks.normalise import as_text
from weighbridge.tasks.running.parsing import parsed


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `code`."""

    tests: Annotated[
        str | None,
        msgspec.Meta(description="Column with the tests, a text or a list of texts; the reference where absent."),
    ] = None
    setup: Annotated[
        str | None, msgspec.Meta(description="Column with code that runs before the tests, beside them.")
    ] = None
    prefix: Annotated[
        str | None,
        msgspec.Meta(description="Column with the code that the answer continues, or that stands above it."),
    ] = None
    entry_point: Annotated[
        str | None, msgspec.Meta(description="Column with the name of the function under test.")
    ] = None
    call: Annotated[
        str | None,
        msgspec.Meta(description="Line run after each test text; `{entry_point}` stands for the function's name."),
    ] = None
    score: Annotated[
        Literal["all", "share"], msgspec.Meta(description="1 where all tests pass, or the share that does.")
    ] = "all"
    seconds: Annotated[
        float, msgspec.Meta(gt=0, le=600, description="Most seconds for the code and its tests together.")
    ] = 10.0
    memory: Annotated[int, msgspec.Meta(ge=16, le=65_536, description="Most MiB of memory.")] = 512


def tests_of(settings: Code, item: Item) -> list[str]:
    """The test texts of an item; empty where it has none."""
    value = item.fields.get(settings.tests) if settings.tests is not None else item.reference
    texts = [as_text(each) for each in value] if isinstance(value, list | tuple) else [as_text(value)]
    texts = [text for text in texts if text.strip()]
    if settings.call:
        line = settings.call.replace("{entry_point}", _column(settings.entry_point, item).strip())
        texts = [f"{text.rstrip()}\n\n{line}\n" for text in texts]
    return texts


def names_of(settings: Code, item: Item, tests: list[str]) -> set[str]:
    """The names that the code should define: the entry point, or what the tests call and do not define."""
    if settings.entry_point is not None:
        return {_column(settings.entry_point, item).strip()}
    used: set[str] = set()
    own: set[str] = set()
    for text in (_column(settings.setup, item), *tests):
        for node in ast.walk(parsed(text) or ast.Module([], [])):
            if isinstance(node, ast.Name):
                (used if isinstance(node.ctx, ast.Load) else own).add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                own |= {node.name, *(each.arg for each in ast.walk(node) if isinstance(each, ast.arg))}
            elif isinstance(node, ast.alias):
                own.add((node.asname or node.name).split(".")[0])
    free = used - own
    return {name for name in free if not hasattr(builtins, name)} or free


def code(settings: Code) -> Callable[[Item, Completion], Score]:
    """1 if the program passes every test of the item (or the share it passes). Raises `UsageError` on a machine that
    cannot make the sandbox."""
    from weighbridge.tasks.running import Bounds
    from weighbridge.tasks.running.cell import require, run_tests
    from weighbridge.tasks.running.extract import program_of

    require()
    bounds = Bounds(seconds=settings.seconds, memory=settings.memory)

    def score(item: Item, completion: Completion) -> Score:
        tests = tests_of(settings, item)
        names = names_of(settings, item, tests)
        program = program_of(completion.text, prefix=_column(settings.prefix, item), names=names)
        if program is None:
            return unparsable("there is no code in the answer")
        outcome = run_tests(program, tests, setup=_column(settings.setup, item), bounds=bounds)
        value = outcome.share if settings.score == "share" else float(outcome.all_passed)
        failed = f"{sum(outcome.passed)} of {len(outcome.passed)} tests passed: {outcome.detail}"
        return Score(value, extracted=program, detail=None if outcome.all_passed else failed)

    return score


def _column(name: str | None, item: Item) -> str:
    value: Cell = item.fields.get(name) if name is not None else None
    return "\n".join(map(as_text, value)) if isinstance(value, list | tuple) else as_text(value)


def _check(settings: Code, item: Item) -> str | None:
    where = f"the column {settings.tests!r}" if settings.tests is not None else "the reference"
    for name in (settings.tests, settings.setup, settings.prefix, settings.entry_point):
        if name is not None and name not in item.fields:
            return f"there is no column {name!r}"
    tests = tests_of(settings, item)
    if not tests:
        return f"{where} holds no tests"
    if any(parsed(text) is None for text in tests):
        return f"the tests in {where} are not Python"
    if settings.entry_point is not None and not _column(settings.entry_point, item).strip().isidentifier():
        return f"the column {settings.entry_point!r} names no function"
    return None


CODE = ScorerSpec(
    "code",
    "1 if the answer is a Python program that passes the item's tests, run in a sandbox.",
    Code,
    code,
    _check,
    whole=True,
    needs_reference=lambda settings: settings.tests is None,
)
