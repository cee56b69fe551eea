"""A model's continuity as lines for a terminal, and as a document for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from weighbridge.audit.continuity.lifetimes import SLACK
from weighbridge.catalog.entries import OLD, age

if TYPE_CHECKING:
    from weighbridge.audit.continuity import Backing, Continuity
    from weighbridge.audit.continuity.calendar import Ending
    from weighbridge.audit.continuity.lifetimes import Outlook
    from weighbridge.audit.continuity.lockin import LockIn
    from weighbridge.catalog.vendors import Rule
    from weighbridge.evidence import ContinuityFor

WIDTH = 80
LISTED = 8
"""Versions and endpoints that are listed before the rest is counted."""


def lines(found: Continuity, months: int, demand: ContinuityFor | None) -> Iterator[str]:
    """What was found, section by section, in 80 columns."""
    yield f"{found.name}, on {found.today}"
    if demand is not None:
        finding = found.finding(demand)
        yield from _wrapped(f"{finding.met}: {finding.statement}", "")
        yield from _wrapped(f"would change it: {finding.would_change}", "")
    if found.calendar:
        yield ""
        yield "Calendar"
        if not found.listed:
            yield from _wrapped(f"{found.name} is no version on record; these are the versions that its name means")
        for one in found.calendar[:LISTED]:
            yield from _ending(one, found)
        if len(found.calendar) > LISTED:
            yield f"  and {len(found.calendar) - LISTED} more"
    if found.rules:
        yield ""
        yield "Notice"
        for rule in found.rules:
            yield from _wrapped(f"{rule.name}: {_rule(rule)}")
    outlook = found.outlook(months)
    if outlook is not None:
        yield ""
        yield f"Outlook for {months} months"
        yield from _outlook(outlook)
        if found.record is not None and (found.today - found.record.read).days > OLD:
            yield from _wrapped(f"the record is old: it was last read on {found.record.read}")
    if found.record is not None and found.record.curve is not None:
        yield from _curve(found)
    if found.kind == "weights":
        yield ""
        yield "Weights"
        yield from _wrapped("they stay with whoever has them; what can go is the engines that load them")
        for engine in found.engines:
            yield from _wrapped(engine.words())
        if not found.engines:
            yield "  its architecture is not known here, so neither is what loads it"
    if found.kind == "channel":
        yield "  a service, and no version of a model: name the version, such as azure:gpt-4.1"
    if found.kind == "unknown":
        yield "  nothing is known of who serves it, or whether it can be kept"
    if found.tuning is not None:
        yield ""
        yield "Tuned weights"
        yield from _wrapped(_tuning(found))
    if found.backing is not None:
        yield from _backing(found.backing)
    if found.lock_in is not None:
        yield from _lock_in(found.lock_in)


def _ending(one: Ending, found: Continuity) -> Iterator[str]:
    promised = found.promised(one.version)
    yield from _wrapped(f"{one.version.id}: {one.words()}")
    details = [f"released {one.version.says('released')}"]
    if one.version.announced is not None:
        notice = f", {one.notice} days before" if one.notice is not None else ""
        if one.notice is not None and promised is not None and one.notice < promised - SLACK:
            notice += f" (today's rule promises {promised:g})"
        details.append(f"announced {one.version.announced}{notice}")
    if one.version.says("status") == "deprecated":
        details.append("closed to new customers")
    fact = one.version.facts.get("retires") or one.version.facts.get("not_before") or one.version.facts["released"]
    days = age(fact, found.today)
    old = f", old: {days} days" if days > OLD else ""
    details.append(f"by {', '.join(fact.source)}, seen {fact.seen}, {fact.confidence}{old}")
    yield from _wrapped("; ".join(details), "      ")
    for doubt in one.doubts:
        yield from _wrapped(f"contested: {doubt}", "      ")


def _rule(rule: Rule) -> str:
    parts = []
    for name, what in (("general", "generally available"), ("special", "special variants"), ("preview", "previews")):
        days = rule.notice_days(name)
        if days is not None:
            parts.append(f"{days:g} days for {what}")
    least = rule.number("minimum_days")
    if least is not None:
        parts.append(f"served for {least:g} days at least")
    fact = next(iter(rule.facts.values()))
    for name in ("notice", "notice_days", "minimum_days", "states"):
        fact = rule.facts.get(name, fact)
    return f"{', '.join(parts) or 'no number of days is promised'} (by {', '.join(fact.source)}, seen {fact.seen})"


def _outlook(outlook: Outlook) -> Iterator[str]:
    from weighbridge.audit.continuity.judgement import reason

    yield from _wrapped(f"still served with probability {outlook.chance.words()}")
    yield from _wrapped(reason(outlook), "  ")


def _curve(found: Continuity) -> Iterator[str]:
    record = found.record
    if record is None or record.curve is None:
        return
    curve = record.curve
    yield ""
    yield f"How long {curve.number} versions of closed models lasted ({sum(curve.ended)} ended by {record.day})"
    ages = [6, 12, 18, 24, 36]
    yield f"  {'months':<8}{''.join(f'{age:>14}' for age in ages)}"
    shares = [curve.at(age) for age in ages]
    yield f"  {'served':<8}{''.join(f'{one.value:>14.2f}' for one in shares)}"
    ranges = [f"{one.low:.2f} to {one.high:.2f}" for one in shares]
    yield f"  {'95 %':<8}{''.join(f'{text:>14}' for text in ranges)}"
    median = curve.median()
    if median is not None:
        yield f"  half of them last {median:.0f} months or longer"


def _tuning(found: Continuity) -> str:
    tuning = found.tuning
    if tuning is None:
        return ""
    text = f"{tuning.name}: {tuning.status or 'not known'}"
    text += f", the last day to begin a job is {tuning.last_day}" if tuning.last_day else ""
    serves = tuning.says("serves_until")
    text += f"; tuned models are served until {serves}" if serves else ""
    if tuning.portable is None:
        return f"{text}; whether the weights can be taken away is not known"
    return f"{text}; the weights {'can' if tuning.portable else 'cannot'} be taken away"


def _backing(backing: Backing) -> Iterator[str]:
    people, releases = backing.people, backing.releases
    yield ""
    yield f"Backing, from {backing.path}"
    if releases.number:
        gap = f", one every {releases.median_gap:g} days (median)" if releases.median_gap is not None else ""
        yield from _wrapped(
            f"releases: {releases.number} days with one{gap}, longest gap {releases.longest_gap} days"
        )
        quiet = "; quiet for longer than ever" if releases.overdue else ""
        yield from _wrapped(f"the last: {releases.last} on {releases.last_day}, {releases.since} days ago{quiet}")
    else:
        yield "  releases: no tag of the clone is one"
    yield from _wrapped(
        f"the last 12 months: {people.commits:,} commits by {people.contributors} people, {people.new} of them new"
        f"{f'; {people.bots:,} commits of bots left out' if people.bots else ''}"
    )
    yield from _wrapped(f"contributor absence factor {people.absence_factor}: so few made half of the commits")
    yield from _wrapped(
        f"elephant factor {people.elephant_factor}: so few organisations did, by the domains of addresses "
        f"({people.named_share:.0%} of the commits name an employer)"
    )
    if backing.shallow:
        yield "  the clone is shallow: older commits are missing, and the counts may be too low"


def _lock_in(found: LockIn) -> Iterator[str]:
    yield ""
    yield f"Lock-in of {found.calls:,} calls"
    yield from _wrapped(found.words())
    for one in found.used:
        kind = {"ability": "", "field": ", which our rows say nothing of", "bound": ", one vendor's own"}[one.kind]
        yield from _wrapped(f"{one.name}: {one.calls:,} calls{kind} (first: {one.where})")
    yield "  who takes how many of them as they are:"
    for endpoint in found.endpoints[:LISTED]:
        lacks = f"; lacks {', '.join(endpoint.lacks)}" if endpoint.lacks else ""
        own = " (own server)" if endpoint.own else ""
        yield from _wrapped(f"{endpoint.name}{own}: {endpoint.taken:,}{lacks}", "    ")
    if len(found.endpoints) > LISTED:
        yield f"    and {len(found.endpoints) - LISTED} more vendors (--json lists them)"


def plan_lines(plan: dict[str, Continuity | None], months: int, demand: ContinuityFor | None) -> Iterator[str]:
    """The calendar of a plan's models, the nearest end first."""
    rows: list[tuple[int, str, str]] = []
    for name, found in plan.items():
        if found is None:
            rows.append((10**9, name, "not in the catalogue"))
            continue
        live = [one for one in found.calendar if one.state != "ended"] or list(found.calendar)
        if live:
            rows.append((live[0].left if live[0].left is not None else 10**8, name, live[0].words()))
        else:
            said = {"weights": "weights, which stay"}.get(found.kind, "no end is known")
            rows.append((10**8, name, said))
    yield "Calendar of the candidates"
    for _, name, text in sorted(rows):
        yield from _wrapped(f"{name}: {text}")
    yield ""
    yield f"Outlook for {months} months"
    for name, found in plan.items():
        outlook = found.outlook(months) if found is not None else None
        if demand is not None and found is not None:
            finding = found.finding(demand, name)
            yield from _wrapped(f"{finding.met}: {finding.statement}")
        elif outlook is not None:
            yield from _wrapped(f"{name}: {outlook.chance.words()}")
        else:
            kept = found is not None and found.kind == "weights"
            yield from _wrapped(f"{name}: {'its weights stay' if kept else 'unknown'}")


def as_document(found: Continuity, months: int, demand: ContinuityFor | None) -> dict[str, Any]:
    """What was found, with the curve and all endpoints."""
    curve = found.record.curve if found.record is not None else None
    return {
        "name": found.name,
        "today": found.today,
        "kind": found.kind,
        "finding": found.finding(demand) if demand is not None else None,
        "calendar": [
            {"version": one.version.id, "state": one.state, "day": one.day, "days_left": one.left, "alarm": one.alarm}
            | {"notice_days": one.notice, "contested": one.doubts, "facts": one.version.facts}
            for one in found.calendar
        ],
        "rules": [{"id": one.id, "facts": one.facts} for one in found.rules],
        "months": months,
        "outlook": found.outlook(months),
        "survival": curve,
        "engines": found.engines,
        "tuning": {"id": found.tuning.id, "facts": found.tuning.facts} if found.tuning is not None else None,
        "backing": found.backing and {**_plain(found.backing)},
        "lock_in": found.lock_in,
    }


def _plain(backing: Backing) -> dict[str, Any]:
    return {
        "path": str(backing.path),
        "releases": backing.releases,
        "people": backing.people,
        "shallow": backing.shallow,
    }


def plan_document(
    plan: dict[str, Continuity | None], months: int, demand: ContinuityFor | None
) -> dict[str, dict[str, Any] | None]:
    """Each candidate's document; null where the catalogue does not know it."""
    return {name: as_document(found, months, demand) if found is not None else None for name, found in plan.items()}


def _wrapped(text: str, indent: str = "  ") -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
