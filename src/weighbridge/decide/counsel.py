"""What a decision says beside its verdict: the frontier, what the user's weights make of it, and where it flips."""

from __future__ import annotations

import msgspec


class Standpoint(msgspec.Struct, frozen=True):
    """One candidate's quality, cost and risk."""

    candidate: str
    """Its name."""
    score: float | None = None
    """Mean score."""
    cost_per_1000: float | None = None
    """Money per 1,000 requests; under the load that is stated, where one is."""
    open_questions: int = 0
    """Demands of which it is not known whether it meets them."""
    gone: float | None = None
    """Probability that it is no longer served when the demanded months are over; null where it is not known."""
    leaves: bool | None = None
    """Whether what is sent leaves one's own machines; null where it is not known."""
    eligible: bool = True
    """Whether it fails no demand."""
    on: bool = False
    """Whether nobody eligible is at least as good in all of these and better in one."""
    beaten_by: str | None = None
    """Who is; null where it is on the frontier, not eligible, or not measured."""


class Preferred(msgspec.Struct, frozen=True):
    """The user's weights over those who meet every demand."""

    candidate: str | None
    """Who stands highest; null where nobody can be placed."""
    weights: dict[str, float]
    """As shares of 1."""
    values: dict[str, dict[str, float | None]]
    """By candidate and aspect, in [0, 1]; null where it is not known."""
    worth: dict[str, float | None]
    """By candidate: the weighted sum, in [0, 1]; null where an aspect with a weight is not known."""
    leads: dict[str, tuple[float, float]]
    """By rival: interval of how far the first stands above it."""
    sure: bool
    """Whether every one of these intervals lies above 0."""
    statement: str
    """The same in a sentence."""


class FlipPoint(msgspec.Struct, frozen=True):
    """A value at which the verdict becomes another, found by deciding again on both sides of it."""

    parameter: str
    """What is changed: ``price``, ``volume``, ``margin``, ``epsilon``, ``monthly_users``, ``yearly_revenue``,
    ``date``, ``months``, a limit by its name in the requirements, or ``without`` for a demand that is left out."""
    statement: str
    """In a sentence."""
    kind: str
    """The verdict beyond it."""
    candidates: list[str]
    """Whom the verdict names beyond it."""
    candidate: str | None = None
    """Whose price it is."""
    now: float | str | None = None
    """The value today."""
    until: float | str | None = None
    """The last value that was tried at which the verdict is still today's."""
    at: float | str | None = None
    """The first value that was tried at which it is another."""
    unit: str = ""
    """Of `now`, `until` and `at`."""
    option: str | None = None
    """The option of `weighbridge decide` that decides beyond it."""


class BreakEvenPoint(msgspec.Struct, frozen=True):
    """Both bills at one volume."""

    requests_per_day: float
    """The volume."""
    own: tuple[float, float, float]
    """Money per month of one's own hosting: least, likeliest, most."""
    api: float
    """Money per month of paying by the call."""


class BreakEven(msgspec.Struct, frozen=True):
    """Self-hosting one candidate against paying for another by the call."""

    own: str
    """The candidate that is hosted by oneself."""
    api: str
    """The candidate that is paid by the call."""
    requests_per_day: float | None
    """Where the likeliest bills cross; null where they do not within the volumes drawn."""
    interval: tuple[float | None, float | None]
    """Where they cross at the least and at the most one's own hosting may cost."""
    points: list[BreakEvenPoint]
    """Both bills by volume, for a plot."""
    statement: str
    """The same in a sentence."""
