"""Demands that are checked before a candidate is asked anything: by facts, licences and artefacts alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, TypeVar

import msgspec

from weighbridge.decide.customisation import customisation_finding
from weighbridge.decide.data import data_finding
from weighbridge.decide.hardware import hardware_finding
from weighbridge.decide.hosting import Plants, plants_of
from weighbridge.decide.subject import Subject, model_named
from weighbridge.evidence import ContinuityFor, Finding, Job, Load, OpennessAtLeast, Owned, Requirements

if TYPE_CHECKING:
    from weighbridge.audit.continuity import Continuity
    from weighbridge.audit.openness import Openness

T = TypeVar("T")

ALWAYS = date.min
"""The day of a finding that does not hang on one."""


class Audits:
    """What the audits found, kept: a decision that looks for its own flip points asks them many times."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Subject | str, bytes, date], object] = {}

    def findings(self, subject: Subject, requirements: Requirements, today: date) -> list[Finding]:
        """The findings on one candidate, in the order in which they stand in `Requirements`."""
        needed = requirements
        found: list[Finding] = []
        job, handling, edits = needed.licence, needed.data, needed.customisation
        if job is not None:
            found.append(self._once("licence", subject, job, ALWAYS, lambda: _licence(subject, job)))
        if needed.openness is not None:
            found.append(self._openness(subject, needed.openness))
        if handling is not None:
            found.append(self._once("data", subject, handling, today, lambda: data_finding(subject, handling, today)))
        if needed.continuity is not None:
            found.append(self._continuity(subject, needed.continuity, today))
        if needed.hardware:
            demand = (needed.hardware, needed.load)
            checked = self._once("hardware", subject, demand, ALWAYS, lambda: hardware_finding(subject, *demand))
            found.append(checked)
        if edits:
            possible = self._once(
                "customisation", subject, edits, today, lambda: customisation_finding(subject, edits, today)
            )
            found.append(possible)
        return found

    def plants(
        self,
        subject: Subject,
        load: Load,
        machines: tuple[Owned, ...],
        tokens: tuple[float | None, float | None],
    ) -> Plants | str:
        """See `decide.hosting.plants_of`."""
        whole = (load.input_tokens, load.output_tokens, machines, tokens)
        return self._once("plant", subject, whole, ALWAYS, lambda: plants_of(subject, load, machines, tokens))

    def _openness(self, subject: Subject, demand: OpennessAtLeast) -> Finding:
        target = subject.target
        if subject.rule:
            return _own(subject, "openness", "it is one's own, and as open as one likes")
        if target is None:
            return _unidentified(subject, "openness", "it is as open as demanded")

        def audit() -> Openness:
            from weighbridge.audit.openness import audit_openness

            return audit_openness(target)

        found = self._once("openness audit", subject, None, ALWAYS, audit)
        return self._once("openness", subject, demand, ALWAYS, lambda: found.finding(demand, candidate=subject.name))

    def _continuity(self, subject: Subject, demand: ContinuityFor, today: date) -> Finding:
        if subject.rule:
            return _own(subject, "continuity", "nobody can take it away")

        def audit() -> Continuity | None:
            from weighbridge.audit.continuity import continuity_of

            called = model_named(subject.spec, subject.name)
            vendor = subject.vendor
            return continuity_of(subject.target, f"{vendor}:{called}" if vendor else called, today)

        found = self._once("continuity audit", subject, None, today, audit)
        if found is None:
            return _unidentified(subject, "continuity", "it stays for as long")
        return self._once("continuity", subject, demand, today, lambda: found.finding(demand, candidate=subject.name))

    def _once(self, what: str, subject: Subject, demand: object, today: date, find: Callable[[], T]) -> T:
        key = (what, f"{subject.name}\0{subject.spec}", msgspec.json.encode(demand), today)
        if key not in self._kept:
            self._kept[key] = find()
        found: T = self._kept[key]  # type: ignore[assignment] # what `find` of the same kind gave before
        return found


def audited(
    subjects: Sequence[Subject], requirements: Requirements, today: date, audits: Audits | None = None
) -> list[Finding]:
    """One finding for each candidate and each of these demands, in the order of the candidates."""
    kept = audits or Audits()
    return [finding for subject in subjects for finding in kept.findings(subject, requirements, today)]


def _licence(subject: Subject, job: Job) -> Finding:
    if subject.rule:
        return _own(subject, "licence", "no model's licence applies to it")
    if subject.target is None:
        return _unidentified(subject, "licence", "its licence allows the job")
    from weighbridge.audit.licence import audit_licence

    return audit_licence(subject.target, job).finding(candidate=subject.name)


def _own(subject: Subject, dimension: str, why: str) -> Finding:
    return Finding(dimension, "met", f"{subject.name}: is a rule of one's own; {why}", candidate=subject.name)


def _unidentified(subject: Subject, dimension: str, needs: str) -> Finding:
    return Finding(
        dimension,
        "unknown",
        f"{subject.name}: the catalogue has no such model, so that nothing is known of it",
        candidate=subject.name,
        would_change=f"meets if {needs}; name its entry with `facts: NAME`, or write its facts into a file of your "
        "own (WEIGHBRIDGE_FACTS)",
    )
