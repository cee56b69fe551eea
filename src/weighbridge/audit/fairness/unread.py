"""Answers that were cut, could not be read or never came: what share of a difference they could make."""

from __future__ import annotations

import numpy as np

from weighbridge.audit.fairness.view import View, finding
from weighbridge.evidence import STATUS_CODES, Finding, Status
from weighbridge.evidence.words import listed, percent, points

UNREAD = (Status.TRUNCATED, Status.UNPARSABLE, Status.FAILED)
"""Outcomes that tell of limits, formats and servers more than of the model."""

SLIGHT = 0.02
"""Smaller shares than this are ordinary."""


def unread_answers(view: View) -> list[Finding]:
    """One finding per candidate whose unread answers, had they been right, could lift it over the leader.

    The bound is the difference if every unread answer had scored 1: no reading of them can make more of it.
    """
    codes = [STATUS_CODES.index(status) for status in UNREAD]
    unread = np.isin(view.evidence.status, codes) & view.asked
    counts = view.asked.sum(axis=1)
    if not counts.any() or not view.ranked:
        return []
    leader = view.ranked[0]
    found = []
    for k, name in enumerate(view.names):
        share = float(unread[k].sum()) / max(1, int(counts[k]))
        if share < SLIGHT or not np.isfinite(view.means[k]):
            continue
        gain = float((1 - view.evidence.score[k][unread[k]]).sum()) / int(counts[k])
        gap = float(view.means[leader] - view.means[k])
        parts = [
            f"{percent(float((view.evidence.status[k] == code).sum()) / int(counts[k]))} {status.value}"
            for code, status in zip(codes, UNREAD, strict=True)
            if (view.evidence.status[k] == code).any()
        ]
        if k == leader or gain < gap:
            continue
        found.append(
            finding(
                "not met",
                f"{name}: {listed(parts)} of its answers; had they been read and right, it would gain up to "
                f"{points(gain)}, more than the {points(gap)} that {view.names[leader]} is ahead",
                candidate=name,
                value=share,
                limit=SLIGHT,
                evidence=view.ids(np.flatnonzero(unread[k])),
                would_change="a higher token limit, a scorer that reads these answers, or a steadier server",
            )
        )
    whole = "no candidate would overtake the leader if its truncated, unparsable and failed answers had been right"
    return found or [finding("met", whole)]
