"""All checks of one comparison, in the order in which a reader should hear of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from weighbridge.audit.fairness.answering import answering
from weighbridge.audit.fairness.broken import broken_runs
from weighbridge.audit.fairness.clusters import clusters
from weighbridge.audit.fairness.conditions import conditions
from weighbridge.audit.fairness.constant import constant_answers, cut_answers
from weighbridge.audit.fairness.duplicates import contradictions, duplicates
from weighbridge.audit.fairness.extraction import wrong_extraction
from weighbridge.audit.fairness.length import length_of_answers
from weighbridge.audit.fairness.level import ceiling, chance_level
from weighbridge.audit.fairness.missing import missing_answers
from weighbridge.audit.fairness.phrase import fixed_phrases
from weighbridge.audit.fairness.size import benchmark_size
from weighbridge.audit.fairness.ties import copied_answers, ties
from weighbridge.audit.fairness.unread import unread_answers
from weighbridge.audit.fairness.view import View
from weighbridge.evidence import Evidence, Finding, Question

if TYPE_CHECKING:
    from weighbridge.logs.log import Settings

Check = Callable[[View], list[Finding]]

CHECKS: tuple[Check, ...] = (
    answering,
    conditions,
    broken_runs,
    wrong_extraction,
    unread_answers,
    constant_answers,
    cut_answers,
    copied_answers,
    length_of_answers,
    fixed_phrases,
    duplicates,
    contradictions,
    clusters,
    chance_level,
    ceiling,
    benchmark_size,
    ties,
)

SEVERITY = {"not met": 0, "unknown": 1, "met": 2}


def check_fairness(
    evidence: Evidence,
    question: Question,
    settings: Mapping[str, Settings] | None = None,
) -> list[Finding]:
    """Findings of the dimension ``fairness``: what is not met first, then what is unknown, then what is met.

    evidence
        The table that is weighed. Cells that a race did not ask are no fault; what was missing before items were
        left out or filled in stands in `Evidence.whole`.
    settings
        How the answers came about, by candidate name, where logs say so.

    A check that does not apply (no answers kept, no references, too few items) says nothing. A finding bars nobody:
    it tells how far the verdict can be believed.
    """
    if not evidence.items or len(evidence.columns) < 2:
        return []
    view = View(evidence, question, settings)
    whole = evidence.whole or (evidence if evidence.asked.all() else None)
    found = missing_answers(whole) if whole is not None else []
    for check in CHECKS:
        found += check(view)
    return sorted(found, key=lambda one: SEVERITY[one.met])
