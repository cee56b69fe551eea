"""How the `weighbridge store` commands show groups of answers and single answers, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from weighbridge.report.clean import clean_line, clean_text
from weighbridge.report.figures import amount, plural, seconds
from weighbridge.store import Answer, Group, Shown

WIDTH = 80


def day(moment: float) -> str:
    """``2026-01-31``, in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")


def minute(moment: float) -> str:
    """``2026-01-31 14:05 UTC``."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC")


def short(number: int | None) -> str:
    """A count in four or five characters: ``950``, ``12.3k``, ``4.1M``; ``-`` where unknown."""
    if number is None:
        return "-"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= 0.9995 * size:
            value = number / size
            return f"{value:.0f}{unit}" if value >= 99.95 else f"{value:.1f}{unit}"
    return str(number)


def group_row(group: Group) -> dict[str, Any]:
    """A group as plain values, for ``--json``."""
    return {
        "task": group.source.task,
        "candidate": group.source.candidate,
        "model": group.source.model,
        "revision": group.source.revision,
        "engine": group.source.engine,
        "simulated": group.source.simulated,
        "answers": group.answers,
        "items": group.items,
        "failed": group.failed,
        "input_tokens": group.input_tokens,
        "output_tokens": group.output_tokens,
        "cost": group.cost,
        "answers_of_unknown_cost": group.uncosted,
        "first": datetime.fromtimestamp(group.first, UTC).isoformat(),
        "last": datetime.fromtimestamp(group.last, UTC).isoformat(),
    }


def _cost(group: Group) -> str:
    known = amount(group.cost) if group.cost is not None else "-"
    return f"{known}+" if group.cost is not None and group.uncosted else known


def show_groups(groups: Sequence[Group], location: str, size: int) -> None:
    """A table for each task, and the totals."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=False)
    console.width = max(min(console.width, 120), 60) if console.is_terminal else WIDTH
    for task in dict.fromkeys(group.source.task for group in groups):
        table = Table(
            box=box.SIMPLE_HEAD,
            title=Text(clean_line(task) or "(no task named)"),
            title_justify="left",
            pad_edge=False,
        )
        table.add_column("candidate and model", overflow="fold", ratio=1)
        failures = any(group.failed for group in groups if group.source.task == task)
        for title in ("answers", *(["failed"] if failures else []), "in/out", "cost"):
            table.add_column(title, justify="right", no_wrap=True)
        table.add_column("last", no_wrap=True)
        for group in groups:
            if group.source.task != task:
                continue
            note = " (simulated)" if group.source.simulated else ""
            table.add_row(
                Text(f"{clean_line(group.source.candidate)}{note}\n  {clean_line(group.source.model)}"),
                f"{group.answers:,}",
                *([f"{group.failed:,}"] if failures else []),
                f"{short(group.input_tokens)}/{short(group.output_tokens)}",
                _cost(group),
                day(group.last),
            )
        console.print(table)
    for line in total_lines(groups, location, size):
        click.echo(line)


def total_lines(groups: Iterable[Group], location: str, size: int) -> list[str]:
    """What all groups come to: answers, tokens, money, and the days they are from."""
    many = list(groups)
    if not many:
        return [f"no answers in {location}"]
    answers = sum(group.answers for group in many)
    known = [group.cost for group in many if group.cost is not None]
    unknown = sum(group.uncosted for group in many)
    money = f"{amount(sum(known))} paid" if known else "cost not known"
    if known and unknown:
        money += f" (and {plural(unknown, 'answer')} of unknown cost)"
    read = sum(group.input_tokens or 0 for group in many)
    generated = sum(group.output_tokens or 0 for group in many)
    days = sorted({day(min(group.first for group in many)), day(max(group.last for group in many))})
    return [
        f"{plural(answers, 'answer')}, {money}",
        f"{short(read)} tokens in, {short(generated)} out",
        f"{' to '.join(days)}, {size / 1e6:,.1f} MB in {location}",
    ]


def answer_lines(answer: Answer, limit: int | None) -> list[str]:
    """One answer with its facts; control characters made visible, the text cut after `limit` characters."""
    completion, usage = answer.completion, answer.completion.usage
    facts = [f"key {answer.key.hex()[:16]}", minute(answer.written or 0), f"finish {completion.finish.value}"]
    if usage.input_tokens is not None or usage.output_tokens is not None:
        facts.append(f"{short(usage.input_tokens)}/{short(usage.output_tokens)} tokens")
    if usage.duration is not None:
        facts.append(seconds(usage.duration))
    if answer.cost is not None:
        facts.append(amount(answer.cost))
    head = f"item {clean_line(answer.item)}, {clean_line(answer.source.candidate)}"
    if answer.repeat:
        head += f", repeat {answer.repeat}"
    lines = [
        head + (" (simulated)" if answer.source.simulated else ""),
        f"  {clean_line(answer.source.model)}",
        f"  {', '.join(facts)}",
    ]
    if completion.error:
        lines.append(f"  error: {clean_line(completion.error)}")
    shown = clean_text(completion.text, limit)
    lines += [f"  | {line}" for line in shown.split("\n")]
    if limit is not None and len(completion.text) > limit:
        lines.append(f"  ... {len(completion.text) - limit:,} more characters: --full")
    return [*lines, ""]


def prompt_lines(shown: Shown, limit: int | None) -> list[str]:
    """What a candidate was told about one item; control characters made visible, cut after `limit` characters."""
    how = "as the engine read it" if shown.exact else "the messages as they were sent"
    lines = [
        f"item {clean_line(shown.item)}, {clean_line(shown.source.candidate)}",
        f"  {clean_line(shown.source.model)}, {how}",
        *(f"  note: {clean_line(note, 400)}" for note in shown.notes),
        *(f"  | {line}" for line in clean_text(shown.text, limit).split("\n")),
    ]
    if limit is not None and len(shown.text) > limit:
        lines.append(f"  ... {len(shown.text) - limit:,} more characters: --full")
    return [*lines, ""]
