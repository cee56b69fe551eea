"""Where code is run: a keeper process without environment or network, from which each run's processes are made."""

from __future__ import annotations

import ast
import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.tasks.running.outcome import Bounds, Outcome
from weighbridge.tasks.running.parsing import parsed

GRACE = 10.0
"""Seconds beyond a run's own limit after which the keeper itself is taken for dead."""

START = """
import sys, types
for name, path in zip({names!r}, {paths!r}):
    package = types.ModuleType(name)
    package.__path__ = [path]
    sys.modules[name] = package
sys.path += {found!r}
from weighbridge.tasks.running.keeper import main
main()
"""
"""The packages are made by hand: their own __init__ would import half of Weighbridge for every run."""


def why_not() -> str | None:
    """Why code cannot be run on this machine, in a sentence; None where it can."""
    from weighbridge.tasks.running.cage import missing

    return missing()


def require() -> None:
    """Raise `UsageError` where no sandbox can be made: code is then not run at all."""
    reason = why_not()
    if reason is not None:
        raise UsageError(
            f"code cannot be run safely here: {reason}",
            fix="run this task on Linux with Landlock and seccomp (x86-64 or arm64); there is no way to run "
            "answers without the sandbox",
        )


class Cell:
    """Runs programs and their tests, one after the other."""

    def __init__(self) -> None:
        self._keeper: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()

    def run(
        self,
        source: str,
        tests: Sequence[str],
        *,
        setup: str = "",
        name: str = "solution",
        bounds: Bounds | None = None,
    ) -> Outcome:
        """Run `source`, then each of `tests` against what it defines.

        The tests run in another process than the code: what they compare are plain copies of what the code
        computed, and only their own end counts as a pass. `setup` runs before the tests. `name` is the module under
        which the tests may import the code. Raises `UsageError` where no sandbox can be made, `WeighbridgeError`
        where it broke.
        """
        bounds = bounds or Bounds()
        program = {
            "source": source,
            "name": name,
            "wanted": _names(setup, *tests),
            "seconds": bounds.seconds,
            "memory": bounds.memory,
            "output": bounds.output,
            "disk": bounds.disk,
            "files": bounds.files,
            "readable": readable(),
        }
        with self._lock:
            try:
                self._asked(program, GRACE)
                answer = self._asked({"setup": setup, "tests": list(tests)}, bounds.seconds + GRACE)
            except BaseException:
                # An interrupt as well: a keeper in the middle of a job would answer the next one with this result.
                self.close()
                raise
        return _outcome(answer, len(tests))

    def close(self) -> None:
        """End the keeper and whatever it runs."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.kill()
            keeper.wait()
            for pipe in (keeper.stdin, keeper.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()

    def _asked(self, message: dict[str, Any], patience: float) -> dict[str, Any]:
        keeper = self._started()
        if keeper.stdin is None or keeper.stdout is None:
            raise WeighbridgeError("the process that runs code has no pipes")
        try:
            keeper.stdin.write(json.dumps(message).encode() + b"\n")
            keeper.stdin.flush()
        except BrokenPipeError:
            raise self._broken("it ended") from None
        answer = bytearray()
        ends = time.monotonic() + patience
        while not answer.endswith(b"\n"):
            if not select.select([keeper.stdout], [], [], max(0.0, ends - time.monotonic()))[0]:
                raise self._broken("it does not answer")
            piece = os.read(keeper.stdout.fileno(), 1 << 16)
            if not piece:
                raise self._broken("it ended")
            answer += piece
        found: dict[str, Any] = json.loads(answer)
        return found

    def _started(self) -> subprocess.Popen[bytes]:
        if self._keeper is not None and self._keeper.poll() is None:
            return self._keeper
        require()
        self._folder = tempfile.TemporaryDirectory(prefix="weighbridge-cell-")
        here = Path(__file__).resolve().parent
        names = ["weighbridge", "weighbridge.tasks", "weighbridge.tasks.running"]
        paths = [str(here.parents[1]), str(here.parent), str(here)]
        code = START.format(names=names, paths=paths, found=_packages())
        environment = {
            "HOME": self._folder.name,
            "TMPDIR": self._folder.name,
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        # The interpreter and the program text are ours; answers reach it as data.
        self._keeper = subprocess.Popen(  # noqa: S603
            [sys.executable, "-s", "-S", "-B", "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._folder.name,
            env=environment,
            close_fds=True,
            start_new_session=True,
        )
        return self._keeper

    def _broken(self, how: str) -> WeighbridgeError:
        return WeighbridgeError(
            f"the process that runs code broke: {how}", fix="run again: no answer is asked or paid for twice"
        )


def _outcome(answer: dict[str, Any], count: int) -> Outcome:
    why, reports = str(answer["why"]), answer["reports"]
    if why.startswith("!"):
        raise WeighbridgeError(
            f"the sandbox could not be made: {why[1:].strip() or 'a process ended before it was shut in'}",
            fix="nothing was run; see docs/code-tasks.md for what the sandbox needs",
        )
    passed = [report.get("passed") is True for report in reports if "passed" in report][:count]
    details = [str(report.get("detail") or report.get("failed") or "") for report in reports]
    detail = next((text for text in details if text), "")
    if len(passed) < count and not detail:
        detail = why or "the tests ended before their last line"
    elif why and not all(passed):
        detail = f"{detail}; {why}"
    return Outcome((*passed, *[False] * (count - len(passed))), detail, str(answer["output"]))


def _names(*sources: str) -> list[str]:
    """The names that tests use: those that the program is asked for."""
    found: set[str] = set()
    for source in sources:
        # What cannot be read is told when it is run.
        for node in ast.walk(parsed(source) or ast.Module([], [])):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.ImportFrom):
                found |= {alias.name for alias in node.names}
    return sorted(name for name in found if not name.startswith("__"))


def _packages() -> list[str]:
    """Folders of installed packages, so that code may import them."""
    found = [sysconfig.get_path(kind) for kind in ("purelib", "platlib")]
    return [path for path in dict.fromkeys(found) if Path(path).is_dir()]


@cache
def readable() -> tuple[str, ...]:
    """What code may read: the interpreter's own files, installed packages and shared libraries."""
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    bases = {sys.base_prefix, sys.base_exec_prefix}
    own = [sysconfig.get_path(kind) for kind in kinds]
    own += [str(Path(base) / sys.platlibdir) for base in bases if base not in ("/", "/usr", "/usr/local")]
    system = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo", "/etc/ld.so.cache"]
    return tuple(path for path in dict.fromkeys([*own, *system]) if path and Path(path).exists())


@cache
def _shared() -> Cell:
    cell = Cell()
    atexit.register(cell.close)
    return cell


def run_tests(
    source: str, tests: Sequence[str], *, setup: str = "", name: str = "solution", bounds: Bounds | None = None
) -> Outcome:
    """`Cell.run` in a cell that all callers of this process share."""
    return _shared().run(source, tests, setup=setup, name=name, bounds=bounds)
