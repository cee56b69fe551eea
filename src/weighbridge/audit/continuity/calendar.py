"""When versions end: the calendar of a vendor's versions, and how near each end is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from weighbridge.catalog.versions import Version

ALARMS = (90, 30, 7)
"""Days before an end at which it becomes an alarm of that name."""

State = Literal["ended", "announced", "planned", "promised", "open"]


@dataclass(frozen=True, slots=True)
class Ending:
    """One version and its end, as far as it is known."""

    version: Version
    state: State
    """``announced``: the vendor named the day. ``planned``: given at release. ``promised``: not before the day.
    ``open``: nothing is said."""
    day: date | None
    """The day of that state; None for ``open``."""
    left: int | None
    """Days from today to it, negative where it is past."""
    doubts: tuple[str, ...]
    """Other days that sources give, with the source."""

    @property
    def alarm(self) -> int | None:
        """The alarm that is on: 90, 30 or 7; None where the end is farther away, past, or not fixed."""
        if self.state not in ("announced", "planned") or self.left is None or self.left <= 0:
            return None
        return next((days for days in reversed(ALARMS) if self.left <= days), None)

    @property
    def notice(self) -> int | None:
        """Days between announcement and end; None where either is not known."""
        if self.version.announced is None or self.version.retires is None:
            return None
        return (self.version.retires - self.version.announced).days

    def words(self) -> str:
        """One line without the version's name."""
        if self.day is None:
            return "no end announced"
        if self.state == "ended":
            return f"ended {self.day}"
        told = {
            "announced": f"ends {self.day}",
            "planned": f"was to end {self.day}",
            "promised": f"not before {self.day}",
        }[self.state]
        if self.left is not None and self.left < 0:
            return f"{told}, {-self.left} days ago"
        alarm = f" (alarm: {self.alarm} days or fewer)" if self.alarm is not None else ""
        return f"{told}, in {self.left} days{alarm}"


def endings(versions: Iterable[Version], today: date) -> tuple[Ending, ...]:
    """The calendar, the nearest end first, then those without one, then those that are past, the latest first."""
    rows = [_ending(version, today) for version in versions]

    def order(one: Ending) -> tuple[int, int]:
        left = one.left or 0
        if one.state == "ended":
            return 2, -left
        return (0, left) if one.day is not None else (1, 0)

    return tuple(sorted(rows, key=order))


def _ending(version: Version, today: date) -> Ending:
    state: State = "open"
    day: date | None = None
    if version.retires is not None:
        state, day = ("ended" if version.retires <= today else "announced"), version.retires
    elif version.planned is not None:
        state, day = "planned", version.planned
    elif version.not_before is not None:
        state, day = "promised", version.not_before
    fact = version.facts.get("retires")
    doubts = tuple(f"{one.value} by {one.source}" for one in fact.contested_by) if fact is not None else ()
    return Ending(version, state, day, (day - today).days if day is not None else None, doubts)
