"""Chance level and ceiling: scores that say little because guessing gets as far, or because all are at the top."""

from __future__ import annotations

import numpy as np

from weighbridge.audit.fairness.view import View, finding
from weighbridge.evidence import Finding
from weighbridge.evidence.words import percent, points, some_of
from weighbridge.stats.fixed import mean_interval

FEWEST = 20
"""Items below which a level cannot be told from luck."""


def chance_level(view: View) -> list[Finding]:
    """Candidates that are not above what the commonest reference alone would get, where references are labels.

    A candidate stands above it where the whole of its interval at 1 - alpha does.
    """
    labels = view.labels
    if labels is None or len(labels) < 2 or view.items < FEWEST or view.judged:
        return []
    label, often = max(labels.items(), key=lambda pair: pair[1])
    chance = often / view.items
    low = []
    for k, _ in view.answering():
        scores = view.evidence.score[k][view.asked[k]]
        if scores.size >= FEWEST:
            floor = mean_interval(scores, view.question.alpha)[0]
            low += [k] if floor <= chance and view.means[k] < 1 else []
    shown = next(text.strip() for text in view.references or () if text.strip().casefold() == label)
    level = f"always answering {shown[:40]!r} would get {percent(chance)}"
    if not low:
        return [finding("met", f"every candidate is above guessing: {level}", limit=chance)]
    best = max(low, key=lambda k: view.means[k])
    names = [view.names[k] for k in low]
    return [
        finding(
            "not met",
            f"not above guessing: {some_of(names)} ({percent(float(view.means[best]))}"
            f"{' at best' if len(low) > 1 else ''}), where {level}",
            candidate=names[0] if len(low) == 1 else None,
            value=float(view.means[best]),
            limit=chance,
            would_change="a prompt and a scorer that fit the candidate, or more items",
        )
    ]


def ceiling(view: View) -> list[Finding]:
    """Whether the best candidates have so little left to gain that the tolerance cannot be exceeded, or all fail."""
    ranked = view.ranked
    if len(ranked) < 2 or view.items < FEWEST:
        return []
    if float(view.means[ranked[0]]) == 0.0:
        return [
            finding(
                "not met",
                "every candidate scored 0 on every item: the scorer or the prompt is more likely at fault than "
                "every model",
                value=0.0,
                evidence=view.ids(range(min(view.items, 5))),
                would_change="a look at some answers and what the scorer read in them",
            )
        ]
    near = [k for k in ranked if view.means[k] >= 1 - view.tolerance]
    if len(near) < 2 or view.tolerance <= 0:
        top = percent(float(view.means[ranked[0]]))
        return [finding("met", f"room to differ: the highest score is {top}", value=float(view.means[ranked[0]]))]
    solved = float((np.where(view.asked[near], view.evidence.score[near], 1.0) >= 1).all(axis=0).mean())
    missed = np.flatnonzero((np.where(view.asked[near], view.evidence.score[near], 1.0) < 1).any(axis=0))
    return [
        finding(
            "not met",
            f"at the ceiling: {some_of([view.names[k] for k in near])} score within {points(view.tolerance)} of the "
            f"full score, so that these items can hardly tell them apart (all of them solve {percent(solved)})",
            value=float(view.means[near[-1]]),
            limit=1 - view.tolerance,
            evidence=view.ids(missed),
            would_change="harder items",
        )
    ]
