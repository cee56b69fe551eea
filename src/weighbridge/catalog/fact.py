"""What is known, from where, since when, and who says otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Confidence = Literal["A", "B", "C"]
"""A: read in a stored primary or registry file; B: in a secondary source; C: recalled from the source named."""

Day = Annotated[str, Meta(pattern=r"^\d{4}(-\d\d){0,2}$")]
"""ISO 8601; a year or a month where the day is not known."""

Value = str | int | float | bool | list[str] | dict[str, str | int | float | bool | None]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where facts were read."""

    what: str
    """File, page or paper, in words."""
    date: Day | None = None
    """Date of the copy that was read; None where it is not known."""
    licence: str | None = None
    credit: str | None = None
    """Line to show beside what was taken from it, where its licence asks for one."""


class Contest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another value that a source gives for the same thing."""

    value: Value
    source: str
    seen: Day | None = None
    note: str | None = None


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing known. A fact has at least one source; the loader refuses one without."""

    value: Value
    confidence: Confidence
    source: tuple[str, ...]
    """Ids of sources."""
    seen: Day
    """When it was last read there."""
    unit: str | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    contested_by: tuple[Contest, ...] = ()
    note: str | None = None


def real_day(text: str) -> bool:
    """Whether `text` is a date that exists: a year, a month or a day."""
    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", text):
        return False
    try:
        date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        return False
    return True


def credits_of(sources: Iterable[Source]) -> list[str]:
    """The credit lines that these sources ask for, each once."""
    return list(dict.fromkeys(source.credit for source in sources if source.credit))
