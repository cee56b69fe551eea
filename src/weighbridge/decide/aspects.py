"""What is known of a candidate without asking it, as numbers in [0, 1]: openness, continuity, privacy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.decide.subject import Subject
from weighbridge.evidence import ContinuityFor, Finding, OpennessAtLeast, Requirements

if TYPE_CHECKING:
    from weighbridge.decide.terms import Terms

MONTHS = 24
"""Months that continuity is asked about where the requirements name none."""

CLASSES = {"I": 1.0, "II": 0.75, "III": 0.5}
"""Classes of the Model Openness Framework; weights alone, under whatever licence, are 0.25."""


def privacy_share(subject: Subject) -> float | None:
    """1 on one's own machines; with a vendor 0.75 where nothing is kept, 0.5 where it is kept and not trained on,
    0.25 where training can be refused, 0 where it cannot. None where it is not known."""
    if subject.hosting == "own":
        return 1.0
    policy = subject.policy
    if policy is None or policy.trains is None:
        return None
    if policy.trains:
        return 0.25 if policy.opt_out else 0.0
    return 0.75 if policy.zero_retention == "always" else 0.5


def continuity_chance(subject: Subject, terms: Terms) -> float | None:
    """Probability that it is served, or can be, for the months demanded; None where it is not known."""
    demand = terms.requirements.continuity or ContinuityFor(MONTHS)
    found = terms.audits.findings(subject, Requirements(continuity=demand), terms.today)
    if subject.rule:
        return 1.0
    return stays(found[0]) if found else None


def stays(finding: Finding) -> float | None:
    """The probability behind a finding on continuity: 1 for weights that can be kept, of which none is stated."""
    return 1.0 if finding.value is None and finding.met == "met" else finding.value


def openness_share(subject: Subject, terms: Terms) -> tuple[float, float]:
    """Between the class that is shown and the class that is possible."""
    if subject.rule:
        return 1.0, 1.0
    if subject.target is None:
        return 0.0, 1.0

    def met(demand: OpennessAtLeast) -> str:
        return terms.audits.findings(subject, Requirements(openness=demand), terms.today)[0].met

    steps = [(value, met(OpennessAtLeast(mof=mof))) for mof, value in CLASSES.items()]  # type: ignore[arg-type] # keys are its values
    steps.append((0.25, met(OpennessAtLeast(weights=True))))
    low = max((value for value, found in steps if found == "met"), default=0.0)
    high = max((value for value, found in steps if found != "not met"), default=0.0)
    return low, max(low, high)
