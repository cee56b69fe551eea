"""The decision as Markdown, for a pull request's comment or a CI job's summary."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from weighbridge.decide import CandidateResult, Decision
from weighbridge.logs.whole_file import write_whole
from weighbridge.report.clean import clean_line

MOST_PAIRS = 12
MOST_FINDINGS = 30

_MARKS = {"met": "met", "not met": "**not met**", "unknown": "unknown"}
_SPECIAL = re.compile(r"([\\`*_\[\]#|~$])")


def write_markdown(decision: Decision, path: Path) -> None:
    """Writes `markdown` of `decision` to `path`."""
    write_whole(path, markdown(decision))


def markdown(decision: Decision) -> str:
    """Verdict, warnings, candidates, pairs and findings. Texts of models and data are escaped."""
    parts = [f"## {escaped(decision.title or 'Weighbridge')}", f"**{escaped(decision.verdict.sentence, 2000)}**"]
    if decision.simulated:
        parts.append("Some candidates are simulated: nothing here was measured on a model.")
    unfair = [one for one in decision.findings if one.dimension == "fairness" and one.met != "met"]
    doubts = [*decision.warnings, *(one.statement for one in unfair)]
    if doubts:
        parts.append("\n".join(f"> {escaped(doubt, 1000)}  " for doubt in dict.fromkeys(doubts)))
    if decision.verdict.reasons:
        parts.append(_bullets(decision.verdict.reasons))
    parts.append(_candidates(decision))
    if decision.pairs:
        parts.append(_pairs(decision))
    findings = [one for one in decision.findings if one.dimension != "fairness"]
    if findings:
        rows = [
            [escaped(one.dimension), escaped(one.candidate or ""), _MARKS[one.met], escaped(one.statement, 500)]
            for one in findings[:MOST_FINDINGS]
        ]
        parts.append(_table(["requirement", "candidate", "", "finding"], "llll", rows))
        if len(findings) > MOST_FINDINGS:
            parts.append(f"and {len(findings) - MOST_FINDINGS} more findings")
    if decision.verdict.would_change:
        parts.append("What would change it:\n\n" + _bullets(decision.verdict.would_change))
    about = "the traffic the items were drawn from" if decision.claim == "population" else "these items alone"
    parts.append(
        f"<sub>{decision.items_drawn:,} of {decision.items:,} items, {decision.calls.made:,} of "
        f"{decision.calls.exhaustive:,} calls, seed {decision.seed}; intervals at {100 * (1 - decision.alpha):g} %, "
        f"about {about}.</sub>"
    )
    return "\n\n".join(parts) + "\n"


def _candidates(decision: Decision) -> str:
    currency = decision.cost.currency
    heads = ["candidate", "side", "score", "interval", "items", f"{currency} per 1,000", "p95"]
    return _table([escaped(head) for head in heads], "llrrrrr", [_candidate(one) for one in decision.candidates])


def _candidate(result: CandidateResult) -> list[str]:
    interval = f"{result.interval[0]:.3f} to {result.interval[1]:.3f}" if result.interval else ""
    return [
        escaped(result.name) + (" (simulated)" if result.simulated else ""),
        result.side,
        "" if result.score is None else f"{result.score:.3f}",
        interval,
        f"{result.items:,}",
        "unknown" if result.cost_per_1000 is None else f"{result.cost_per_1000:.2f}",
        "unknown" if result.latency_p95 is None else f"{result.latency_p95:.2f} s",
    ]


def _pairs(decision: Decision) -> str:
    rows = [
        [
            f"{escaped(pair.a)} − {escaped(pair.b)}",
            f"{pair.difference:+.3f}",
            f"{pair.interval[0]:+.3f} to {pair.interval[1]:+.3f}",
            f"{pair.win:,} / {pair.tie:,} / {pair.loss:,}",
        ]
        for pair in decision.pairs[:MOST_PAIRS]
    ]
    table = _table(["pair", "difference", "interval", "wins / ties / losses"], "lrrr", rows)
    left = len(decision.pairs) - MOST_PAIRS
    return table + (f"\n\nand {left} more pairs" if left > 0 else "")


def _table(heads: Sequence[str], places: str, rows: Sequence[Sequence[str]]) -> str:
    rule = ["---:" if place == "r" else "---" for place in places]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, rule, *rows])


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {escaped(line, 1000)}" for line in lines)


def escaped(text: str, limit: int = 120) -> str:
    """`text` on one line, so that it is shown as it is: no markup, no HTML, no mention of a user."""
    line = clean_line(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", line).replace("@", "&#64;")
