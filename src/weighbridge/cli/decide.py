"""`weighbridge decide`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from weighbridge.cli.outputs import check_outputs, give, output_options
from weighbridge.errors import UsageError, nearest

if TYPE_CHECKING:
    from datetime import date

    from weighbridge.api.kept import Kept
    from weighbridge.evidence import Question, Requirements, Side

ASKED = ("goal", "epsilon", "margin", "reference")
"""What may be changed of the question; its error and its claim were fixed when the scores came."""


@click.command()
@click.argument("paths", metavar="RUN...", nargs=-1, required=True)
@click.option("--requirements", "file", metavar="FILE", help="Requirements in place of the run's: YAML or a project.")
@click.option(
    "--require",
    "required",
    multiple=True,
    metavar="KEY=VALUE",
    help="One requirement, such as data.leaves=never or cost_per_1000=0.5; KEY=none leaves it out.",
)
@click.option(
    "--price", "prices", multiple=True, metavar="NAME=MONEY", help="Money per 1,000 requests of a candidate."
)
@click.option("--facts", multiple=True, metavar="NAME=ENTRY", help="A candidate's entry in the catalogue, or none.")
@click.option("--policy", "policies", multiple=True, metavar="NAME=POLICY", help="The data policy of its calls.")
@click.option("--side", "sides", multiple=True, metavar="NAME=SIDE", help="Its side: open, closed or rule.")
@click.option("--models", metavar="A,B,C", help="For scores and logs: the models to weigh; all where absent.")
@click.option("--as-of", metavar="DATE", help="The day to decide on, as 2027-01-31; today where absent.")
@output_options
def decide(
    paths: tuple[str, ...],
    file: str | None,
    required: tuple[str, ...],
    prices: tuple[str, ...],
    facts: tuple[str, ...],
    policies: tuple[str, ...],
    sides: tuple[str, ...],
    models: str | None,
    as_of: str | None,
    json: str | None,
    html: str | None,
) -> int:
    """Decide again on what is kept of a run, under other requirements and without a call.

    RUN is a project file (its store has the answers), a decision that `run --json` wrote, a table of scores, or other
    tools' logs. Requirements are those of the run but for what is said here.
    """
    from weighbridge.api.again import decide_again

    check_outputs(json, html)
    known = _sides(sides)
    kept = _kept(paths, models, known)
    requirements, question = _demanded(kept, file, required)
    decision = decide_again(
        kept,
        requirements,
        question,
        prices=_prices(prices),
        facts=_pairs(facts, "--facts"),
        policies=_pairs(policies, "--policy"),
        sides=known,
        today=_day(as_of),
    )
    return give(decision, json, html)


def _kept(paths: tuple[str, ...], models: str | None, sides: dict[str, Side]) -> Kept:
    from weighbridge.api.kept import kept_project, kept_report, kept_scores

    place = Path(paths[0])
    if len(paths) == 1 and models is None:
        if place.suffix in (".yaml", ".yml"):
            return kept_project(paths[0])
        if place.suffix == ".json" and _may_be_decision(place):
            return kept_report(paths[0])
        if place.is_dir() and (place / "weighbridge.yaml").is_file():
            return kept_project(str(place / "weighbridge.yaml"))
    if len(paths) == 1 and not place.exists():
        raise UsageError(
            f"there is no {paths[0]}",
            where="RUN",
            fix="name a project file, a decision (--json), a table of scores, or a log",
        )
    chosen = [name.strip() for name in models.split(",") if name.strip()] if models else None
    return kept_scores(paths, models=chosen, sides=sides)


def _may_be_decision(path: Path) -> bool:
    """Whether a JSON file is a decision, or at least no log of another tool."""
    from weighbridge.logs.recognise import recognise

    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(4096)
    return b'"verdict"' in head or recognise(path) is None


def _demanded(kept: Kept, file: str | None, required: tuple[str, ...]) -> tuple[Requirements, Question | None]:
    """Requirements and question with what was said put over them, checked."""
    import msgspec

    from weighbridge.evidence import Question, Requirements
    from weighbridge.project.check import checked
    from weighbridge.project.source import Path as Place
    from weighbridge.project.source import Source

    if file is None:
        source = Source("the run", {"requirements": msgspec.to_builtins(kept.requirements)})
    else:
        source = _file(file)
    asked = msgspec.to_builtins(kept.run.question)
    source = Source(source.label, {**source.tree, "question": asked}, source.values, source.keys, source.raw)
    fields = Requirements.__struct_fields__
    values: dict[Place, tuple[Any, str]] = {}
    for text in required:
        key, sign, value = text.partition("=")
        head = key.partition(".")[0]
        if not sign or (head not in fields and key not in ASKED):
            raise UsageError(
                f"--require takes KEY=VALUE, and {key!r} is no requirement" if sign else f"{text!r} has no value",
                where="option --require",
                fix=f"{nearest(head, [*fields, *ASKED])} (as in a project file: data.leaves=never)",
            )
        path: Place = ("question", key) if key in ASKED else ("requirements", *key.split("."))
        values[path] = (_value(value), f"option --require {key}")
    source = source.override(values)
    requirements = checked(source, Requirements, ("requirements",), source.tree.get("requirements") or {})
    question = checked(source, Question, ("question",), source.tree["question"])
    return requirements, None if question == kept.run.question else question


def _file(name: str) -> Any:  # noqa: ANN401 - a Source, imported late
    """The requirements in a file: a project file, or a file of requirements alone."""
    from weighbridge.evidence import Requirements
    from weighbridge.project.source import Source
    from weighbridge.project.yaml_source import read_yaml

    source = read_yaml(Path(name), name)
    if "requirements" in source.tree:
        return source
    unknown = [key for key in source.tree if key not in Requirements.__struct_fields__]
    if unknown:
        raise UsageError(
            f"unknown key {unknown[0]!r}",
            where=source.where((unknown[0],), key=True),
            fix=f"{nearest(unknown[0], Requirements.__struct_fields__)} (a file of requirements, or a project file)",
        )
    head = ("requirements",)
    return Source(
        name,
        {"requirements": source.tree},
        {(*head, *path): mark for path, mark in source.values.items()},
        {(*head, *path): mark for path, mark in source.keys.items()},
        {(*head, *path): text for path, text in source.raw.items()},
    )


def _value(text: str) -> Any:  # noqa: ANN401 - a YAML value
    """A value as a project file would have it; ``none`` leaves the demand out; commas make a list."""
    from weighbridge.project.yaml_source import parse_yaml, plain

    text = text.strip()
    if text.lower() in ("none", ""):
        return None
    if text[0] in "[{":
        return parse_yaml(f"value: {text}", "option --require").tree["value"]
    if "," in text:
        return [plain(part.strip()) for part in text.split(",") if part.strip()]
    return plain(text)


def _pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    found = {}
    for text in given:
        key, sign, value = text.rpartition("=")
        if not sign or not key or not value:
            raise UsageError(f"{option} takes NAME=VALUE, not {text!r}", where=f"option {option}", fix="write it so")
        found[key] = value
    return found


def _prices(given: tuple[str, ...]) -> dict[str, float]:
    import math

    found = {}
    for name, text in _pairs(given, "--price").items():
        try:
            price = float(text)
        except ValueError:
            price = math.nan
        if not math.isfinite(price) or price < 0:
            raise UsageError(
                f"the price of {name!r} cannot be {text!r}",
                where="option --price",
                fix="money per 1,000 requests, for example --price 'small model=0.35'",
            )
        found[name] = price
    return found


def _sides(given: tuple[str, ...]) -> dict[str, Side]:
    found = _pairs(given, "--side")
    for name, side in found.items():
        if side not in ("open", "closed", "rule"):
            raise UsageError(
                f"the side of {name!r} cannot be {side!r}",
                where="option --side",
                fix=f"{nearest(side, ('open', 'closed', 'rule'))} (it is open, closed or rule)",
            )
    return cast("dict[str, Side]", found)


def _day(text: str | None) -> date | None:
    from datetime import date

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no date", where="option --as-of", fix="write it as 2027-01-31") from None
