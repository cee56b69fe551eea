"""`weighbridge compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from weighbridge.cli.outputs import check_outputs, give, output_options
from weighbridge.cli.overrides import override_options
from weighbridge.errors import UsageError, nearest

if TYPE_CHECKING:
    from weighbridge.evidence import Side


@click.command()
@click.argument("scores", metavar="SCORES")
@click.option("--models", metavar="A,B,C", help="Models to weigh, in this order; all of the file where absent.")
@click.option("--sequential", is_flag=True, help="Replay the scores as calls not yet made, and count those needed.")
@override_options("question", "requirements", "seed")
@click.option("--side", "sides", multiple=True, metavar="MODEL=SIDE", help="Side of a model: open, closed or rule.")
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
    scores: str,
    models: str | None,
    sequential: bool,
    sides: tuple[str, ...],
    columns: tuple[str, ...],
    models_file: str | None,
    missing: str,
    encoding: str | None,
    json: str | None,
    html: str | None,
    **said: object,
) -> int:
    """Give the verdict on scores that are already there.

    SCORES is a csv, tsv, jsonl or parquet file (text kinds also .gz) with the columns item_id, model and score (0 to
    1), and, where there are any, answer, cost, latency, cluster and side (open or closed). No model is called.
    """
    from weighbridge.api import compare_scores
    from weighbridge.evidence import Question, Requirements
    from weighbridge.project.check import checked
    from weighbridge.project.overrides import overridden
    from weighbridge.project.source import Source

    check_outputs(json, html)
    source = overridden(Source("the command line", {}), said)
    question = checked(source, Question, ("question",), source.tree.get("question", {}))
    requirements = checked(source, Requirements, ("requirements",), source.tree.get("requirements", {}))
    decision = compare_scores(
        scores,
        [name.strip() for name in models.split(",") if name.strip()] if models else None,
        question=question,
        requirements=requirements,
        sequential=sequential,
        seed=int(source.tree.get("seed") or 0),
        columns=_pairs(columns, "--column"),
        sides=_sides(sides),
        models_file=models_file,
        missing="failed" if missing == "failed" else "shared",
        encoding=encoding,
    )
    return give(decision, json, html)


def _pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    found = {}
    for text in given:
        key, sign, value = text.rpartition("=")
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
