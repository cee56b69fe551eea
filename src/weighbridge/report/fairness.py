"""What stands above the verdict: whether the comparison is fair, where something speaks against it."""

from __future__ import annotations

from weighbridge.audit.fairness.view import DIMENSION
from weighbridge.decide.decision import Decision
from weighbridge.evidence import Finding
from weighbridge.report import figures
from weighbridge.report.clean import clean_line
from weighbridge.report.columns import Line

SHOWN = 6
"""Findings shown at once in a terminal."""

ROWS = 3
"""Items to look at that a terminal names for each."""

LABELS = {"not met": "no", "unknown": "unknown"}
"""The answer to the heading's question."""


def doubts(decision: Decision) -> list[Finding]:
    """What speaks against the fairness of the comparison, or leaves it open."""
    return [finding for finding in decision.findings if finding.dimension == DIMENSION and finding.met != "met"]


def demanded(decision: Decision) -> list[Finding]:
    """Findings on requirements: all but those on fairness."""
    return [finding for finding in decision.findings if finding.dimension != DIMENSION]


def fairness_lines(decision: Decision) -> list[Line]:
    """Is it a fair comparison? Nothing where nothing speaks against it."""
    found = doubts(decision)
    if not found:
        return []
    lines = [Line("  Is it a fair comparison?", "bold")]
    for finding in found[:SHOWN]:
        style = "bold yellow" if finding.met == "not met" else "yellow"
        lines.append(Line(f"    {LABELS[finding.met]:<8} {clean_line(finding.statement, 600)}", style, 13))
        if finding.evidence:
            more = f" and {len(finding.evidence) - ROWS} more" if len(finding.evidence) > ROWS else ""
            rows = clean_line(", ".join(finding.evidence[:ROWS]), 200)
            lines.append(Line(f"             look at: {rows}{more}", "dim", 13))
        if finding.would_change:
            lines.append(Line(f"             to change it: {clean_line(finding.would_change, 400)}", "dim", 13))
    if (more_found := len(found) - SHOWN) > 0:
        more = figures.plural(more_found, "finding")
        lines.append(Line(f"    and {more} more, in the JSON and the HTML report", "dim", 4))
    return lines
