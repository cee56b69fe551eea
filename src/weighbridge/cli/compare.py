"""`weighbridge compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from weighbridge.cli.outputs import check_outputs, console, give, output_options
from weighbridge.cli.overrides import override_options
from weighbridge.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weighbridge.evidence import Side
    from weighbridge.logs.figures import Tally


@click.command()
@click.argument("paths", metavar="SCORES...", nargs=-1, required=True)
@click.option("--models", metavar="A,B,C", help="Models to weigh, in this order; all of the file where absent.")
@click.option("--sequential", is_flag=True, help="Replay the scores as calls not yet made, and count those needed.")
@override_options("question", "requirements", "seed")
@click.option("--side", "sides", multiple=True, metavar="MODEL=SIDE", help="Side of a model: open, closed or rule.")
@click.option("--format", "format_", metavar="NAME", help="Format of the logs, where the content leaves it open.")
@click.option("--rescore", metavar="SCORER", help="Score the logs' stored answers again, with another scorer.")
@click.option("--rescore-set", multiple=True, metavar="NAME=VALUE", help="A setting of that scorer.")
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="A column whose name is not its role.")
@click.option("--models-file", metavar="FILE", help="Table of models with their side.")
@click.option(
    "--missing",
    type=click.Choice(["shared", "failed"]),
    default="shared",
    show_default=True,
    help="Items that not all models answered: leave them out, or score them 0.",
)
@click.option("--encoding", metavar="NAME", help="Text encoding of the file.")
@output_options
def compare(
    paths: tuple[str, ...],
    models: str | None,
    sequential: bool,
    sides: tuple[str, ...],
    format_: str | None,
    rescore: str | None,
    rescore_set: tuple[str, ...],
    columns: tuple[str, ...],
    models_file: str | None,
    missing: str,
    encoding: str | None,
    json: str | None,
    html: str | None,
    **said: object,
) -> int:
    """Give the verdict on scores that are already there.

    SCORES are the logs of other evaluation tools, files or folders, recognised from their content; or tables: csv,
    tsv, jsonl or parquet files (text kinds also .gz) with the columns item_id, model and score (0 to 1), and, where
    there are any, answer, cost, latency, cluster and side (open or closed). No model is called.
    """
    from weighbridge.api import compare_logs, compare_scores
    from weighbridge.evidence import Question, Requirements
    from weighbridge.project.check import checked
    from weighbridge.project.overrides import overridden
    from weighbridge.project.source import Source

    check_outputs(json, html)
    source = overridden(Source("the command line", {}), said)
    common: dict[str, Any] = {
        "models": [name.strip() for name in models.split(",") if name.strip()] if models else None,
        "question": checked(source, Question, ("question",), source.tree.get("question", {})),
        "requirements": checked(source, Requirements, ("requirements",), source.tree.get("requirements", {})),
        "sequential": sequential,
        "seed": int(source.tree.get("seed") or 0),
        "sides": _sides(sides),
        "missing": missing,
    }
    about_logs = {"--format": format_, "--rescore": rescore, "--rescore-set": rescore_set}
    about_table = {"--column": columns, "--models-file": models_file, "--encoding": encoding}
    if _is_table(paths, any(about_logs.values()), any(about_table.values())):
        decision = compare_scores(
            paths[0],
            columns=_pairs(columns, "--column"),
            models_file=models_file,
            encoding=encoding,
            **common,
        )
    else:
        for option, given in about_table.items():
            if given:
                raise UsageError(
                    f"{option} is for one table, not for logs", where=f"option {option}", fix="leave it out"
                )
        decision = compare_logs(
            *paths,
            format=format_,
            rescore=rescore,
            rescore_settings=_settings(rescore_set),
            told=lambda tallies: _show(tallies, err=json == "-"),
            **common,
        )
    return give(decision, json, html)


def _is_table(paths: tuple[str, ...], about_logs: bool, about_table: bool) -> bool:
    """One path that is not a log is a table; what neither is gets the message of whichever it was said to be."""
    if len(paths) > 1 or about_logs:
        return False
    place = Path(paths[0]).expanduser()
    if about_table or not place.exists():
        return True
    from weighbridge.logs.recognise import recognise
    from weighbridge.logs.score_tables import may_be_table

    return may_be_table(place) and recognise(place) is None


def _show(tallies: Sequence[Tally], *, err: bool) -> None:
    """What each log holds, and whether what it says of itself comes out of its rows."""
    from weighbridge.report.clean import clean_line
    from weighbridge.report.columns import Heading, Row, laid_out

    headings = [
        Heading("format", 2, left=True),
        Heading("items", 3),
        Heading("score", 4),
        Heading("the log reports", 1, left=True),
    ]
    rows = []
    for tally in tallies:
        stated = tally.reported
        agreed = {True: "; the rows agree", False: "; THE ROWS DIFFER", None: ""}[tally.agrees]
        if tally.agrees_without:
            agreed = f"; the rows agree but for {tally.unscored:,} without a score"
        figure = "nothing to check" if stated is None else f"{clean_line(stated[0], 40)} {stated[1]:g}{agreed}"
        score = "none" if tally.mean is None else f"{100 * tally.mean:.1f} %"
        cells = (tally.log.format, f"{tally.items:,}", score, figure)
        rows.append(Row(clean_line(tally.log.model, 60), cells, (clean_line(tally.log.path.name, 100),)))
    out = console(err=err)
    out.print()
    for line in laid_out("log of", headings, rows, out.width):
        out.print(line.text, style=line.style or None, markup=False, soft_wrap=True)


def _settings(given: tuple[str, ...]) -> dict[str, Any]:
    """Values as JSON where they are JSON (0.5, true), else as text; text with commas is a list: choices=A,B,C."""
    import msgspec

    found: dict[str, Any] = {}
    for name, text in _pairs(given, "--rescore-set", first=True).items():
        try:
            found[name] = msgspec.json.decode(text)
        except msgspec.DecodeError:
            found[name] = [part.strip() for part in text.split(",")] if "," in text else text
    return found


def _pairs(given: tuple[str, ...], option: str, *, first: bool = False) -> dict[str, str]:
    """Names and values; split at the last equals sign, or at the `first`."""
    found = {}
    for text in given:
        key, sign, value = text.partition("=") if first else text.rpartition("=")
        if not sign or not key or not value:
            raise UsageError(f"{option} takes NAME=VALUE, not {text!r}", where=f"option {option}", fix="write it so")
        found[key] = value
    return found


def _sides(given: tuple[str, ...]) -> dict[str, Side]:
    found = _pairs(given, "--side")
    for model, side in found.items():
        if side not in ("open", "closed", "rule"):
            raise UsageError(
                f"the side of {model!r} cannot be {side!r}",
                where="option --side",
                fix=f"{nearest(side, ('open', 'closed', 'rule'))} (it is open, closed or rule)",
            )
    return cast("dict[str, Side]", found)
