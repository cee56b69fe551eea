"""`weighbridge judge`."""

from __future__ import annotations

from pathlib import Path

import click

from weighbridge.cli.outputs import console
from weighbridge.errors import UsageError


@click.command()
@click.argument("answers", nargs=-1, required=True)
@click.option("--judge", "spec", metavar="MODEL", required=True, help="The judge: any model's spec string.")
@click.option("--against", metavar="NAME", help="Judge in pairs against this model; each answer alone where absent.")
@click.option("--models", metavar="A,B,C", help="Models to judge; all where absent.")
@click.option("--rubric", metavar="TEXT", help="What to judge by; @FILE reads it from a file.")
@click.option("--hide-references", is_flag=True, help="Do not show the judge the reference answers of the table.")
@click.option("--brief", is_flag=True, help="Ask for the verdict alone, without thinking aloud first: cheaper.")
@click.option("--humans", metavar="FILE", help="Human labels (item_id, model, score): calibrate the judge on them.")
@click.option(
    "--controls", type=click.IntRange(0), default=30, show_default=True, help="Items for texts that must lose."
)
@click.option("--out", metavar="FILE", help="Write the judged scores as csv, for weighbridge compare.")
@click.option("--json", "json", metavar="FILE", help="Write the judgement as JSON.")
@click.option(
    "--store", metavar="PATH", help="Where the judge's replies are kept. [default: .weighbridge/answers.db]"
)
@click.option("--budget-calls", type=click.IntRange(1), metavar="N", help="The most calls to the judge.")
@click.option("--budget-money", type=click.FloatRange(0, min_open=True), metavar="X", help="The most money.")
@click.option(
    "--price-input", type=click.FloatRange(0), metavar="X", help="Price of the judge per million input tokens."
)
@click.option("--price-output", type=click.FloatRange(0), metavar="X", help="Price per million generated tokens.")
@click.option("--price-request", type=click.FloatRange(0), metavar="X", help="Price of the judge per request.")
@click.option("--key-env", metavar="NAME", help="Environment variable that holds the judge's API key.")
@click.option(
    "--max-tokens", type=click.IntRange(1), default=512, show_default=True, help="Longest reply of the judge."
)
@click.option(
    "--alpha",
    type=click.FloatRange(0, 0.5, min_open=True),
    default=0.05,
    show_default=True,
    help="Error of intervals.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the order of items.")
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME", help="A column whose name is not its role.")
@click.option("--encoding", metavar="NAME", help="Text encoding of the table.")
def judge(
    answers: tuple[str, ...],
    spec: str,
    against: str | None,
    models: str | None,
    rubric: str | None,
    hide_references: bool,
    brief: bool,
    humans: str | None,
    controls: int,
    out: str | None,
    json: str | None,
    store: str | None,
    budget_calls: int | None,
    budget_money: float | None,
    price_input: float | None,
    price_output: float | None,
    price_request: float | None,
    key_env: str | None,
    max_tokens: int,
    alpha: float,
    seed: int,
    columns: tuple[str, ...],
    encoding: str | None,
) -> int:
    """Have a model judge answers, and hold it against its own biases.

    ANSWERS is a table (item_id, model, answer, question), logs of other tools, or a project file whose answers are
    in its store. Both orders are asked, names are hidden, two texts that answer nothing must lose, and a win rate at
    equal length stands beside the raw one. The judge's replies are kept: what was paid for is not asked again.
    """
    from weighbridge.catalog.quote import price_of
    from weighbridge.cli.given_answers import column_names, given_answers
    from weighbridge.cli.judge_view import judgement_json, show
    from weighbridge.evidence import Budget, Price
    from weighbridge.judge.answers import read_labels
    from weighbridge.judge.asking import RUBRIC
    from weighbridge.judge.judgement import asked_of
    from weighbridge.judge.judging import judge_now
    from weighbridge.judge.table import judged_table
    from weighbridge.models.options import ModelOptions
    from weighbridge.models.specs import open_model
    from weighbridge.store import DEFAULT, open_store

    for option, name in (("--json", json), ("--out", out)):
        _check_output(option, name)
    given = given_answers(answers, column_names(columns), encoding)
    asked = asked_of(
        given,
        against,
        tuple(name.strip() for name in models.split(",") if name.strip()) if models else None,
        _rubric(rubric) or RUBRIC,
        use_references=not hide_references,
        controls=controls,
        alpha=alpha,
        seed=seed,
        brief=brief,
    )
    labels = read_labels(humans) if humans else None
    model = open_model(spec, ModelOptions(key_env=key_env))
    price, origin = (
        Price(input_per_million=price_input, output_per_million=price_output, per_request=price_request),
        None,
    )
    if not price.known:
        price, origin = price_of(spec)
    with open_store(store or DEFAULT) as opened:
        found = judge_now(
            asked,
            model,
            opened,
            price=price,
            budget=Budget(calls=budget_calls, money=budget_money),
            max_tokens=max_tokens,
            labels=labels,
        )
    show(found, asked, console(), origin)
    for name, content in ((out, judged_table(found, given)), (json, judgement_json(found))):
        if name:
            Path(name).write_text(content, encoding="utf-8", errors="replace")
            click.echo(f"written: {name}", err=True)
    return 0


def _check_output(option: str, name: str | None) -> None:
    if name is not None and (Path(name).is_dir() or not Path(name).parent.is_dir()):
        raise UsageError(f"{option} cannot be written there", where=name, fix="name a file in a folder that exists")


def _rubric(text: str | None) -> str | None:
    if text is None or not text.startswith("@"):
        return text
    path = Path(text[1:]).expanduser()
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the rubric cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}",
            where=str(path),
            fix="name a text file after the @",
        ) from None
