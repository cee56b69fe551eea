"""How long a model is likely to be there, and what holds one to it: everything known of one target."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from weighbridge.audit.continuity.calendar import Ending, endings
from weighbridge.audit.continuity.calls import read_calls
from weighbridge.audit.continuity.clone import read_clone
from weighbridge.audit.continuity.engines import Engine, engines
from weighbridge.audit.continuity.lifetimes import Outlook, Record, record
from weighbridge.audit.continuity.lockin import LockIn, lock_in
from weighbridge.audit.continuity.people import People, people
from weighbridge.audit.continuity.releases import Releases, releases
from weighbridge.audit.continuity.survival import Chance
from weighbridge.audit.target import Target, find_target
from weighbridge.catalog.naming import folded, undated, vendor_and_model
from weighbridge.catalog.vendors import Rule, Tuning, rule_of, tuning_of
from weighbridge.catalog.versions import Version, version_named, versions
from weighbridge.errors import UsageError
from weighbridge.evidence import ContinuityFor, Finding
from weighbridge.models.remote.wires.vendors import VENDORS

Kind = Literal["service", "weights", "channel", "unknown"]


@dataclass(frozen=True, slots=True)
class Backing:
    """Who keeps a project up, by its git clone."""

    path: Path
    releases: Releases
    people: People
    shallow: bool


@dataclass(frozen=True, slots=True)
class Continuity:
    """What is known of one target on one day."""

    name: str
    today: date
    kind: Kind
    """``service``: a vendor serves it and may end it. ``weights``: whoever has them keeps them. ``channel``: a
    vendor's service as a whole, through which versions of several models go."""
    calendar: tuple[Ending, ...] = ()
    """The versions its name means, the nearest end first."""
    record: Record | None = None
    """All versions of closed models known on the day, from which its outlook is estimated."""
    rules: tuple[Rule, ...] = ()
    """What the vendors of these versions promise about retiring them."""
    tuning: Tuning | None = None
    released: date | None = None
    ended: date | None = None
    """When it ended, by the catalogue's entry."""
    gone: bool = False
    """Whether the catalogue says that it is no more served, on whatever day."""
    engines: tuple[Engine, ...] = ()
    backing: Backing | None = None
    lock_in: LockIn | None = None
    service: str | None = None
    """The vendor whose service of an open model is meant: it may end, though the weights do not."""

    def outlook(self, months: float) -> Outlook | None:
        """The probability that it is served some months from now: that of the version that lasts longest.

        None where it is not a vendor's service, or nothing is known of when it began.
        """
        if self.kind != "service" or self.record is None:
            return None
        if self.gone and not any(one.state != "ended" for one in self.calendar):
            return Outlook(Chance(0.0, 0.0, 0.0), "ended", months)
        found = [self.record.outlook(one.version, months, self.promised(one.version)) for one in self.calendar]
        if found:
            return max(found, key=lambda one: one.chance.value)
        if self.released is None:
            return None
        return self.record.outlook(_made_up(self.name, self.released, self.ended), months)

    @property
    def listed(self) -> bool:
        """Whether the calendar is of versions on record under its own name; not so where the name ends in a date that
        no version on record has."""
        dated = self.name.rpartition(":")[2].rpartition("/")[2]
        if undated(dated) == dated or dated.endswith("latest"):
            return True
        names = {folded(name) for one in self.calendar for name in (one.version.name, *one.version.aliases)}
        return folded(dated) in names

    def finding(self, demand: ContinuityFor, candidate: str | None = None) -> Finding:
        """Whether it stays for the months demanded. What is not known is never met."""
        from weighbridge.audit.continuity.judgement import judged

        return judged(self, demand, candidate)

    def promised(self, version: Version) -> float | None:
        """Days of notice that the vendor's rule promises for such a version; None where it promises none."""
        rule = next((one for one in self.rules if one.vendor == version.vendor), None)
        return rule.notice_days(version.kind) if rule is not None else None


def named_target(text: str) -> Target:
    """The target that a name, a spec or a path means, as `find_target` has it; also a version that is listed but has
    no entry of its own. Raises `UsageError` with the nearest match."""
    try:
        return find_target(text)
    except UsageError as error:
        if version_named(text):
            return Target(name=text)
        known = {name for one in versions().values() for name in (one.name, *one.aliases)}
        close = difflib.get_close_matches(text, known, n=1, cutoff=0.7)
        if not close:
            raise
        raise UsageError(error.what, where=error.where, fix=f"did you mean {close[0]!r}?") from error


def continuity_of(target: Target | None, version: str, today: date) -> Continuity | None:
    """What is known of a model as a caller names it: its target, if it has one, and the name it is called by.

    A name that means versions of another model than the target's is not heeded. None where nothing is known.
    """
    found = version_named(version)
    if target is None:
        return audit_continuity(Target(name=version), today, version=version) if found else None
    other = bool(found) and all(one.model is not None and one.model != target.name for one in found)
    return audit_continuity(target, today, version=None if other or target.path is not None else version)


def audit_continuity(
    target: Target,
    today: date,
    *,
    version: str | None = None,
    repo: Path | None = None,
    calls: Path | None = None,
) -> Continuity:
    """Everything known of a target's continuity on a day.

    `version` is the model's name as it is called, where that says more than the target's (``gpt-4o-2024-08-06``,
    ``azure:gpt-4.1``). `repo` is a git clone of the project behind it, or of the engine that serves it. `calls` is a
    file of one's own requests. Raises `UsageError` for a clone or a file that cannot be read.
    """
    found = version_named(version or target.name) or version_named(target.name)
    known = [one for one in (version.as_of(today) for version in found) if one is not None]
    kind = _kind(target, found)
    vendor = found[0].vendor if found else _vendor(target)
    backing = _backing(repo, today) if repo is not None else None
    named = vendor_and_model(version) if version is not None else None
    if named is not None and (named[0] not in VENDORS or VENDORS[named[0]].side == "open"):
        named = None
    ended = _day(target, "retired")
    return Continuity(
        name=version or target.name,
        today=today,
        kind=kind,
        calendar=endings(known, today) if kind == "service" else (),
        record=record(versions().values(), today) if kind == "service" else None,
        rules=_rules(found, vendor) if kind in ("service", "channel") else (),
        tuning=tuning_of(vendor) if vendor and kind == "service" else None,
        released=_day(target, "release_date"),
        ended=ended,
        gone=target.facts is not None and "retired" in target.facts.says("weights") and (ended or today) <= today,
        engines=engines(target) if kind == "weights" else (),
        backing=backing,
        lock_in=lock_in(read_calls(calls), vendor) if calls is not None else None,
        service=named[0] if kind == "weights" and named is not None else None,
    )


def _kind(target: Target, found: list[Version]) -> Kind:
    if target.path is not None:
        return "weights"
    if target.facts is None:
        return "service" if found else "unknown"
    weights = target.facts.says("weights")
    if target.facts.says("family").startswith("hosting channel"):
        return "channel" if not found else "service"
    if weights.startswith("api-only"):
        return "service"
    if weights in ("open", "gated-click", "gated-research"):
        return "weights"
    return "service" if found else "unknown"


def _vendor(target: Target) -> str | None:
    from weighbridge.catalog.vendors import policies

    if target.facts is None:
        return None
    known = policies().get(target.facts.says("data_policy"))
    return known.vendor if known is not None else None


def _rules(found: list[Version], vendor: str | None) -> tuple[Rule, ...]:
    vendors = dict.fromkeys([*(one.vendor for one in found), *([vendor] if vendor else [])])
    return tuple(rule for name in vendors if (rule := rule_of(name)) is not None)


def _day(target: Target, name: str) -> date | None:
    text = target.facts.says(name) if target.facts is not None else ""
    return date.fromisoformat((text + "-01-01")[:10]) if text else None


def _backing(repo: Path, today: date) -> Backing:
    clone = read_clone(repo)
    return Backing(repo, releases(clone.tags, today), people(clone.commits, today), clone.shallow)


def _made_up(name: str, released: date, ended: date | None) -> Version:
    """A version of a model of which only the release (and the end) is known."""
    from weighbridge.catalog.fact import Fact

    days = {"released": released} | ({"retires": ended} if ended is not None else {})
    facts = {
        title: Fact(value=day.isoformat(), confidence="A", source=("catalogue",), seen=day.isoformat())
        for title, day in days.items()
    }
    return Version(name, name, (), facts)
