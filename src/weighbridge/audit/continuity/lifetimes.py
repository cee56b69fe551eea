"""How long versions of closed models were served, and how likely one is to be served some months from now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from weighbridge.audit.continuity.survival import Chance, Curve, kaplan_meier, wilson
from weighbridge.catalog.versions import Version

MONTH = 30.4375
"""Days."""

KEPT = 0.97
"""Taken for the probability that an announced end, or a promise not to end a version before a day, is kept. Too few
are on record with their outcome to count: some ends were postponed, and none in our rows came early."""

SLACK = 3
"""Days by which a notice may be short of what was promised and still count as kept: months differ in length."""

STALE = timedelta(days=31)
"""How long ago a row may have been read and still count for the day."""

PRIOR = 1.0
"""Versions that the estimate by age counts for, beside those counted at the same distance in the past. By age alone
predictions were worse (benchmarks/continuity.py), so it only keeps few comparisons from being taken for certainty."""

Basis = Literal["ended", "announced", "planned", "promise", "record"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """The probability that a version is still served, and what it rests on."""

    chance: Chance
    basis: Basis
    """``announced``: its end is. ``planned``: given when it was released. ``promise``: the vendor's word that it does
    not go before. ``record``: how many versions lasted as long. ``ended``: it is gone."""
    months: float
    compared: int = 0
    """Versions on record that were served as many months ago; for a promise of notice, ends that were announced."""
    lasted: int = 0
    """Those of them that are served still; for a promise of notice, ends announced as early as promised."""
    by_age: Chance | None = None
    """By age alone: the curve from this version's age on."""


@dataclass(frozen=True, slots=True)
class Record:
    """Versions as they were known on a day."""

    day: date
    versions: tuple[Version, ...]
    curve: Curve | None
    """Survival by months since release; None where there is no version."""

    @property
    def read(self) -> date:
        """The last day of which the rows speak: the day itself, or the newest day on which one was read before it."""
        return min(self.day, max((one.seen for one in self.versions), default=self.day))

    def outlook(self, version: Version, months: float, notice_days: float | None = None) -> Outlook:
        """The probability that a version known on the day is served `months` later."""
        known = version.as_of(self.day) or version
        end = self.day + timedelta(days=round(months * MONTH))
        if known.ended(self.day):
            return Outlook(Chance(0.0, 0.0, 0.0), "ended", months)
        if known.retires is not None:
            return _told(end < known.retires, "announced", months)
        if known.planned is not None:
            return _told(end < known.planned, "planned", months)
        if known.not_before is not None and end <= known.not_before:
            return _told(True, "promise", months)
        if notice_days and end <= self.day + timedelta(days=round(notice_days)):
            return self._by_notice(known, notice_days, months)
        return self._by_record(known, months)

    def _by_notice(self, version: Version, days: float, months: float) -> Outlook:
        """No end is announced, and the vendor promises to announce one earlier than that: how often did it?"""
        notices = [
            ((one.announced, one.retires), (one.retires - one.announced).days >= days - SLACK)
            for one in self.versions
            if one.vendor == version.vendor and one.kind == version.kind and one.announced and one.retires
        ]
        if not notices:
            return _told(True, "promise", months)
        kept = sum(early for _, early in notices)
        decisions = len({pair for pair, _ in notices})
        share = kept / len(notices)
        around = wilson(share * decisions, decisions)
        return Outlook(Chance(share, around.low, around.high), "promise", months, len(notices), kept)

    def _known(self, version: Version) -> bool:
        """Whether its row was read late enough to say if it was served on the last day of the record."""
        return version.ended(self.read) or version.seen >= self.read - STALE

    def _by_record(self, version: Version, months: float) -> Outlook:
        """Versions served as many months ago, and of them those served still; with the curve by age as a prior."""
        read = self.read
        then = read - timedelta(days=round(months * MONTH))
        past = [
            one
            for one in self.versions
            if one.released and one.released <= then and not one.ended(then) and self._known(one)
        ]
        lasted = [one for one in past if not one.ended(read)]
        age = (self.day - (version.released or self.day)).days / MONTH
        by_age = self.curve.conditional(age, months) if self.curve is not None else None
        prior = by_age.value if by_age is not None else 0.5
        share = (len(lasted) + PRIOR * prior) / (len(past) + PRIOR)
        # Versions that a vendor ended on one day were one decision: the interval counts decisions.
        decisions = len({(one.vendor, one.retires) for one in past if one.ended(read)}) + len(
            {(one.vendor, one.released) for one in lasted}
        )
        number = decisions + PRIOR
        around = wilson(share * number, number)
        return Outlook(Chance(share, around.low, around.high), "record", months, len(past), len(lasted), by_age)


def record(versions: Iterable[Version], day: date) -> Record:
    """What was known on a day: versions released by then, without the ends announced later.

    A version without an end counts as served until the day its row was last read, or `day`, whichever is earlier.
    """
    known = tuple(one for one in (version.as_of(day) for version in versions) if one is not None)
    ages, ended = [], []
    for one in known:
        if one.released is None:
            continue
        over = one.ended(day)
        last = one.retires if over and one.retires is not None else min(day, max(one.seen, one.released))
        ages.append(max(0, (last - one.released).days) / MONTH)
        ended.append(over)
    return Record(day, known, kaplan_meier(ages, ended) if ages else None)


def _told(served: bool, basis: Basis, months: float) -> Outlook:
    value = KEPT if served else 1 - KEPT
    # Nobody has counted how often such words are broken, so the interval reaches to certainty and as far below.
    low, high = (2 * KEPT - 1, 1.0) if served else (0.0, 2 * (1 - KEPT))
    return Outlook(Chance(value, low, high), basis, months)
