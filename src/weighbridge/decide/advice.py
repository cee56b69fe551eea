"""What stands beside the verdict: reasons, what would change it, and warnings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weighbridge.audit.fairness.answering import scored_differently
from weighbridge.decide.sentence import Story
from weighbridge.decide.standing import Standing
from weighbridge.decide.words import count, listed, money, percent, points
from weighbridge.evidence import Evidence, Finding
from weighbridge.weighing.run import Run

FEW_ITEMS = 100
FEW_CLUSTERS = 30
MOST_OPEN = 6
"""Findings not met or unknown of which each says, beside the verdict, what would change it."""
MANY_UNREAD = 0.05
"""Share of answers that could not be scored from which a warning is due."""


def reasons(story: Story, findings: Sequence[Finding]) -> list[str]:
    """What led to the verdict: who was barred and by what, what is unknown, who was beaten when."""
    lines = _failed(findings)
    if story.settled.short:
        lines.append(
            "The race stopped when a candidate that does not meet the requirements had won it; the rest were not "
            "asked enough to decide among them."
        )
    first = story.first
    if first is not None:
        name = story.name(first)
        lines += [
            f"{name} against {pair.b}: {pair.win:,} won, {pair.tie:,} level, {pair.loss:,} lost of "
            f"{count(pair.items, 'item')}."
            for pair in story.pairs
            if pair.a == name
        ][:5]
    lines += [
        f"{result.name} left after {count(result.out_at, 'item')}: {result.out}."
        for result in story.results
        if result.out and result.out_at is not None
    ][:8]
    return lines


def _failed(findings: Sequence[Finding]) -> list[str]:
    """What is not met or not known: each in full, or, where there are many, who and of what."""
    told = [finding for finding in findings if finding.met != "met"]
    if len(told) <= MOST_OPEN:
        lines = [finding.statement.rstrip(".") + "." for finding in told if finding.met == "not met"]
        return lines + [f"Unknown: {finding.statement.rstrip('.')}." for finding in told if finding.met == "unknown"]
    lines = []
    for met, words in (("not met", "not met by"), ("unknown", "not known of")):
        by: dict[str, list[str]] = {}
        for finding in told:
            if finding.met == met:
                by.setdefault(finding.dimension, []).append(finding.candidate or "all")
        lines += [f"{dimension.capitalize()}: {words} {listed(names)}." for dimension, names in by.items()]
    return lines


def would_change(story: Story, findings: Sequence[Finding]) -> list[str]:
    """What would turn the verdict around."""
    lines: list[str] = []
    first, pair = story.first, story.rival()
    kind = story.settled.kind
    if kind == "undecided" and first is not None:
        if story.more_items is not None:
            lines.append(
                f"About {count(story.more_items, 'more item')} would settle it, if the scores stay as they are."
            )
        lines += _wider(story, first)
    elif first is not None and pair is not None and kind == "best":
        gap = pair.difference + story.question.epsilon
        lines.append(f"{pair.b} would have to gain more than {points(gap)} on {pair.a}.")
    elif kind == "non_inferior" and pair is not None:
        lines.append(f"{pair.a} would have to lose {points(pair.difference + story.question.margin)} to {pair.b}.")
    elif kind == "none" and not story.settled.barred:
        lines.append("A wider margin, or a better open candidate (another prompt makes a new candidate).")
    open_ = [finding for finding in findings if finding.met != "met" and finding.would_change]
    if len(open_) > MOST_OPEN and first is not None:
        # All stand beside the requirements too; here only what concerns whoever leads.
        open_ = [finding for finding in open_ if finding.candidate == story.name(first)]
    lines += [f"{finding.candidate}, {finding.dimension}: {finding.would_change}." for finding in open_]
    return lines


def _wider(story: Story, first: int) -> list[str]:
    known = [
        result.certified_epsilon
        for index, result in enumerate(story.results)
        if result.certified_epsilon is not None
        and index not in (*story.settled.barred, *story.settled.gone)
        and index != first
    ]
    if not known or max(known) >= 1 or story.settled.doubtful:
        return []
    tolerance = "margin" if story.question.goal in ("non_inferior", "superior") else "epsilon"
    return [f"With {tolerance} {max(known):.3f}, fixed beforehand, the verdict would have been {story.name(first)}."]


def warnings(
    run: Run,
    standing: Standing,
    population: str | None,
) -> list[str]:
    """What the reader must know before believing the verdict."""
    evidence, question = run.evidence, run.question
    lines: list[str] = []
    fake = [column.name for column in evidence.columns if column.simulated]
    if fake:
        lines.append(f"Simulated: the answers of {listed(fake)} are made up; nothing here is about a real model.")
    differently = scored_differently(evidence)
    if differently is not None:
        lines.append(differently)
    lines += run.notes
    lines += [
        f"{name} was taken down: {why}"
        for name, why in run.dead.items()
        if not any(name in note for note in run.notes)
    ]
    lines += _size(evidence, standing, question.claim)
    if population is not None:
        lines.append(population)
    lines += _sides(evidence)
    lines += _unread(evidence)
    return lines


def _size(evidence: Evidence, standing: Standing, claim: str) -> list[str]:
    lines = []
    if claim == "population" and standing.unit == "cluster":
        lines.append(
            f"Items come in {count(standing.units, 'cluster')}; a cluster counts once, and scores are means over "
            "clusters."
        )
        if standing.units < FEW_CLUSTERS:
            lines.append(f"Only {count(standing.units, 'cluster')}: too few to say much about others.")
    elif len(evidence.items) < FEW_ITEMS:
        lines.append(f"Only {count(len(evidence.items), 'item')}: small differences cannot show.")
    return lines


def _sides(evidence: Evidence) -> list[str]:
    lines = []
    sides = {column.side for column in evidence.columns}
    prompts = {column.prompt for column in evidence.columns}
    if {"open", "closed"} <= sides and len(prompts) > 1:
        lines.append("Open and closed candidates have different prompts: model and prompt are compared together.")
    return lines


def _unread(evidence: Evidence) -> list[str]:
    """Candidates that lose many points to answers that were not scored on their content."""
    lines = []
    for k, column in enumerate(evidence.columns):
        asked = int(evidence.asked[k].sum())
        counts = evidence.statuses(k)
        bad = {status: n for status, n in counts.items() if status != "ok" and n >= MANY_UNREAD * max(1, asked)}
        if bad and asked:
            parts = ", ".join(f"{percent(n / asked)} {status}" for status, n in bad.items())
            lines.append(f"{column.name}: {parts}; see whether the model or the prompt, limit or server is to blame.")
    return lines


def pool_answer(evidence: Evidence, currency: str) -> str | None:
    """What the exhausted pool says by itself; None where an item was left out for anybody."""
    if not evidence.items or not bool(np.logical_and.reduce(evidence.asked, axis=None)):
        return None
    means = evidence.score.mean(axis=1)
    order = np.argsort(-means, kind="stable")
    shown = ", ".join(f"{evidence.columns[k].name} {percent(float(means[k]))}" for k in order[:8])
    more = f" and {count(len(order) - 8, 'other')}" if len(order) > 8 else ""
    costs = evidence.cost[order[0]]
    price = f" at {money(1000 * float(costs.mean()), currency)} per 1,000" if np.isfinite(costs).all() else ""
    best = evidence.columns[order[0]].name
    return f"Over all {count(len(evidence.items), 'item')}: {shown}{more}; the highest is {best}{price}."
