"""The job as licences see it: what it sets off at each component, and which rights it needs there."""

from __future__ import annotations

import msgspec

from weighbridge.audit.licence.places import checked
from weighbridge.audit.licence.ruling import Component, Role
from weighbridge.catalog.licences import Right, Trigger
from weighbridge.errors import UsageError
from weighbridge.evidence.requirements import Job

MODEL: tuple[Role, ...] = ("weights", "service", "base", "adapter")

DENIED: dict[Right, str] = {
    "use": "it may not be used",
    "commercial": "not for commercial purposes",
    "change": "it may not be changed",
    "share": "it may not be passed on",
    "host": "it may not be offered to others over a network",
    "train": "its outputs may not train other models",
}

ASKED: dict[Right, str] = {
    "use": "whether it may be used",
    "commercial": "whether it may serve commercial purposes",
    "change": "whether it may be changed",
    "share": "whether it may be passed on",
    "host": "whether it may be offered to others over a network",
    "train": "whether its outputs may train other models",
}


def checked_job(job: Job, where: str | None = None) -> Job:
    """The job with its countries' codes checked. Raises `UsageError` for one that contradicts itself."""
    if not job.use:
        raise UsageError(
            "the job names no use",
            where=where,
            fix="say what for: internal, service, ship_weights, ship_product, ...",
        )
    if not job.modality:
        raise UsageError("the job has no modality", where=where, fix="leave it out (text), or name text, image, ...")
    if job.field is not None and not job.field.strip():
        raise UsageError("the field of use is empty", where=where, fix="name one, such as medicine, or leave it out")
    for name, number in (("monthly users", job.monthly_users), ("yearly revenue", job.yearly_revenue)):
        if number is not None and not 0 <= number < float("inf"):
            raise UsageError(f"{name} cannot be {number}", where=where, fix="give a number of 0 or more")
    if job.monthly_users == 0 and job.users_in:
        raise UsageError(
            f"the job has no monthly users, and users in {', '.join(job.users_in)}",
            where=where,
            fix="give the number of monthly users, or leave out the countries of users",
        )
    country = None if job.country is None else checked(job.country, "country")
    return msgspec.structs.replace(
        job, country=country, users_in=tuple(checked(code, "users_in") for code in job.users_in)
    )


def ships(job: Job) -> bool:
    """Whether weights leave the organisation."""
    return "ship_weights" in job.use or "ship_product" in job.use


def triggers(component: Component, job: Job) -> frozenset[Trigger]:
    """What the job sets off at a component."""
    if component.role == "data":
        return frozenset(["use", "trained_on", "trained_on_shipped"] if ships(job) else ["use", "trained_on"])
    if component.role == "outputs":
        return frozenset(["use", "train"])
    found: set[Trigger] = {"use"}
    if "service" in job.use:
        found.add("host")
    if ships(job):
        found.add("ship")
    if "ship_product" in job.use:
        found.add("product")
    if component.role in MODEL:
        if job.modified or component.changed:
            found.add("change")
            if ships(job):
                found.add("ship_changed")
        if "train_model" in job.use:
            found.add("train")
    return frozenset(found)


def rights(component: Component, job: Job) -> tuple[Right, ...]:
    """Which rights the job needs at a component."""
    if component.role == "data":
        needed: dict[Right, bool] = {"use": True, "commercial": job.commercial}
    elif component.role == "outputs":
        needed = {"use": True, "commercial": job.commercial, "train": True}
    else:
        model = component.role in MODEL
        needed = {
            "use": True,
            "commercial": job.commercial,
            "change": model and (job.modified or component.changed),
            "share": ships(job),
            "host": "service" in job.use,
            "train": model and "train_model" in job.use,
        }
    return tuple(right for right, wanted in needed.items() if wanted)
