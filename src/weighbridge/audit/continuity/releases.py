"""How often a project is released, by its tags."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from statistics import median

from weighbridge.audit.continuity.clone import Tag

_RELEASE = re.compile(
    r"(^|[/_-])v?\d+([._]\d+)+([._-]?(post|final|ga)\d*)?$|^[a-z]?\d{4,}$|^release[-/_.]?\d", re.IGNORECASE
)
_BEFORE = re.compile(
    r"(rc|alpha|beta|dev|pre|nightly|snapshot|canary|preview)[-._]?\d*$|\d(a|b|c)\d+$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Releases:
    """Releases of a project; days of several tags on one day count once."""

    number: int
    last: str
    """Name of the newest one's tag; empty where there is none."""
    last_day: date | None
    since: int | None
    """Days since the newest."""
    median_gap: float | None
    """Days between releases, the median; None with fewer than two."""
    longest_gap: int | None
    """Days of the longest stretch without one, the present one included."""

    @property
    def overdue(self) -> bool:
        """Whether it has been quiet for longer than ever, and for half a year at least."""
        return self.since is not None and self.since >= 180 and self.since == self.longest_gap


def is_release(tag: str) -> bool:
    """Whether a tag is a release's: a version number without a mark of a candidate or a preview."""
    return bool(_RELEASE.search(tag)) and not _BEFORE.search(tag)


def releases(tags: Iterable[Tag], today: date) -> Releases:
    """The releases among tags, up to today."""
    found = sorted((tag for tag in tags if is_release(tag.name) and tag.day <= today), key=lambda tag: tag.day)
    days = sorted({tag.day for tag in found})
    if not days:
        return Releases(0, "", None, None, None, None)
    gaps = [(after - before).days for before, after in pairwise(days)]
    since = (today - days[-1]).days
    return Releases(
        number=len(days),
        last=found[-1].name,
        last_day=days[-1],
        since=since,
        median_gap=float(median(gaps)) if gaps else None,
        longest_gap=max([*gaps, since]),
    )
