"""Ties: how few items tell two candidates apart, and candidates that give each other's answers."""

from __future__ import annotations

import numpy as np

from weighbridge.audit.fairness.view import View, finding
from weighbridge.evidence import Finding
from weighbridge.evidence.words import count, percent

FEWEST = 50
"""Items below which nothing is said about ties."""

DECIDING = 10
"""Fewer items that differ than this are a thin base for a verdict."""

LONG = 40
"""Characters from which two models do not hit on the same text by themselves."""

COPIED = 0.9


def ties(view: View) -> list[Finding]:
    """How many items the difference between the two rivals rests on."""
    if view.rivals is None:
        return []
    a, b = view.rivals
    both, differences = view.differences(a, b)
    if both.size < FEWEST:
        return []
    differ = both[np.abs(differences) > 0]
    shares = f"{count(int(differ.size), 'item')} of {both.size:,} ({percent(differ.size / both.size)})"
    pair = f"{view.names[a]} and {view.names[b]}"
    if differ.size >= DECIDING:
        return [finding("met", f"{pair} differ on {shares}", value=differ.size / both.size)]
    what = "have the same score on every item" if not differ.size else f"differ on only {shares}"
    return [
        finding(
            "unknown",
            f"{pair} {what}: next to nothing tells them apart",
            value=differ.size / both.size,
            limit=DECIDING / both.size,
            evidence=view.ids(differ),
            would_change="harder items, or a scorer that sees finer differences",
        )
    ]


def copied_answers(view: View) -> list[Finding]:
    """Candidates whose long answers are word for word another's: one model under two names, or a cache gone wrong."""
    answers = view.evidence.answers
    if answers is None or len(view.names) < 2:
        return []
    taken: dict[int, int] = {}
    compared = 0
    for a in range(len(view.names)):
        long = [(i, text) for i, text in view.sample(a, 400) if len(text) >= LONG]
        if len(long) < FEWEST // 2 or len({text for _, text in long}) * 2 < len(long):
            continue
        compared += 1
        for b in range(a + 1, len(view.names)):
            there = [(text, other) for i, text in long if (other := answers[b][i]) is not None]
            if len(there) < FEWEST // 2 or b in taken:
                continue
            if sum(text == other for text, other in there) >= COPIED * len(there):
                taken[b] = a
    found = []
    for b, a in taken.items():
        rows = [i for i, text in view.sample(a, 400) if answers[b][i] == text and len(text) >= LONG]
        found.append(
            finding(
                "not met",
                f"{view.names[b]} gave the answers of {view.names[a]}, word for word: is it one model under two "
                "names, or one model's cache read for the other?",
                candidate=view.names[b],
                evidence=view.ids(rows),
                would_change=f"answers that {view.names[b]} gave itself, or leaving one of the two out",
            )
        )
    if not found and compared >= 2:
        return [finding("met", "no candidate gave another's answers word for word")]
    return found
