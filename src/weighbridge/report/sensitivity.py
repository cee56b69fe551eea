"""What is found out about prompts, in a terminal: the finding, then the figures behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.report import figures
from weighbridge.report.clean import clean_line
from weighbridge.report.columns import Heading, Line, Row, laid_out
from weighbridge.report.terminal import KINDS, SIMULATED, status_note, write
from weighbridge.variants.result import CandidateSpread, Sensitivity, Survival, Tuned
from weighbridge.variants.words import difference

if TYPE_CHECKING:
    from rich.console import Console

LABELS: dict[Survival, str] = {
    "survives": "SURVIVES",
    "changes": "CHANGES",
    "open": "OPEN",
    "alone": "SPREAD",
}
STYLES: dict[Survival, str] = {
    "survives": "bold green",
    "changes": "bold red",
    "open": "bold yellow",
    "alone": "bold",
}


def render(found: Sensitivity, console: Console) -> None:
    """Print the whole finding on a rich `console`; reads well from 60 columns on, and without colour."""
    write(lines_of(found, console.width), console)


def lines_of(found: Sensitivity, width: int) -> list[Line]:
    """Every line, in order; long ones are still to be wrapped at `width`."""
    label = LABELS[found.survival] + (" (SIMULATED)" if found.simulated else "")
    warnings = ([SIMULATED] if found.simulated else []) + found.warnings
    blocks = [
        [Line(f"  {label}  {clean_line(found.sentence, 2000)}", STYLES[found.survival], 2)],
        [Line(f"  WARNING  {clean_line(text, 600)}", "bold yellow", 11) for text in warnings],
        *(spread_lines(spread, found, width) for spread in found.candidates),
        verdict_lines(found, width),
        tuned_lines(found.tuned, found, width),
        [Line("  What is claimed", "bold"), *(Line(f"    - {clean_line(one, 600)}", "", 6) for one in found.claims)],
        account_lines(found),
    ]
    lines = [Line("")]
    for block in blocks:
        lines += [*block, Line("")] if block else []
    return lines


def spread_lines(spread: CandidateSpread, found: Sensitivity, width: int) -> list[Line]:
    """One candidate under every prompt, the best first."""
    ordered = sorted(spread.variants, key=lambda one: -(one.score if one.score is not None else -1.0))
    headings = (
        Heading("score", 4),
        Heading(f"{figures.sureness(found.alpha)} interval", 3),
        Heading("items", 2),
    )
    rows = [
        Row(
            clean_line(one.variant),
            (
                figures.percent(one.score),
                figures.span(*one.interval) if one.interval else "-",
                figures.count(one.items),
            ),
            tuple(f"answers: {note}" for note in [status_note(one.statuses)] if note),
            mark=">" if one.variant == spread.best and spread.differs else " ",
        )
        for one in ordered
    ]
    title = f"  {clean_line(spread.name)} ({spread.side}), by prompt"
    lines = [Line(title, "bold", 2), *laid_out("prompt", headings, rows, width)]
    if spread.spread is not None and spread.spread_interval is not None:
        low, high = spread.spread_interval
        told = "the prompt makes a difference" if spread.differs else "whether the prompt matters is not established"
        span = figures.span(low, high)
        lines.append(Line(f"    best less worst: {100 * spread.spread:.1f} points, truly {span}; {told}", "dim", 4))
    return lines


def verdict_lines(found: Sensitivity, width: int) -> list[Line]:
    """The verdict under each prompt."""
    if not found.verdicts:
        return []
    headings = (Heading("verdict", 3, left=True), Heading("items", 2), Heading("calls", 1))
    rows = []
    for one in found.verdicts:
        who = ", ".join(one.verdict.candidates)
        label = KINDS[one.verdict.kind] if one.verdict.kind != "none" else "NOBODY"
        notes = [f"{clean_line(who, 200)} {difference(one)}".strip()] if who else []
        if one.verdict.kind == "undecided" and notes:
            notes = [f"{notes[0]}, leads"]
        cells = (label, figures.count(one.items_drawn), figures.count(one.calls))
        rows.append(Row(clean_line(one.variant), cells, tuple(notes)))
    return [Line("  The verdict under each prompt", "bold", 2), *laid_out("prompt", headings, rows, width)]


def tuned_lines(tuned: Tuned | None, found: Sensitivity, width: int) -> list[Line]:
    """Each side with its best prompt."""
    if tuned is None:
        return []
    many = len(tuned.best) > 1
    title = "  Each with its best prompt" if many else "  With its best prompt"
    head = f"{title}, chosen on {tuned.items:,} items and judged on others"
    headings = (
        Heading("prompt", 4, left=True),
        Heading("when chosen", 1),
        Heading("on others", 3),
        Heading(f"{figures.sureness(found.alpha)} interval", 2),
    )
    rows = []
    for name, variant in tuned.best.items():
        interval = tuned.intervals.get(name)
        cells = (
            clean_line(variant, 40),
            figures.percent(tuned.tuning[name]),
            figures.percent(tuned.scores.get(name)),
            figures.span(*interval) if interval else "-",
        )
        won = tuned.verdict is not None and name in tuned.verdict.candidates and tuned.verdict.kind != "undecided"
        rows.append(Row(clean_line(name), cells, style="bold green" if won else "", mark=">" if won else " "))
    lines = [Line(head, "bold", 2), *laid_out("candidate", headings, rows, width)]
    if tuned.verdict is not None:
        label = KINDS[tuned.verdict.kind]
        lines.append(Line(f"    {label}  {clean_line(tuned.verdict.sentence, 2000)}", "", 4))
    return lines


def account_lines(found: Sensitivity) -> list[Line]:
    """What was asked and spent."""
    calls, currency = found.calls, found.cost.currency
    more = f", {calls.from_store:,} from the store" if calls.from_store else ""
    lines = [
        Line(
            f"  Asked  every candidate {found.asked:,} of {found.items:,} items under each prompt, seed {found.seed}"
        ),
        Line(f"  Calls  {calls.made - calls.from_store:,} new in this run{more}", "", 9),
        Line(f"  Money  {figures.amount(found.cost.now, currency)} in this run", "", 9),
    ]
    return [Line(f"  Task   {clean_line(found.title)}", "", 9), *lines] if found.title else lines
