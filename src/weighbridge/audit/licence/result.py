"""What a licence audit found: the verdict, what decides it, what has to be done, and what would change it."""

from __future__ import annotations

import msgspec

from weighbridge.audit.licence.ruling import Component, Kind, Ruling, Verdict, verdict_of
from weighbridge.catalog.fact import Source
from weighbridge.evidence.finding import Finding, Met
from weighbridge.evidence.requirements import Job

DISCLAIMER = "Not legal advice: the clauses named decide, and a lawyer reads them."

MOST = 3
"""Reasons that a sentence names."""


class Part(msgspec.Struct, frozen=True):
    """One component with what its licence says."""

    component: Component
    licences: tuple[str, ...]
    """Ids of the licences that apply, as far as they are known."""
    verdict: Verdict
    rulings: tuple[Ruling, ...]


class Change(msgspec.Struct, frozen=True):
    """A smaller or another job, and the verdict on it."""

    says: str
    verdict: Verdict


class LicenceAudit(msgspec.Struct, frozen=True):
    """Whether all components allow the job. Duties of all add up; what one forbids is forbidden."""

    target: str
    job: Job
    verdict: Verdict
    parts: tuple[Part, ...]
    changes: tuple[Change, ...] = ()
    """Jobs that differ in one thing and fare better, computed by asking again."""
    disagreements: tuple[str, ...] = ()
    """Where a label and a text, or two labels, name different licences; the stricter of each is taken."""
    ends: tuple[str, ...] = ()
    """How the licences end, and which policies by link they hold to, with the clause."""
    notes: tuple[str, ...] = ()
    sources: dict[str, Source] = {}
    """Sources of the clauses, by id."""
    disclaimer: str = DISCLAIMER

    @property
    def rulings(self) -> tuple[Ruling, ...]:
        """What is said of all components."""
        return tuple(ruling for part in self.parts for ruling in part.rulings)

    def of(self, kind: Kind) -> tuple[Ruling, ...]:
        """The rulings of one kind."""
        return tuple(ruling for ruling in self.rulings if ruling.kind == kind)

    @property
    def duties(self) -> tuple[Ruling, ...]:
        """What has to be done or kept to."""
        return self.of("requires")

    @property
    def conditions(self) -> tuple[Ruling, ...]:
        """What has to be so, and the job does not say."""
        return self.of("condition")

    def duties_of(self) -> list[tuple[str, list[Ruling]]]:
        """Duties, the same one at several components told once: what to do, and where it is said."""
        found: dict[str, list[Ruling]] = {}
        for duty in self.duties:
            found.setdefault(duty.says, []).append(duty)
        return list(found.items())

    @property
    def deciding(self) -> tuple[Ruling, ...]:
        """The rulings that make the verdict what it is."""
        worst: dict[Verdict, Kind] = {"not allowed": "forbids", "unknown": "unclear"}
        if self.verdict in worst:
            return self.of(worst[self.verdict])
        return self.conditions or self.duties

    @property
    def met(self) -> Met:
        """As a requirement: conditions that the job does not settle leave it unknown; duties do not."""
        if self.verdict == "not allowed":
            return "not met"
        return "unknown" if self.verdict == "unknown" or self.conditions else "met"

    @property
    def statement(self) -> str:
        """The verdict and what decides it, in one sentence."""
        duties = len(self.duties_of())
        kept = f"{duties} {'duty is' if duties == 1 else 'duties are'} kept"
        if self.verdict == "allowed":
            return f"{self.target}: allowed, with nothing to do"
        if self.verdict == "allowed if":
            ways = meets(self.conditions)
            return f"{self.target}: allowed if {', and '.join([*ways, kept] if duties else ways)}"
        named = [said(ruling) for ruling in self.deciding]
        more = f" (and {len(named) - MOST} more)" if len(named) > MOST else ""
        return f"{self.target}: {self.verdict}: {'; '.join(named[:MOST])}{more}"

    @property
    def would_change(self) -> str | None:
        """What would turn the finding around; None where it is met."""
        if self.met == "met":
            return None
        better = [change.says for change in self.changes if change.verdict != "unknown"]
        ways = [*dict.fromkeys(one.instead for one in self.deciding if one.instead), *better]
        if self.verdict == "allowed if":
            return f"meets if {'; and '.join(meets(self.conditions))}"
        if self.verdict == "unknown":
            asked = "; ".join(dict.fromkeys(one.says for one in self.deciding))
            return f"meets if this turns out well: {asked}" + (f"; or with {'; or '.join(ways)}" if ways else "")
        return f"meets with {'; or with '.join(ways)}" if ways else "no smaller job of this kind is allowed either"

    def finding(self, candidate: str | None = None) -> Finding:
        """The audit as a finding of the dimension ``licence``."""
        evidence = [
            f"{ruling.component}: {ruling.clause} ({', '.join(ruling.clause.source)}, seen {ruling.clause.seen}): "
            f"{ruling.clause.says}"
            if ruling.clause
            else f"{ruling.component}: {ruling.says}"
            for ruling in self.rulings
        ]
        return Finding(
            dimension="licence",
            met=self.met,
            statement=f"{self.statement}. {self.disclaimer}",
            candidate=candidate,
            evidence=tuple(dict.fromkeys([*self.disagreements, *evidence])),
            would_change=self.would_change,
        )


def part_of(component: Component, licences: tuple[str, ...], rulings: tuple[Ruling, ...]) -> Part:
    """A component's part of the verdict."""
    return Part(component, licences, verdict_of(rulings), rulings)


def said(ruling: Ruling) -> str:
    """A ruling with its clause."""
    return f"{ruling.says} [{ruling.clause}]" if ruling.clause else f"{ruling.component}: {ruling.says}"


def meets(conditions: tuple[Ruling, ...]) -> list[str]:
    """What has to be so, each with its clause."""
    found: dict[str, list[str]] = {}
    for one in conditions:
        found.setdefault(" or ".join(one.ways), []).append(str(one.clause))
    return [f"{ways} [{'; '.join(dict.fromkeys(clauses))}]" for ways, clauses in found.items()]
