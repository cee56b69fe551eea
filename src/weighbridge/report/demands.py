"""Who meets what, who is beaten by nobody, and where the verdict flips: for a terminal and for the page."""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.decide.counsel import Standpoint
from weighbridge.decide.decision import Decision
from weighbridge.evidence import Finding
from weighbridge.report import figures
from weighbridge.report.clean import clean_line
from weighbridge.report.columns import Heading, Line, Row, laid_out
from weighbridge.report.fairness import demanded

ORDER = ("quality", "cost", "latency", "licence", "openness", "data", "continuity", "hardware", "customisation")
"""Dimensions from left to right."""

SHORT = {"customisation": "edits", "continuity": "stays", "hardware": "fits", "openness": "open"}
"""Headings that would be too wide for a terminal."""

WORDS = {"met": "yes", "not met": "no", "unknown": "?"}

FULL = 8
"""Findings up to which a terminal shows every one; of more only those that are not met or unknown."""

FLIPS = 10
"""Flip points a terminal shows at once."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One cell of the matrix."""

    finding: Finding | None
    accepted: bool
    """Whether it is unknown and the user takes the risk."""

    @property
    def word(self) -> str:
        if self.finding is None:
            return "-"
        return WORDS[self.finding.met] + ("*" if self.accepted else "")


def dimensions(decision: Decision) -> list[str]:
    """What was demanded, in the order of the columns."""
    found = {finding.dimension for finding in demanded(decision) if finding.candidate is not None}
    return [name for name in ORDER if name in found]


def marks(decision: Decision) -> list[tuple[str, list[Mark]]]:
    """Candidates in their own order, each with a mark for every dimension: the worst where there are several."""
    columns = dimensions(decision)
    taken = () if decision.requirements is None else decision.requirements.accept_unknown
    rank = {"not met": 0, "unknown": 1, "met": 2}
    rows = []
    for result in decision.candidates:
        cells = []
        for name in columns:
            mine = [f for f in demanded(decision) if f.candidate == result.name and f.dimension == name]
            worst = min(mine, key=lambda finding: rank[finding.met], default=None)
            cells.append(Mark(worst, worst is not None and worst.met == "unknown" and name in taken))
        rows.append((result.name, cells))
    return rows


def matrix_lines(decision: Decision, width: int) -> list[Line]:
    """Who meets what, as a table; nothing where fewer than two things are demanded."""
    columns = dimensions(decision)
    if len(columns) < 2:
        return []
    headings = [Heading(SHORT.get(name, name), len(columns) - place) for place, name in enumerate(columns)]
    rows = []
    for name, cells in marks(decision):
        failed = any(mark.finding is not None and mark.finding.met == "not met" for mark in cells)
        rows.append(Row(clean_line(name), tuple(mark.word for mark in cells), style="dim" if failed else ""))
    lines = [Line("  Who meets what", "bold"), *laid_out("candidate", headings, rows, width)]
    captions = ["?: not known, and never taken for yes"]
    if any(mark.accepted for _, cells in marks(decision) for mark in cells):
        captions.append("*: not known, and taken as a risk")
    short = [f"{word}: {name}" for name, word in SHORT.items() if name in columns]
    return [*lines, Line(f"    {'; '.join([*captions, *short])}", "dim", 4)]


def finding_lines(decision: Decision) -> list[Line]:
    """Requirements checked, with what would change each; of many those alone that are not met or unknown."""
    findings = demanded(decision)
    if not findings:
        return []
    shown = findings
    if len(findings) > FULL:
        shown = [finding for finding in findings if finding.met != "met"]
    lines = [Line("  Requirements", "bold")]
    styles = {"met": "green", "not met": "red", "unknown": "yellow"}
    for finding in shown:
        named = finding.candidate is None or finding.candidate in finding.statement
        who = "" if named else f"{finding.candidate}: "
        text = clean_line(f"{finding.dimension}: {who}{finding.statement}", 600)
        lines.append(Line(f"    {finding.met:<8} {text}", styles[finding.met], 13))
        if finding.would_change:
            lines.append(Line(f"             to change it: {clean_line(finding.would_change, 400)}", "dim", 13))
    if left := len(findings) - len(shown):
        more = f"and {left:,} that {'is' if left == 1 else 'are'} met, in the JSON and the HTML report"
        lines.append(Line(f"    {more}", "dim", 4))
    return lines


def place_of(point: Standpoint) -> str:
    """What the frontier says of a candidate, in a few words."""
    if not point.eligible:
        return "not eligible"
    if point.score is None:
        return "not measured"
    return "on the frontier" if point.on else f"beaten by {point.beaten_by}"


def leaves_word(point: Standpoint) -> str:
    """Whether what is sent leaves one's own machines."""
    return "?" if point.leaves is None else "leaves" if point.leaves else "stays"


def frontier_lines(decision: Decision, width: int) -> list[Line]:
    """Quality, cost and risk of everybody."""
    if not decision.frontier or len(dimensions(decision)) < 2:
        return []
    headings = [
        Heading("score", 6),
        Heading("per 1k", 5),
        Heading("unknown", 3),
        Heading("gone", 2),
        Heading("data", 1, left=True),
        Heading("frontier", 4, left=True),
    ]
    rows = [
        Row(
            clean_line(point.candidate),
            (
                figures.percent(point.score) if point.score is not None else "-",
                figures.amount(point.cost_per_1000, decision.cost.currency),
                f"{point.open_questions}",
                "?" if point.gone is None else figures.percent(point.gone, 0),
                leaves_word(point),
                clean_line(place_of(point), 40),
            ),
            style="" if point.on else "dim",
        )
        for point in decision.frontier
    ]
    captions = ["unknown: demands it may or may not meet"]
    if decision.requirements is not None and decision.requirements.load is not None:
        captions.append("per 1k: money per 1,000 requests under the load")
    if any(point.gone is not None for point in decision.frontier):
        captions.append("gone: probability that it is not served to the end of the demanded months")
    lines = [Line("  Quality, cost and risk", "bold"), *laid_out("candidate", headings, rows, width)]
    return [*lines, Line(f"    {'; '.join(captions)}", "dim", 4)]


def flip_lines(decision: Decision) -> list[Line]:
    """Where the verdict flips, each with the option that decides beyond it."""
    if not decision.flips:
        return []
    lines = [Line("  Where it flips (found by deciding again on both sides)", "bold")]
    for point in decision.flips[:FLIPS]:
        lines.append(Line(f"    - {clean_line(point.statement, 400)}", "", 6))
        if point.option:
            lines.append(Line(f"      {clean_line(point.option, 200)}", "dim", 8))
    if (more := len(decision.flips) - FLIPS) > 0:
        lines.append(Line(f"    and {more} more, in the JSON and the HTML report", "dim", 4))
    for one in decision.break_even:
        lines.append(Line(f"    - {clean_line(one.statement, 400)}", "", 6))
    return lines
