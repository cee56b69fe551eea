"""What is found out about changes of models, in a terminal: the finding, then the looks behind it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from weighbridge.drifting.result import CandidateDrift, Drift, LookResult, State
from weighbridge.report import figures
from weighbridge.report.clean import clean_line
from weighbridge.report.columns import Heading, Line, Row, laid_out
from weighbridge.report.terminal import SIMULATED, write

if TYPE_CHECKING:
    from rich.console import Console

LABELS: dict[State, tuple[str, str]] = {
    "changed": ("CHANGED", "bold red"),
    "not shown": ("NO CHANGE SHOWN", "bold green"),
    "begun": ("BEGUN", "bold"),
    "unfinished": ("UNFINISHED", "bold yellow"),
    "down": ("DOWN", "bold red"),
    "never": ("NEVER LOOKED AT", "bold"),
}
MOST_LOOKS = 12
"""Looks that are listed: the first, and the last of them."""

HEADINGS = (
    Heading("day", 5),
    Heading("anchors", 2),
    Heading("then", 4),
    Heading("now", 6),
    Heading("points", 6),
    Heading("apart", 3),
    Heading("own", 3),
    Heading("evidence", 7),
)


def render(found: Drift, console: Console) -> None:
    """Print the whole finding on a rich `console`; reads well from 60 columns on, and without colour."""
    write(lines_of(found, console.width), console)


def lines_of(found: Drift, width: int) -> list[Line]:
    """Every line, in order; long ones are still to be wrapped at `width`."""
    warnings = ([SIMULATED] if found.simulated else []) + list(found.warnings)
    blocks = [
        *([_verdict(one)] for one in found.candidates),
        [Line(f"  WARNING  {clean_line(text, 600)}", "bold yellow", 11) for text in warnings],
        _facts(found),
        *(look_lines(one, width) for one in found.candidates),
        _remedies(found),
        _account(found),
    ]
    lines = [Line("")]
    for block in blocks:
        lines += [*block, Line("")] if block else []
    return lines


def look_lines(one: CandidateDrift, width: int) -> list[Line]:
    """One candidate's looks."""
    if not one.looks:
        return []
    looks = one.looks if len(one.looks) <= MOST_LOOKS else (one.looks[0], *one.looks[1 - MOST_LOOKS :])
    rows = [_row(look, one) for look in looks]
    last = one.looks[-1]
    title = f"  {clean_line(one.name)}, {figures.plural(len(one.looks), 'look')}"
    low, high = last.interval
    lines = [
        Line(title, "bold", 2),
        *laid_out("look", HEADINGS, rows, width),
        Line(
            f"    evidence: 1 means changed; change on such traffic, by the last look alone: "
            f"{figures.points(low)} to {figures.points(high)} points",
            "dim",
            4,
        ),
    ]
    if one.seen is not None and one.state == "not shown":
        lines.append(
            Line(
                f"    the next look finds a change of {100 * one.seen:.0f} points about as often as not; "
                "more anchors (--renew --anchor N) find smaller ones",
                "dim",
                4,
            )
        )
    return lines


def _row(look: LookResult, one: CandidateDrift) -> Row:
    # The share of the threshold that was reached by then.
    level = math.log(one.evidence) - one.looks[-1].log_e_so_far if one.evidence > 0 else 0.0
    notes = [f"{figures.plural(look.left_out, 'anchor')} left out: no answer came"] if look.left_out else []
    return Row(
        str(look.number),
        (
            look.closed[:10],
            str(look.anchors),
            figures.percent(look.score_then),
            figures.percent(look.score_now),
            figures.points(look.change),
            figures.percent(look.apart, 0),
            figures.percent(look.own, 0),
            _evidence(look.log_e_so_far + level),
        ),
        tuple(notes),
    )


def _evidence(log: float) -> str:
    """Evidence over the threshold with two digits, or that it is beyond all doubt."""
    if log > math.log(1e6):
        return "> 1e6"
    value = math.exp(log)
    return f"{value:.2g}" if value < 100 else f"{value:,.0f}"


def _verdict(one: CandidateDrift) -> Line:
    label, style = LABELS[one.state]
    return Line(f"  {label}  {clean_line(one.sentence, 2000)}", style, 2)


def _facts(found: Drift) -> list[Line]:
    """What vendors say, which is no test."""
    said = [one for one in found.findings if one.dimension in ("version", "fingerprint")]
    if not said:
        return []
    return [
        Line("  What the vendor says", "bold"),
        *(Line(f"    - {clean_line(one.statement, 600)}", "", 6) for one in said),
    ]


def _remedies(found: Drift) -> list[Line]:
    told = dict.fromkeys(one.would_change for one in found.findings if one.would_change)
    if not told:
        return []
    return [
        Line("  What to do", "bold"),
        *(Line(f"    - {clean_line(text, 600)}", "", 6) for text in told),
    ]


def _account(found: Drift) -> list[Line]:
    models = figures.plural(found.watched, "model")
    lines = [
        Line(
            f"  Claim  over all looks together at most {figures.percent(found.alpha, 0)} that any of {models} is "
            "said to have changed by its answers and has not",
            "dim",
            9,
        )
    ]
    if found.stopped == "no calls":
        planned = "" if found.planned is None else f", about {figures.amount(found.planned, found.currency)}"
        takes = f"a look now takes {found.planned_calls:,}{planned}"
        lines.append(Line(f"  Calls  none, as wished; {takes}", "dim", 9))
    else:
        spent = figures.amount(found.spent, found.currency)
        planned = figures.amount(found.planned, found.currency)
        lines.append(Line(f"  Calls  {found.calls:,}", "dim", 9))
        lines.append(Line(f"  Money  {spent}; about {planned} was foretold", "dim", 9))
    if found.stopped in ("budget", "interrupted"):
        why = "the budget was reached" if found.stopped == "budget" else "interrupted"
        lines.append(Line(f"  Ended  {why}", "dim", 9))
    return lines
