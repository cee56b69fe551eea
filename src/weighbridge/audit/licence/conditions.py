"""Whether a rule of a licence holds for a job: yes, no, or unless something that the job does not say."""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.audit.licence.fields import fields_of
from weighbridge.audit.licence.places import members
from weighbridge.catalog.licences import Rule, Trigger
from weighbridge.evidence.requirements import Job


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule is held against: the job, what it does with one component, and what kind of model that is."""

    job: Job
    triggers: frozenset[Trigger]
    multimodal: bool | None
    """Whether the model takes or gives more than text; None where that is not known."""
    made_from: frozenset[str] = frozenset()
    """Ids of the licences of the weights, and of what they were tuned from: what outputs of another model trained."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Whether a rule holds. Where it may, `ways` are the conditions of which any one lifts it."""

    holds: bool | None
    ways: tuple[str, ...] = ()
    unsaid: bool = False
    """Whether it is about a field of use, and the job names none."""


def holding(rule: Rule, case: Case) -> Holding:
    """Whether `rule` holds in `case`: all of its conditions at once."""
    if not case.triggers.intersection(rule.when):
        return Holding(False)
    parts = [part for part in _parts(rule, case) if part is not None]
    if any(part.holds is False for part in parts):
        return Holding(False)
    open_ = [part for part in parts if part.holds is None]
    if not open_:
        return Holding(True)
    return Holding(None, tuple(way for part in open_ for way in part.ways), any(part.unsaid for part in open_))


def _parts(rule: Rule, case: Case) -> list[Holding | None]:
    job = case.job
    return [
        Holding(job.commercial) if rule.commercial else None,
        _seat(rule, job) if rule.seat_in else None,
        _users_in(rule, job) if rule.users_in else None,
        _multimodal(case) if rule.multimodal else None,
        None if rule.users_over is None else _users(rule, rule.users_over, job),
        None if rule.revenue_over is None else _revenue(rule.revenue_over, job),
        _field(rule, job) if rule.fields else None,
        _unless(rule, job) if rule.unless else None,
    ]


def _seat(rule: Rule, job: Job) -> Holding:
    if job.country is None:
        return Holding(None, (f"the organisation's seat is outside {_and(rule.seat_in)}",))
    return Holding(job.country in members(rule.seat_in))


def _users_in(rule: Rule, job: Job) -> Holding:
    if not job.users_in:
        return Holding(None, (f"it has no users in {_and(rule.users_in)}",))
    return Holding(bool(members(rule.users_in).intersection(job.users_in)))


def _multimodal(case: Case) -> Holding:
    if case.multimodal is None:
        return Holding(None, ("the model takes and gives text alone",))
    return Holding(case.multimodal)


def _users(rule: Rule, most: int, job: Job) -> Holding:
    if job.monthly_users is None:
        has = f"in {rule.as_of} it had" if rule.as_of else "it has"
        return Holding(None, (f"{has} at most {most:,} monthly active users",))
    return Holding(job.monthly_users > most)


def _revenue(most: float, job: Job) -> Holding:
    if job.yearly_revenue is None:
        return Holding(None, (f"its revenue is at most {most:,.0f} USD a year",))
    return Holding(job.yearly_revenue > most)


def _field(rule: Rule, job: Job) -> Holding:
    fields = fields_of(job.field)
    ways = (f"the field of use is not {_or(rule.fields)}",)
    if fields is None:
        return Holding(None, ways, unsaid=job.field is None)
    return Holding(bool(fields.intersection(rule.fields)))


def _unless(rule: Rule, job: Job) -> Holding:
    fields = fields_of(job.field) or frozenset()
    if fields.intersection(rule.unless_fields):
        return Holding(False)
    # Whether the way out is taken is nowhere in a job: the rule may hold.
    return Holding(None, (rule.unless,))


def _and(places: tuple[str, ...]) -> str:
    named = {"EU": "the EU", "EEA": "the EEA", "CH": "Switzerland", "GB": "the United Kingdom"}
    words = [named.get(place, place) for place in places]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _or(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def said_conditions(rule: Rule) -> tuple[str, ...]:
    """The conditions of a rule, in words."""
    said = []
    if rule.commercial:
        said.append("for commercial purposes")
    if rule.seat_in:
        said.append(f"with a seat in {_and(rule.seat_in)}")
    if rule.users_in:
        said.append(f"with users in {_and(rule.users_in)}")
    if rule.multimodal:
        said.append("for multimodal models")
    if rule.users_over is not None:
        said.append(f"over {rule.users_over:,} monthly active users{f' in {rule.as_of}' if rule.as_of else ''}")
    if rule.revenue_over is not None:
        said.append(f"over {rule.revenue_over:,.0f} USD of revenue a year")
    if rule.fields:
        said.append(f"in {_or(rule.fields)}")
    return tuple(said)
