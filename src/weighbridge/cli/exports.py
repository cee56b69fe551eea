"""``--export KIND=FILE``: what a decision can be written as for other tools. A new kind is a row of `EXPORTS`."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from weighbridge.errors import UsageError, WeighbridgeError, nearest

if TYPE_CHECKING:
    from weighbridge.decide import Decision

Command = TypeVar("Command", bound=Callable[..., Any])

META = "weighbridge.exports"
"""Key in click's context under which the wanted exports wait for the decision."""


@dataclass(frozen=True, slots=True)
class Export:
    """One kind of export."""

    target: str
    """``module:function``, called as ``function(thing, path)``; imported on use."""
    what: str
    """What is written, for help and messages."""
    takes: Literal["decision", "evidence", "titled evidence"] = "decision"
    """`thing`: the decision, or its evidence (writers in `logs`, which stands below `decide`); where titled, the
    task's name is the third argument."""
    folder: bool = False
    """Whether `path` is a folder, made where absent, because there is a file per model."""


EXPORTS: dict[str, Export] = {
    "rows": Export(
        "weighbridge.logs.rows_out:write_rows", "a row per item and model (csv, jsonl, parquet)", "evidence"
    ),
    "eee": Export(
        "weighbridge.logs.every_eval_ever_out:write_every_eval_ever",
        "Every Eval Ever 0.2",
        "titled evidence",
        folder=True,
    ),
    "hf": Export(
        "weighbridge.logs.hf_results:write_hf_results", "Hugging Face .eval_results", "titled evidence", folder=True
    ),
    "lm-eval": Export("weighbridge.logs.lm_eval_out:write_lm_eval", "lm-eval samples", "evidence", folder=True),
    "inspect": Export("weighbridge.logs.inspect_out:write_inspect", "Inspect logs", "titled evidence", folder=True),
    "junit": Export("weighbridge.report.junit:write_junit", "JUnit XML for CI"),
    "markdown": Export("weighbridge.report.markdown:write_markdown", "a Markdown summary for CI"),
    "project": Export("weighbridge.report.rerun:write_project", "the project file that would rerun the comparison"),
}
"""By the word before the sign. A row whose module is not there is not offered."""


def offered() -> dict[str, Export]:
    """The kinds whose module is there."""
    return {kind: export for kind, export in EXPORTS.items() if find_spec(export.target.partition(":")[0])}


def export_option(command: Command) -> Command:
    """Adds ``--export KIND=FILE``. It is checked while the line is read, before anything is spent.

    The wish travels in click's context and not among the arguments, so that a command has nothing to hand on.
    """
    return click.option(
        "--export",
        multiple=True,
        expose_value=False,
        callback=_wanted,
        metavar="KIND=FILE",
        help=f"Write the results for another tool too: {', '.join(EXPORTS)} (may be repeated).",
    )(command)


def _wanted(ctx: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> None:
    wishes = []
    for text in given:
        kind, sign, name = text.partition("=")
        known = offered()
        if kind not in known:
            raise UsageError(f"there is no export {kind!r}", where="option --export", fix=nearest(kind, known))
        if not sign or not name:
            raise UsageError(
                f"--export takes KIND=FILE, not {text!r}", where="option --export", fix=f"--export {kind}=FILE"
            )
        _check(kind, known[kind], Path(name))
        wishes.append((kind, Path(name)))
    ctx.meta[META] = wishes


def _check(kind: str, export: Export, path: Path) -> None:
    """Raises `UsageError` for a path that could not be written."""
    where = f"--export {kind}={path}"
    if export.folder:
        if path.exists() and not path.is_dir():
            raise UsageError(f"{kind} writes a folder, and this is a file", where=where, fix="name a folder")
    elif path.is_dir():
        raise UsageError(
            f"{kind} writes a file, and this is a folder", where=where, fix=f"name a file in it: {path}/x"
        )
    if not path.parent.is_dir():
        raise UsageError("the folder around it does not exist", where=where, fix=f"mkdir -p {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError("it cannot be written", where=where, fix="check the permissions, or name another")


def write_exports(decision: Decision, *, err: bool) -> None:
    """Writes what ``--export`` asked for, and says so line by line on standard output (`err`: on standard error)."""
    context = click.get_current_context(silent=True)
    for kind, path in context.meta.get(META, []) if context is not None else []:
        write_export(decision, kind, path)
        click.echo(f"{kind}: {path}", err=err)


def write_export(decision: Decision, kind: str, path: Path) -> None:
    """Writes `decision` as `kind`. UsageError: an unknown kind, or one that needs evidence that is not there."""
    known = offered()
    if kind not in known:
        raise UsageError(f"there is no export {kind!r}", where="kind", fix=nearest(kind, known))
    export = known[kind]
    thing = decision if export.takes == "decision" else decision.evidence
    if thing is None:
        raise UsageError(
            f"{kind} needs the evidence, and a decision read from JSON has none",
            where=str(path),
            fix="export from the run or the comparison itself",
        )
    module, _, name = export.target.partition(":")
    writer = getattr(importlib.import_module(module), name)
    try:
        if export.folder:
            path.mkdir(exist_ok=True)
        if export.takes == "titled evidence":
            writer(thing, path, decision.title or "weighbridge")
        else:
            writer(thing, path)
    except OSError as error:
        raise WeighbridgeError(
            f"cannot write {kind}: {error.strerror}", where=str(path), fix="free some space or name another file"
        ) from None
