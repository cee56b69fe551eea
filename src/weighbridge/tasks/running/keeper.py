"""Makes and watches the processes: for each job two are forked from one small interpreter, shut in, and ended.

Runs as a process of its own (`cell.Cell` starts it). A job is two lines of JSON on standard input: the program, and,
once its process was forked, the tests, which that process therefore never held. Each line is answered with one. The
keeper imports nothing beyond the standard library, so that a fork is cheap and holds no secrets.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, NoReturn

from weighbridge.tasks.running import cage, tests
from weighbridge.tasks.running.channel import Channel, ClosedError
from weighbridge.tasks.running.program import Program

TICK = 0.05
"""Seconds between looks at the private folder."""


class Job:
    """One program and its tests, in two processes."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.folder = tempfile.mkdtemp(prefix="weighbridge-code-")
        self.output = bytearray()
        self.reports = bytearray()
        self._children: dict[str, int] = {}
        self._ends: list[int] = []

    def run(self, tests_of: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The result: what the tests reported, and why there was no more. `tests_of` reads the tests."""
        to_program, from_tests = self._pipe()
        to_tests, from_program = self._pipe()
        output, written = self._pipe()
        reports, reported = self._pipe()
        shut, shutting = self._pipe()
        job = self.job

        def program() -> None:
            os.chdir(self.folder)
            self._shut_in(shutting, self.folder)
            random.seed(0)
            Program(Channel(to_program, from_program)).run(job["source"], job["name"], job["wanted"])

        def testing() -> None:
            self._shut_in(shutting, None)
            random.seed(0)
            channel, report = Channel(to_tests, from_tests), Channel(-1, reported)
            tests.run(channel, report, asked["setup"], asked["tests"], job["name"])

        try:
            self._fork("program", program, (to_program, from_program, shutting), written)
            asked = tests_of()
            self._fork("tests", testing, (to_tests, from_tests, reported, shutting), None)
            for end in (to_program, from_tests, to_tests, from_program, written, reported, shutting):
                self._close(end)
            why = self._watch(output, reports, shut)
            codes = self._end()
            return {
                "reports": [json.loads(line) for line in self.reports.split(b"\n") if line],
                "output": self.output.decode("utf-8", "replace"),
                "why": why or _signal_of(codes),
            }
        finally:
            self._end()
            for end in list(self._ends):
                self._close(end)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _pipe(self) -> tuple[int, int]:
        ends = os.pipe()
        self._ends += ends
        return ends

    def _close(self, end: int) -> None:
        self._ends.remove(end)
        os.close(end)

    def _shut_in(self, shutting: int, writable: str | None) -> None:
        job = self.job
        cage.bound(seconds=job["seconds"], memory=job["memory"], disk=job["disk"])
        cage.shut(job["readable"], writable)
        os.write(shutting, b"!")
        os.close(shutting)

    def _fork(self, name: str, work: Callable[[], None], kept: tuple[int, ...], output: int | None) -> None:
        child = os.fork()
        if child:
            self._children[name] = child
            return
        _in_child(work, kept, output)

    def _watch(self, output: int, reports: int, shut: int) -> str:
        """Read until the tests are over; says why they were stopped, if they were."""
        job = self.job
        ends = time.monotonic() + job["seconds"]
        looked = 0.0
        shut_in = 0
        open_ends = {output, reports, shut}
        while reports in open_ends:
            now = time.monotonic()
            if now > ends:
                return f"the time limit of {job['seconds']:g} s"
            if now - looked > TICK:
                looked = now
                if _outgrown(self.folder, job["disk"] * 1024 * 1024, job["files"]):
                    return f"more than {job['disk']} MiB or {job['files']} files in the private folder"
            for end in select.select(list(open_ends), [], [], TICK)[0]:
                data = os.read(end, 1 << 16)
                if not data:
                    open_ends.discard(end)
                if end == shut:
                    shut_in += len(data)
                    if not data and shut_in < 2:
                        return "!" + self.output.decode("utf-8", "replace")[-500:]
                elif end == reports:
                    self.reports += data
                elif len(self.output) < job["output"]:
                    self.output += data[: job["output"] - len(self.output)]
        return ""

    def _end(self) -> dict[str, int]:
        codes = {}
        for name, child in list(self._children.items()):
            with contextlib.suppress(ProcessLookupError):
                done, code = os.waitpid(child, os.WNOHANG)
                if not done:
                    os.kill(child, signal.SIGKILL)
                    _, code = os.waitpid(child, 0)
                    code = 0
                codes[name] = code
            del self._children[name]
        return codes


def _in_child(work: Callable[[], None], kept: tuple[int, ...], output: int | None) -> NoReturn:
    code = 1
    try:
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 0)
        for end in (1, 2):
            os.dup2(null if output is None else output, end)
        last = 3
        for end in sorted(kept):
            os.closerange(last, end)
            last = end + 1
        os.closerange(last, 4096)
        work()
        sys.stdout.flush()
        code = 0
    except ClosedError:
        code = 0
    except BaseException as error:
        # The child must end here, whatever happens: what follows belongs to the keeper alone.
        with contextlib.suppress(Exception):
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def _outgrown(folder: str, most: int, files: int) -> bool:
    """Whether a folder holds more bytes or entries than it may; stops counting there."""
    size = count = 0
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    count += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if size > most or count > files:
                        return True
        except OSError:
            continue  # it is being removed while it is read
    return False


def _signal_of(codes: dict[str, int]) -> str:
    for name, code in codes.items():
        if os.WIFSIGNALED(code):
            number = os.WTERMSIG(code)
            if number in (signal.SIGXCPU, signal.SIGKILL):
                return "the limit on processor time"
            whose = "code" if name == "program" else "tests"
            return f"the {whose} crashed ({signal.Signals(number).name})"
    return ""


def main() -> None:
    """Serve jobs until standard input ends."""
    wanted, results = sys.stdin.buffer, os.dup(1)
    os.dup2(2, 1)

    def answer(value: dict[str, Any]) -> None:
        data = memoryview(json.dumps(value).encode() + b"\n")
        while data:
            data = data[os.write(results, data) :]

    def asked() -> dict[str, Any]:
        answer({})
        found: dict[str, Any] = json.loads(wanted.readline() or b"{}")
        return found

    while line := wanted.readline():
        answer(Job(json.loads(line)).run(asked))
