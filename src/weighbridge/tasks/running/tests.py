"""The side of the tests: they see the program's names, and only their own end counts as a pass."""

from __future__ import annotations

import ast
import builtins
import importlib
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from weighbridge.tasks.running.channel import Channel, ClosedError
from weighbridge.tasks.running.far import Remote
from weighbridge.tasks.running.parsing import parsed


def run(channel: Channel, report: Channel, setup: str, tests: list[str], name: str) -> None:
    """Run each text of `tests` and report after each; a text's functions called ``test...`` and its
    ``unittest.TestCase`` classes are run too."""
    sys.setrecursionlimit(10_000)
    try:
        names = _taken(Remote(channel).names(), [setup, *tests])
    except (Exception, ClosedError) as error:
        # Whatever the code raised: nothing can be tested.
        report.send({"failed": _told(error)})
        return
    program = types.ModuleType(name)
    program.__dict__.update(names)
    sys.modules[name] = program
    shared: dict[str, Any] = {**names, "__name__": "tests", "__builtins__": __builtins__}
    try:
        if setup:
            exec(compile(setup, "setup", "exec"), shared)  # noqa: S102 - the sandbox is for this
    except BaseException as error:
        # A set-up that fails fails all tests, however it fails.
        report.send({"failed": f"the set-up failed: {_told(error)}"})
        return
    for source in tests:
        try:
            space = dict(shared)
            exec(compile(source, "tests", "exec"), space)  # noqa: S102 - the sandbox is for this
            for test in _functions(space, shared):
                test()
        except BaseException as error:
            # Any end but the last line is a failure: SystemExit and KeyboardInterrupt too.
            report.send({"passed": False, "detail": _told(error)})
        else:
            report.send({"passed": True})


def _taken(names: dict[str, Any], sources: list[str]) -> dict[str, Any]:
    """The program's names, without those that would change what the tests themselves mean: names of built-ins (unless
    there is nothing else that could be under test) and of standard modules whose attributes the tests use."""
    used: set[str] = set()
    modules: set[str] = set()
    for source in sources:
        # What cannot be read is told when it is run.
        tree = parsed(source) or ast.Module([], [])
        used |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        modules |= {
            node.value.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        }
    own = {name for name in used & set(names) if not hasattr(builtins, name)}
    taken = {name: value for name, value in names.items() if not (own and hasattr(builtins, name))}
    for name in modules & set(names) & sys.stdlib_module_names:
        taken[name] = importlib.import_module(name)
    return taken


def _functions(space: dict[str, Any], before: dict[str, Any]) -> Iterator[Callable[[], object]]:
    for name, value in list(space.items()):
        if before.get(name) is value:
            continue
        if name.startswith("test") and isinstance(value, types.FunctionType) and not value.__code__.co_argcount:
            yield value
        elif isinstance(value, type) and any(base.__name__ == "TestCase" for base in value.__mro__[1:]):
            yield partial(_unittest, value)


def _unittest(case: type) -> None:
    import unittest

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    wrong = [*result.errors, *result.failures]
    if wrong or not result.testsRun:
        raise AssertionError(wrong[0][1].strip().splitlines()[-1] if wrong else "the test case has no tests")


def _told(error: BaseException) -> str:
    """What went wrong in a line: the exception, and the line of the tests it came from."""
    try:
        text = str(error).strip().splitlines()
    except Exception:
        # A proxy inside the message may ask a program that is gone.
        text = []
    kind = "the code ended before the tests did" if isinstance(error, ClosedError) else type(error).__name__
    said = f"{kind}: {text[0][:300]}" if text and not isinstance(error, ClosedError) else kind
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", []))
    lines = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in ("tests", "setup")]
    return f"{said}{notes}" + (f" (line {lines[-1].lineno} of the {lines[-1].filename})" if lines else "")
