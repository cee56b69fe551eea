"""What one candidate got for one item: a number in [0, 1] and what happened."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Status(StrEnum):
    """The outcome of one answer. Every status but `OK` has a score that is fixed before the first call."""

    OK = "ok"
    """The answer was read and scored."""
    REFUSED = "refused"
    """The model declined, or a safety filter did."""
    TRUNCATED = "truncated"
    """The answer was cut by the token limit before it could be read."""
    UNPARSABLE = "unparsable"
    """The answer is there but holds nothing the scorer can read."""
    FAILED = "failed"
    """No answer came: time-outs, errors and cut streams after all retries."""


STATUS_CODES: tuple[Status, ...] = tuple(Status)
"""Position = the code used in `Evidence.status` (uint8); 255 there means "not asked"."""

NOT_ASKED = 255


class Score(msgspec.Struct, frozen=True):
    """A number in [0, 1] for one (item, candidate), and its status."""

    value: float
    """In [0, 1]. For a status other than ``ok`` the value fixed in advance (0 unless the task says otherwise)."""
    status: Status = Status.OK
    extracted: str | None = None
    """What the scorer read out of the answer (shown beside it in the report)."""
    detail: str | None = None
    """Why: for example which field of a JSON answer differs."""
