"""Shows a failure on one screen: what is wrong, where, and how to mend it; never a traceback."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap

import click

from weighbridge.errors import WeighbridgeError

FAILURE = 5
USAGE = 2
MOST_LINES = 20


def report(error: BaseException) -> int:
    """Prints `error` on stderr and returns the exit code."""
    if isinstance(error, BrokenPipeError):
        # The reader (head, less) left: nothing is wrong, and the interpreter must not complain at shutdown.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(error, WeighbridgeError):
        print(screen(error.what, error.where, error.fix), file=sys.stderr)
        return error.exit_code
    if isinstance(error, click.exceptions.Abort):
        print("aborted", file=sys.stderr)
        return 130
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        print(error.ctx.get_help() if error.ctx else error.format_message(), file=sys.stderr)
        return USAGE
    if isinstance(error, click.ClickException):
        print(_of_click(error), file=sys.stderr)
        return USAGE
    if isinstance(error, MemoryError):
        print(screen("the machine ran out of memory", None, "weigh fewer items: --limit N"), file=sys.stderr)
        return FAILURE
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    fix = "run the same command with --debug and report what it prints: this is a mistake in Weighbridge"
    if isinstance(error, OSError) and error.filename:
        print(screen(f"{error.strerror}", str(error.filename), "check the path and its permissions"), file=sys.stderr)
    else:
        print(screen(what, None, fix), file=sys.stderr)
    return FAILURE


def screen(what: str, where: str | None, fix: str | None) -> str:
    """At most `MOST_LINES` lines, wrapped to the terminal."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    lines = _wrapped("error: ", what, width, most=MOST_LINES - 8)
    if where:
        # A path is never broken over lines: it is there to be clicked and copied.
        lines.append(f"  where: {where}")
    if fix:
        lines += _wrapped("  fix:   ", fix, width, most=6)
    return "\n".join(lines)


def _wrapped(head: str, text: str, width: int, most: int) -> list[str]:
    """`text` behind `head`, continued under itself; control characters and what is too much are left out."""
    clean = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    lines: list[str] = []
    for paragraph in clean.split("\n"):
        lines += textwrap.wrap(
            paragraph.strip(),
            width=max(width, 40),
            initial_indent=" " * len(head),
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )
    if len(lines) > most:
        lines = [*lines[: most - 1], " " * len(head) + "..."]
    if not lines:
        return [head.rstrip()]
    return [head + lines[0][len(head) :], *lines[1:]]


def _of_click(error: click.ClickException) -> str:
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "weighbridge"
    return screen(error.format_message(), f"the command line of {command}", f"see: {command} --help")
