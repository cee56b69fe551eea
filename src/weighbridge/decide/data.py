"""What may happen to what is sent, held against the dated facts on what vendors do with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from weighbridge.catalog.vendors import Policy
from weighbridge.decide.fact_rows import fact_rows
from weighbridge.decide.subject import Subject
from weighbridge.evidence import DataHandling, Finding, Met

EU = frozenset(
    ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU")
) | frozenset(("LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"))
"""Members of the European Union in 2026, ISO 3166."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the demand: whether it is met, why, and what would make it so."""

    met: Met
    says: str
    if_: str | None = None
    fact: str | None = None
    """Name of the fact of the policy that decides."""


def data_finding(subject: Subject, demand: DataHandling, today: date) -> Finding:
    """Whether what is sent to a candidate is handled as demanded. What is not known never counts as met."""
    policy = subject.policy
    if subject.hosting == "own":
        return _finding(
            subject, today, [Part("met", "runs on one's own machines, and nothing leaves them", fact="channel")]
        )
    if demand.leaves == "never":
        if subject.hosting == "vendor":
            by = f" ({policy.name})" if policy is not None else ""
            change = "hosting it oneself (`policy: self_hosted`)" if subject.side == "open" else None
            part = Part("not met", f"is a vendor's service{by}, to which everything that is sent leaves", change)
            return _finding(subject, today, [part])
        return _finding(
            subject, today, [Part("unknown", "where it runs is not known", "it runs on one's own machines")]
        )
    if policy is None:
        where = "its vendor's data policy is" if subject.hosting == "vendor" else "where it runs is"
        return _finding(
            subject,
            today,
            [Part("unknown", f"{where} not known", "a policy that allows it is named (`policy: NAME`)")],
        )
    parts = [_training(policy, demand), _kept(policy, demand), _region(policy, demand)]
    return _finding(subject, today, [part for part in parts if part is not None])


def _training(policy: Policy, demand: DataHandling) -> Part | None:
    if demand.training:
        return None
    if policy.trains is False:
        return Part("met", "the vendor does not train on it", fact="trains_on_inputs")
    if policy.trains is None:
        return Part("unknown", "whether the vendor trains on it is not known", "it does not", "trains_on_inputs")
    if policy.opt_out:
        says = "the vendor trains on it unless it is told not to"
        return Part("unknown", says, "the account has opted out of training", "opt_out")
    return Part("not met", "the vendor trains on it", None, "trains_on_inputs")


def _kept(policy: Policy, demand: DataHandling) -> Part | None:
    """Retention: none at all, or for so many days at most."""
    most = 0 if demand.zero_retention else demand.retention_days
    if most is None:
        return None
    if policy.zero_retention == "always":
        return Part("met", "the vendor keeps nothing", fact="zero_retention")
    days = policy.retention_days
    if days is not None and days <= most:
        longest = _contested(policy, "retention_days")
        if longest is not None and longest > most:
            says = f"the vendor keeps it for {days:g} days by one source and {longest:g} by another"
            return Part("unknown", says, f"it is {most} days at most", "retention_days")
        return Part("met", f"the vendor keeps it for {days:g} days at most", fact="retention_days")
    kept = "how long the vendor keeps it is not known" if days is None else f"the vendor keeps it for {days:g} days"
    if policy.zero_retention == "agreement":
        says = f"{kept}, or not at all where that is agreed on"
        return Part("unknown", says, "zero retention is agreed on with the vendor", "zero_retention")
    if days is None:
        return Part("unknown", kept, f"it keeps it for at most {most} days", "retention_days")
    return Part("not met", f"{kept}, and at most {most} are allowed", f"at least {days:g} days allowed")


def _contested(policy: Policy, name: str) -> float | None:
    """The highest number that another source gives; None where none does."""
    fact = policy.facts.get(name)
    others = () if fact is None else [other.value for other in fact.contested_by]
    numbers = [float(value) for value in others if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return max(numbers, default=None)


def _region(policy: Policy, demand: DataHandling) -> Part | None:
    if not demand.region:
        return None
    wanted = " or ".join(demand.region)
    if policy.regions is not None and inside(policy.regions, demand.region):
        return Part("met", f"it is processed in {', '.join(policy.regions)}", fact="region")
    choices = policy.region_choices
    if choices is not None and (
        "any" in choices or any(inside((choice,), demand.region) for choice in choices if choice != "any")
    ):
        says = "the vendor lets its customers choose the region"
        return Part("unknown", says, f"{wanted} is chosen, and the type of deployment stays in it", "region_choice")
    if policy.regions is not None:
        return Part("not met", f"it is processed in {', '.join(policy.regions)}, not in {wanted}", None, "region")
    return Part("unknown", "where it is processed is not known", f"it is processed in {wanted}", "region")


def inside(places: Iterable[str], wanted: Sequence[str]) -> bool:
    """Whether all `places` lie in one of the regions `wanted`; ``EU`` holds its members."""

    def one(place: str) -> bool:
        return place in wanted or ("EU" in wanted and place in EU)

    return all(one(place) for place in places)


def _finding(subject: Subject, today: date, parts: Sequence[Part]) -> Finding:
    """The worst part decides; the statement names the parts that do."""
    rank = {"not met": 0, "unknown": 1, "met": 2}
    met: Met = min((part.met for part in parts), key=rank.__getitem__, default="met")
    told = [part for part in parts if part.met == met] or [Part("met", "nothing is demanded that it could break")]
    changes = [part.if_ for part in told if part.if_]
    change = None
    if changes:
        joined = ", and ".join(changes)
        change = f"meets if {joined}" if met == "unknown" else joined
    named = [part.fact for part in parts if part.fact]
    rows = () if subject.policy is None else fact_rows(subject.policy, named, today)
    return Finding(
        "data",
        met,
        f"{subject.name}: {'; '.join(part.says for part in told)}",
        candidate=subject.name,
        evidence=rows,
        would_change=change,
    )
