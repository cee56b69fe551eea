"""The decision in a terminal: what makes it doubtful, the verdict, then the figures, then what would change it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from weighbridge.decide.decision import CandidateResult, Decision, PairResult
from weighbridge.report import figures
from weighbridge.report.clean import clean_line, encodable
from weighbridge.report.columns import Heading, Line, Row, laid_out
from weighbridge.report.demands import finding_lines, flip_lines, frontier_lines, matrix_lines
from weighbridge.report.fairness import fairness_lines

if TYPE_CHECKING:
    from rich.console import Console

KINDS = {
    "best": "BEST",
    "preferred": "PREFERRED",
    "non_inferior": "NON-INFERIOR",
    "superior": "SUPERIOR",
    "frontier": "FRONTIER",
    "undecided": "UNDECIDED",
    "none": "NO CANDIDATE",
}

CLAIMS = {
    "population": "the traffic the items were drawn from",
    "pool": "these items, as if every candidate had been asked every one",
}

SIMULATED = "Simulated candidates: these figures were stated by you, not measured on a model."

REASONS = 6
"""Reasons shown at once; with many candidates there is one for each."""


def ranked(decision: Decision) -> list[CandidateResult]:
    """Candidates in reading order: the verdict's own first, then by score; unscored ones last."""
    chosen = {name: place for place, name in enumerate(decision.verdict.candidates)}
    last = len(chosen)

    def place(result: CandidateResult) -> tuple[int, int, float]:
        return chosen.get(result.name, last), result.score is None, -(result.score or 0.0)

    return sorted(decision.candidates, key=place)


def leading(decision: Decision) -> str | None:
    """The candidate that others are held against: the verdict's first, else the highest score."""
    order = ranked(decision)
    return decision.verdict.candidates[0] if decision.verdict.candidates else (order[0].name if order else None)


def warned(decision: Decision) -> list[str]:
    """All warnings, the one on simulated candidates first and only once."""
    others = [text for text in decision.warnings if "simulated" not in text.lower()]
    stated = [text for text in decision.warnings if "simulated" in text.lower()]
    return (stated or [SIMULATED] if decision.simulated else stated) + others


def status_note(statuses: dict[str, int]) -> str | None:
    """``3 refused, 1 failed``: the outcomes other than ok; None where all were ok."""
    parts = [f"{number:,} {status}" for status, number in statuses.items() if number and status != "ok"]
    return ", ".join(parts) or None


def out_note(result: CandidateResult) -> str | None:
    """``out after 89 items: far below``, or None while it is in the race."""
    if result.out is None:
        return None
    when = f" after {figures.plural(result.out_at, 'item')}" if result.out_at is not None else ""
    return f"out{when}: {result.out}"


def differently(decision: Decision) -> bool:
    """Whether the candidates' answers came about in more than one way."""
    ways = [result.answering for result in decision.candidates if result.answering is not None]
    return len({(one.protocol, one.held, one.normalise) for one in ways if not one.by_itself}) > 1


def told_line(decision: Decision) -> list[Line]:
    """Where to read what the candidates were told; nothing where nothing was kept."""
    evidence = decision.evidence
    if evidence is None or not any(column.told for column in evidence.columns):
        return []
    return [Line("  Told   what each candidate was told: weighbridge store prompts, and the HTML report", "", 9)]


def timing_note(result: CandidateResult) -> str | None:
    """``first token 0.21 s, then 18 ms per token with 1 to 8 calls at once``; None where the load is not known."""
    low, high = result.concurrency_least, result.concurrency_most
    if low is None or high is None:
        return None
    felt = []
    if result.first_token_p50 is not None:
        felt.append(f"first token {figures.seconds(result.first_token_p50)}")
    if result.per_token_p50 is not None:
        felt.append(f"then {figures.seconds(result.per_token_p50)} per token")
    load = f"{figures.plural(high, 'call')} at once" if low == high else f"{low:,} to {high:,} calls at once"
    return f"{', '.join(felt) or 'times taken'} with {load}"


def _candidate_row(decision: Decision, result: CandidateResult) -> Row:
    low, high = result.interval or (None, None)
    notes = [out_note(result)]
    if (note := status_note(result.statuses)) is not None:
        notes.append(f"answers: {note}")
    if result.simulated:
        notes.append("simulated")
    if result.answering is not None and differently(decision):
        notes.append(f"scored by {result.answering.words}" if not result.answering.by_itself else None)
    if result.own_randomness is not None:
        share = figures.percent(result.own_randomness, 0)
        notes.append(f"{result.repeats} answers per item; {share} of the variance is its own randomness")
        notes.append(result.repeat_advice)
    notes.append(timing_note(result))
    won = result.name in decision.verdict.candidates and decision.verdict.kind != "undecided"
    return Row(
        name=clean_line(result.name),
        cells=(
            result.side,
            figures.percent(result.score),
            figures.span(low, high) if low is not None else "-",
            figures.amount(result.cost_per_1000, decision.cost.currency),
            figures.seconds(result.latency_p50) if result.latency_p50 is not None else "-",
            figures.seconds(result.latency_p95) if result.latency_p95 is not None else "-",
            figures.count(result.items),
        ),
        notes=tuple(clean_line(note, 400) for note in notes if note),
        style="bold green" if won else ("dim" if result.out else ""),
        mark=">" if result.name in decision.verdict.candidates else " ",
    )


def candidate_lines(decision: Decision, width: int) -> list[Line]:
    """The table of candidates, without the columns of which nothing is known."""
    results = ranked(decision)
    priced = any(result.cost_per_1000 is not None for result in results)
    timed = any(result.latency_p50 is not None for result in results)
    headings = {
        "side": Heading("side", 3, left=True),
        "score": Heading("score", 9),
        "interval": Heading(f"{figures.sureness(decision.alpha)} interval", 7),
        "cost": Heading("per 1k", 8),
        "p50": Heading("p50", 4),
        "p95": Heading("p95", 5),
        "items": Heading("items", 6),
    }
    absent = ([] if priced else ["cost"]) + ([] if timed else ["p50", "p95"])
    kept = [place for place, name in enumerate(headings) if name not in absent]
    rows = [_candidate_row(decision, result) for result in results]
    shown = [replace(row, cells=tuple(row.cells[place] for place in kept)) for row in rows]
    captions = ["per 1k: money per 1,000 requests"] if priced else ["no cost is known"]
    captions += ["p50, p95: time to the last token of the median and the slow request"] if timed else []
    titles = [list(headings.values())[place] for place in kept]
    return [*laid_out("candidate", titles, shown, width), Line(f"    {'; '.join(captions)}", "dim", 4)]


def _pair_row(pair: PairResult, first: str) -> Row:
    ahead = pair.a == first
    sign = 1 if ahead else -1
    low, high = pair.interval if ahead else (-pair.interval[1], -pair.interval[0])
    return Row(
        name=clean_line(pair.b if ahead else pair.a),
        cells=(
            figures.count(pair.items),
            figures.count(pair.win if ahead else pair.loss),
            figures.count(pair.tie),
            figures.count(pair.loss if ahead else pair.win),
            figures.points(sign * pair.difference),
            f"{figures.points(low)} to {figures.points(high)}",
        ),
    )


def pair_lines(decision: Decision, width: int) -> list[Line]:
    """The leader against each rival: items won, tied and lost, and the difference in points."""
    first = leading(decision)
    pairs = [pair for pair in decision.pairs if first in (pair.a, pair.b) and pair.items > 0]
    if first is None or not pairs:
        return []
    rank = {result.name: place for place, result in enumerate(ranked(decision))}
    pairs.sort(key=lambda pair: rank.get(pair.b if pair.a == first else pair.a, len(rank)))
    headings = (
        Heading("items", 1),
        Heading("win", 6),
        Heading("tie", 5),
        Heading("loss", 6),
        Heading("points", 9),
        Heading(f"{figures.sureness(decision.alpha)} interval", 8),
    )
    title = Line(f"  {clean_line(first)} against the others, item by item", "bold", 2)
    return [title, *laid_out("against", headings, [_pair_row(pair, first) for pair in pairs], width)]


def change_lines(decision: Decision) -> list[Line]:
    """Why, and what would change the verdict."""
    lines: list[Line] = []
    verdict = decision.verdict
    if verdict.reasons:
        lines.append(Line("  Why", "bold"))
        lines += [Line(f"    - {clean_line(reason, 600)}", "", 6) for reason in verdict.reasons[:REASONS]]
        if (more := len(verdict.reasons) - REASONS) > 0:
            lines.append(
                Line(f"    and {figures.plural(more, 'reason')} more, in the JSON and the HTML report", "dim", 4)
            )
    changes = list(verdict.would_change)
    if decision.more_items is not None and not any(f"{decision.more_items:,}" in text for text in changes):
        changes.append(f"About {figures.plural(decision.more_items, 'more item')} would settle it.")
    if changes:
        lines += [Line("")] if lines else []
        lines.append(Line("  What would change it", "bold"))
        lines += [Line(f"    - {clean_line(change, 600)}", "", 6) for change in changes]
    return lines


def account_lines(decision: Decision) -> list[Line]:
    """What was asked and spent, and under which claim and seed."""
    calls, cost = decision.calls, decision.cost
    share = figures.share_of(calls.made, calls.exhaustive)
    asked = f"{calls.made:,} of {calls.exhaustive:,} ({share} of asking every candidate every item)"
    more = [f"{calls.from_store:,} from the store"] if calls.from_store else []
    more += [f"{calls.retries:,} retried"] if calls.retries else []
    spent = figures.amount(cost.spent, cost.currency)
    if cost.now is not None and not math.isclose(cost.now, cost.spent or 0.0, rel_tol=1e-6):
        spent += f" ({figures.amount(cost.now, cost.currency)} in this run)"
    if cost.exhaustive is not None:
        spent += (
            f"; asking every candidate every item would cost about {figures.amount(cost.exhaustive, cost.currency)}"
        )
    off = figures.off_plan(cost.planned, cost.spent, cost.currency)
    drawn = f"{decision.items_drawn:,} of {figures.plural(decision.items, 'item')} drawn"
    if decision.unit == "cluster":
        drawn += f", in {figures.plural(decision.units, 'cluster')}"
    end = f"stopped: {decision.verdict.stopped}" if decision.verdict.stopped else ""
    took = figures.seconds(decision.seconds) if decision.seconds is not None else ""
    run = ", ".join(part for part in (drawn, end, took, f"seed {decision.seed}") if part)
    wrong = figures.sureness(1 - decision.alpha)
    lines = [
        Line(f"  Calls  {', '.join([asked, *more])}", "", 9),
        Line(f"  Money  {spent}", "", 9),
        *([Line(f"  Plan   {off}", "", 9)] if off else []),
        *(Line(f"  Price  {clean_line(name)}: {clean_line(text, 400)}", "", 9) for name, text in cost.prices.items()),
        Line(
            f"  Claim  {CLAIMS[decision.claim]}; wrong in at most {wrong} of runs",
            "",
            9,
        ),
        Line(f"  Run    {run}", "", 9),
    ]
    if decision.title:
        lines.insert(0, Line(f"  Task   {clean_line(decision.title)}", "", 9))
    lines += told_line(decision)
    if decision.pool_answer:
        lines.append(Line(f"  Pool   {clean_line(decision.pool_answer, 400)}", "", 9))
    return lines


def report_lines(decision: Decision, width: int) -> list[Line]:
    """Every line of the report, in order; long ones are still to be wrapped at `width`."""
    verdict = decision.verdict
    style = {"undecided": "bold yellow", "none": "bold red"}.get(verdict.kind, "bold green")
    label = KINDS[verdict.kind] + (" (SIMULATED)" if decision.simulated else "")
    head = [Line(f"  {label}  {clean_line(verdict.sentence, 2000)}", style, 2)]
    warnings = [Line(f"  WARNING  {clean_line(text, 600)}", "bold yellow", 11) for text in warned(decision)]
    blocks = (
        fairness_lines(decision),
        head,
        warnings,
        candidate_lines(decision, width),
        pair_lines(decision, width),
        matrix_lines(decision, width),
        finding_lines(decision),
        frontier_lines(decision, width),
        change_lines(decision),
        flip_lines(decision),
        account_lines(decision),
    )
    lines = [Line("")]
    for block in blocks:
        lines += [*block, Line("")] if block else []
    return lines


def write(lines: Iterable[Line], console: Console) -> None:
    """Print `lines` on `console`, wrapped with hanging indents and without trailing spaces."""
    from rich.text import Text

    encoding = console.encoding
    for line in lines:
        plain = encodable(line.text, encoding)
        indent = len(plain) - len(plain.lstrip(" "))
        hang = max(line.hang, indent)
        room = max(10, console.width - hang)
        # The first line is wrapped in the same room as the rest: its lead is put back afterwards.
        lead, body = plain[:hang], plain[hang:]
        parts = Text(body).wrap(console, room, tab_size=4) if line.hang else [Text(body)]
        for number, part in enumerate(parts or [Text("")]):
            part.rstrip()
            start = lead if number == 0 else " " * hang
            text = Text(start + part.plain if part.plain else start.rstrip(), style=line.style)
            console.print(text, no_wrap=True, crop=False, overflow="ignore", highlight=False, soft_wrap=True)


def render(decision: Decision, console: Console) -> None:
    """Print the whole report of `decision` on a rich `console`; reads well from 60 columns on, and without colour."""
    write(report_lines(decision, console.width), console)
