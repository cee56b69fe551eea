"""Jobs that ask for less, or ask from elsewhere: which of them a licence would allow is computed by asking again."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from weighbridge.audit.licence.places import members
from weighbridge.catalog.licences import LicenceTerms
from weighbridge.evidence.requirements import Job

USES = {
    "internal": "internal use",
    "service": "serving it to others",
    "ship_weights": "passing the weights on",
    "ship_product": "shipping a product that holds them",
    "train_model": "training another model on its outputs",
}


def smaller(job: Job, terms: list[LicenceTerms]) -> Iterator[tuple[str, Job]]:
    """Jobs that differ in one thing, each in words. Numbers go down to the limits that the licences set."""
    for use in job.use:
        rest = tuple(other for other in job.use if other != use)
        if rest:
            yield f"no {USES[use]}", msgspec.structs.replace(job, use=rest)
    if job.use != ("internal",):
        yield "internal use alone", msgspec.structs.replace(job, use=("internal",))
    if job.commercial:
        yield "a purpose that is not commercial", msgspec.structs.replace(job, commercial=False)
    if job.modified:
        yield "the weights as they are", msgspec.structs.replace(job, modified=False)
    if job.modality != ("text",) and "text" in job.modality:
        yield "text alone", msgspec.structs.replace(job, modality=("text",))
    rules = [rule for one in terms for rule in one.rules]
    if job.monthly_users is not None:
        limits = {rule.users_over: rule.as_of for rule in rules if rule.users_over is not None}
        for most in sorted(limits, reverse=True):
            if most < job.monthly_users:
                when = f", counted in {limits[most]}" if limits[most] else ""
                yield f"at most {most:,} monthly active users{when}", msgspec.structs.replace(job, monthly_users=most)
    if job.yearly_revenue is not None:
        for limit in sorted({rule.revenue_over for rule in rules if rule.revenue_over is not None}, reverse=True):
            if limit < job.yearly_revenue:
                yield (
                    f"at most {limit:,.0f} USD of revenue a year",
                    msgspec.structs.replace(job, yearly_revenue=limit),
                )
    shut = members(tuple(place for rule in rules for place in rule.seat_in))
    if job.country in shut:
        free = next(code for code in ("US", "GB", "CH", "IN", "BR") if code not in shut)
        yield f"a seat outside the places shut out ({free}, say)", msgspec.structs.replace(job, country=free)
    if job.field is not None and any(rule.fields or rule.unless_fields for rule in rules):
        yield "another field of use", msgspec.structs.replace(job, field="retail")
        yield "research that serves no business", msgspec.structs.replace(job, field="research", commercial=False)
