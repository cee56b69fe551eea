"""Demands that are checked before a candidate is asked anything: by facts, licences and artefacts alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib import import_module
from typing import Any

import msgspec

from weighbridge.decide.customisation import customisation_finding
from weighbridge.decide.data import data_finding
from weighbridge.decide.subject import Subject
from weighbridge.evidence import Finding, Requirements

NAMES = ("licence", "openness", "data", "continuity", "hardware", "customisation")
"""Dimensions that need no answer, in the order in which findings stand."""


class Audits:
    """What the audits found, kept: a decision that looks for its own flip points asks them many times."""

    def __init__(self) -> None:
        self._findings: dict[tuple[str, str, bytes, date], list[Finding]] = {}

    def findings(self, subject: Subject, requirements: Requirements, today: date) -> list[Finding]:
        """The findings on one candidate."""
        asked = (requirements.licence, requirements.openness, requirements.data, requirements.continuity)
        demand = msgspec.json.encode((asked, requirements.hardware, requirements.customisation, requirements.load))
        key = (subject.name, subject.spec, demand, today)
        if key not in self._findings:
            self._findings[key] = _findings(subject, requirements, today)
        return self._findings[key]


def audited(
    subjects: Sequence[Subject], requirements: Requirements, today: date, audits: Audits | None = None
) -> list[Finding]:
    """One finding for each candidate and each of these demands, in the order of the candidates."""
    kept = audits or Audits()
    return [finding for subject in subjects for finding in kept.findings(subject, requirements, today)]


def _findings(subject: Subject, requirements: Requirements, today: date) -> list[Finding]:
    findings: list[Finding] = []
    if requirements.licence is not None:
        findings.append(_licence(subject, requirements))
    if requirements.openness is not None:
        findings.append(_openness(subject, requirements))
    if requirements.data is not None:
        findings.append(data_finding(subject, requirements.data, today))
    if requirements.continuity is not None:
        findings.append(_continuity(subject, requirements, today))
    if requirements.hardware:
        findings.append(_hardware(subject))
    if requirements.customisation:
        findings.append(customisation_finding(subject, requirements.customisation, today))
    return findings


def _licence(subject: Subject, requirements: Requirements) -> Finding:
    if subject.rule:
        return _own(subject, "licence", "no model's licence applies to it")
    if subject.target is None:
        return _unidentified(subject, "licence", "its licence allows the job")
    return _asked("licence", "audit_licence", subject, (subject.target, requirements.licence), ())


def _openness(subject: Subject, requirements: Requirements) -> Finding:
    if subject.rule:
        return _own(subject, "openness", "it is one's own and as open as one likes")
    if subject.target is None:
        return _unidentified(subject, "openness", "it is as open as demanded")
    return _asked("openness", "audit_openness", subject, (subject.target,), (requirements.openness,))


def _continuity(subject: Subject, requirements: Requirements, today: date) -> Finding:
    if subject.rule:
        return _own(subject, "continuity", "nobody can take it away")
    if subject.target is None:
        return _unidentified(subject, "continuity", "it stays for as long")
    return _asked("continuity", "audit_continuity", subject, (subject.target, today), (requirements.continuity,))


def _hardware(subject: Subject) -> Finding:
    if subject.rule:
        return _own(subject, "hardware", "it needs no accelerator")
    if subject.hosting == "vendor":
        return Finding(
            "hardware",
            "met",
            f"{subject.name}: is a vendor's service, and needs no hardware of one's own",
            candidate=subject.name,
        )
    return Finding(
        "hardware",
        "unknown",
        f"{subject.name}: whether it fits is not known",
        candidate=subject.name,
        would_change="meets if it fits on the machines at hand",
    )


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


def _asked(room: str, name: str, subject: Subject, arguments: tuple[Any, ...], demand: tuple[Any, ...]) -> Finding:
    """The finding of one of the audits."""
    try:
        audit = getattr(import_module(f"weighbridge.audit.{room}"), name)
    except (ImportError, AttributeError):
        return _unidentified(subject, room, "it is audited")
    finding: Finding = audit(*arguments).finding(*demand, candidate=subject.name)
    return finding
