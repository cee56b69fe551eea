"""What every command that ends in a verdict has in common: where it is written, and the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from weighbridge.cli.exports import export_option, write_exports
from weighbridge.errors import UsageError, WeighbridgeError

if TYPE_CHECKING:
    from weighbridge.decide import Decision

Command = TypeVar("Command", bound=Callable[..., Any])

EXIT_CODES = {"best": 0, "preferred": 0, "non_inferior": 0, "superior": 0, "frontier": 0, "undecided": 3, "none": 4}
"""By kind of verdict."""


def output_options(command: Command) -> Command:
    """``--json FILE``, ``--html FILE`` and ``--export KIND=FILE``."""
    command = export_option(command)
    command = click.option(
        "--html", "html", metavar="FILE", help="Write the report as one self-contained HTML file."
    )(command)
    return click.option("--json", "json", metavar="FILE", help="Write the decision as JSON; - for standard output.")(
        command
    )


def check_outputs(json: str | None, html: str | None) -> None:
    """Raises `UsageError` for a file that could not be written, before anything is spent."""
    for option, name in (("--json", json), ("--html", html)):
        if name is None or (name == "-" and option == "--json"):
            continue
        path = Path(name)
        if path.is_dir():
            raise UsageError(f"{option} names a folder", where=name, fix=f"name a file in it: {path / 'report'}")
        if not path.parent.is_dir():
            raise UsageError(f"the folder of {option} does not exist", where=name, fix=f"mkdir -p {path.parent}")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise UsageError(f"{option} cannot be written", where=name, fix="check the permissions, or name another")


def give(decision: Decision, json: str | None, html: str | None) -> int:
    """Print and write the decision; returns the exit code."""
    from weighbridge.report.terminal import render

    # With --json - standard output belongs to the JSON alone.
    render(decision, console(err=json == "-"))
    if json == "-":
        from weighbridge.report.json import decision_json

        sys.stdout.buffer.write(decision_json(decision))
        sys.stdout.buffer.flush()
    elif json:
        from weighbridge.report.json import decision_json

        write_whole(json, decision_json(decision))
    if html:
        from weighbridge.report.html import render_html

        write_whole(html, render_html(decision, decision.evidence).encode("utf-8", errors="replace"))
    for name, what in ((json, "JSON"), (html, "report")):
        if name and name != "-":
            click.echo(f"{what}: {name}", err=json == "-")
    write_exports(decision, err=json == "-")
    return EXIT_CODES[decision.verdict.kind]


def console(*, err: bool = False) -> Any:  # noqa: ANN401 - rich is imported only here, when something is drawn
    """A rich console that wraps at 80 columns where it is not a terminal."""
    from rich.console import Console

    made = Console(stderr=err, highlight=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = 80
    return made


def write_whole(name: str, content: bytes) -> None:
    """Whole or not at all: a reader never finds half a report."""
    path = Path(name)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise WeighbridgeError(
            f"cannot write the file: {error.strerror}",
            where=name,
            fix="free some space or name another file, and run again: no answer is paid for twice",
        ) from None
