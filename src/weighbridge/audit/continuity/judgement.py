"""Continuity held against a demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighbridge.evidence import ContinuityFor, Finding, Met

if TYPE_CHECKING:
    from weighbridge.audit.continuity.lifetimes import Outlook
    from weighbridge.audit.continuity.report import Continuity

DIMENSION = "continuity"


def judged(found: Continuity, demand: ContinuityFor, candidate: str | None) -> Finding:
    """Met where the whole interval of the probability is at or above the demand, not met where it is below.

    Weights stay with whoever has them: they meet any demand as long as an engine loads them today.
    """
    name = candidate or found.name
    if found.kind == "weights":
        return _weights(found, demand, name, candidate)
    if found.kind == "channel":
        return Finding(
            DIMENSION,
            "unknown",
            f"{name}: is a service, and no version of a model; each version on it has an end of its own",
            candidate=candidate,
            limit=demand.probability,
            would_change="meets if the version that is called stays; name it, such as azure:gpt-4.1",
        )
    outlook = found.outlook(demand.months)
    if outlook is None:
        return Finding(
            DIMENSION,
            "unknown",
            f"{name}: nothing is known of who serves it, since when or until when",
            candidate=candidate,
            limit=demand.probability,
            would_change=f"meets if its vendor promises to serve it for {demand.months} months more",
        )
    return _served(found, demand, outlook, name, candidate)


def _served(found: Continuity, demand: ContinuityFor, outlook: Outlook, name: str, candidate: str | None) -> Finding:
    chance = outlook.chance
    met: Met = "unknown"
    if chance.low >= demand.probability:
        met = "met"
    elif chance.high < demand.probability:
        met = "not met"
    first = found.calendar[0] if found.calendar else None
    versions = [one for one in found.calendar if one.state != "ended"] or list(found.calendar)
    ids = tuple(one.version.id for one in versions)
    sources = tuple(dict.fromkeys(source for one in versions for source in one.version.facts["released"].source))
    if outlook.basis == "ended":
        when = first.words() if first else f"ended {found.ended or 'on a day not known here'}"
        statement = f"{name}: is no more served ({when})"
        change = "it would have to be brought back; move to its successor"
    else:
        statement = (
            f"{name}: served {demand.months} months from now with probability {chance.words()}; {reason(outlook)}"
        )
        change = _change(met, demand, outlook)
    return Finding(
        DIMENSION,
        met,
        statement,
        candidate=candidate,
        value=chance.value,
        interval=(chance.low, chance.high),
        limit=demand.probability,
        evidence=(*ids, *sources),
        would_change=change,
    )


def reason(outlook: Outlook) -> str:
    """What a probability rests on, in words."""
    if outlook.basis == "announced":
        return "its end is announced"
    if outlook.basis == "planned":
        return "the day of its end was given when it was released, and may be postponed"
    if outlook.basis == "promise":
        said = f"; of {outlook.compared} ends it announced, {outlook.lasted} were told that early"
        return "the vendor's word covers all of that time" + (said if outlook.compared else "")
    if outlook.basis == "ended":
        return "it is no more served"
    text = f"of {outlook.compared} versions served that long ago, {outlook.lasted} are served still"
    by_age = outlook.by_age
    return text + (f", and by its age alone {by_age.words()}" if by_age is not None else "")


def _change(met: Met, demand: ContinuityFor, outlook: Outlook) -> str:
    if met == "met":
        return "an end announced for an earlier day"
    if outlook.basis in ("announced", "planned"):
        return "a postponed end, or a move to a version that lasts longer"
    if met == "unknown":
        return f"meets if the vendor promises, by contract, to serve it for {demand.months} months more"
    return (
        f"the vendor's promise, by contract, to serve it for {demand.months} months more; or a demand of "
        f"{outlook.chance.low:.2f} or less"
    )


def _weights(found: Continuity, demand: ContinuityFor, name: str, candidate: str | None) -> Finding:
    loads = [one for one in found.engines if one.loads == "yes"]
    refuses = bool(found.engines) and all(one.loads == "no" for one in found.engines)
    evidence = tuple(one.words() for one in found.engines)
    if loads:
        engine = loads[0]
        label = f"{engine.name} {engine.version}" if engine.version else engine.name
        served = (
            f". {found.service} may end its service of it before; then it has to be hosted elsewhere"
            if found.service
            else ""
        )
        return Finding(
            DIMENSION,
            "met",
            f"{name}: its weights stay with whoever has them, and {label} loads them: kept together, they answer for "
            f"{demand.months} months and longer{served}",
            candidate=candidate,
            limit=demand.probability,
            evidence=evidence,
            would_change="a licence that ends, or weights that were not downloaded before they are withdrawn",
        )
    if refuses:
        return Finding(
            DIMENSION,
            "not met",
            f"{name}: its weights can be kept, but no engine known here loads them",
            candidate=candidate,
            limit=demand.probability,
            evidence=evidence,
            would_change="an engine that loads its architecture, kept with the weights",
        )
    return Finding(
        DIMENSION,
        "unknown",
        f"{name}: its weights can be kept; whether an engine loads them is not known here",
        candidate=candidate,
        limit=demand.probability,
        evidence=evidence,
        would_change="meets if an engine that loads its architecture is kept with the weights",
    )
