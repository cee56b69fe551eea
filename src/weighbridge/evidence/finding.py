"""One thing established about a candidate or a comparison; every dimension speaks in this shape."""

from __future__ import annotations

from typing import Literal

import msgspec

Met = Literal["met", "not met", "unknown"]


class Finding(msgspec.Struct, frozen=True):
    """A requirement, checked."""

    dimension: str
    """``quality``, ``cost``, ``latency``, ..."""
    met: Met
    statement: str
    """One sentence with the figures."""
    candidate: str | None = None
    value: float | None = None
    interval: tuple[float, float] | None = None
    limit: float | None = None
    evidence: tuple[str, ...] = ()
    """Item ids, paths or sources that decide."""
    would_change: str | None = None
    """What would turn the finding around."""
