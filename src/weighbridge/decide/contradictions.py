"""Demands that no candidate could ever meet, or that say nothing: told at once, with how to mend them."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.decide.data import EU
from weighbridge.decide.terms import Terms
from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Column, Requirements

NEEDS = {
    "quality": ("score",),
    "cost": ("cost_per_1000", "cost_per_month"),
    "latency": ("latency_p95",),
    "licence": ("licence",),
    "openness": ("openness",),
    "data": ("data",),
    "continuity": ("continuity",),
    "hardware": ("hardware",),
    "customisation": ("customisation",),
}
"""Demands by dimension."""


def check_requirements(requirements: Requirements) -> None:
    """Raise `UsageError` for demands that contradict each other whoever the candidates are."""
    if requirements.cost_per_month is not None and requirements.load is None:
        raise UsageError(
            "cost_per_month is limited, and the load is not stated: money per month hangs on the requests",
            where="requirements: cost_per_month",
            fix="state it, for example `load: {requests_per_day: 5000}`, or limit `cost_per_1000`",
        )
    if requirements.prefer and not any(weight > 0 for weight in requirements.prefer.values()):
        raise UsageError(
            "every weight under prefer is 0, so that nothing is preferred",
            where="requirements: prefer",
            fix="give at least one a weight above 0, or leave prefer out",
        )
    for dimension in requirements.accept_unknown:
        if not any(getattr(requirements, name) not in (None, ()) for name in NEEDS[dimension]):
            raise UsageError(
                f"the risk of an unknown {dimension} is accepted, and nothing is demanded of it",
                where="requirements: accept_unknown",
                fix=f"leave it out, or demand something: {' or '.join(NEEDS[dimension])}",
            )
    data = requirements.data
    if data is not None:
        _check_regions(data.region)
        if data.leaves == "never" and (data.training or data.retention_days):
            told = "the vendor may train on it" if data.training else f"it may be kept {data.retention_days} days"
            raise UsageError(
                f"nothing may leave one's own machines, and yet {told}: a vendor never gets anything",
                where="requirements: data",
                fix="leave out `training` and `retention_days`, or say `leaves: allowed`",
            )


def check_terms(terms: Terms, columns: Sequence[Column]) -> None:
    """Raise `UsageError` for demands that contradict each other, or that no candidate here could meet.

    Also for an entry of the catalogue or a data policy that is named and not there.
    """
    requirements = terms.requirements
    check_requirements(requirements)
    if terms.nothing:
        return
    for column in columns:
        try:
            terms.subject(column)
        except UsageError as error:
            error.where = error.where or f"candidates: {column.name}"
            raise
    if not requirements.audited:
        return
    hosting = [terms.subject(column).hosting for column in columns]
    if requirements.data is not None and requirements.data.leaves == "never" and set(hosting) == {"vendor"}:
        names = ", ".join(column.name for column in columns[:4])
        raise UsageError(
            f"nothing may leave one's own machines, and every candidate is a vendor's service: {names}",
            where="requirements: data: leaves",
            fix="add a model of one's own hosting (hf:, gguf:, path:, a server of one's own), say "
            "`policy: self_hosted` at one that is, or say `leaves: allowed`",
        )
    if requirements.hardware and set(hosting) == {"vendor"}:
        raise UsageError(
            "machines at hand are named, and no candidate would run on them: all are vendors' services",
            where="requirements: hardware",
            fix="leave `hardware` out, or add an open model of one's own hosting",
        )


def _check_regions(regions: Sequence[str]) -> None:
    known = {"EU", "US", "GB", "CH", "CN", "JP", "IN", "CA", "AU", "BR", "KR", "SG", *EU}
    for region in regions:
        if len(region) != 2 or not region.isalpha() or not region.isupper() or region == "UK":
            hint = "GB is the code of the United Kingdom" if region == "UK" else nearest(region.upper()[:2], known)
            raise UsageError(
                f"{region!r} is no region",
                where="requirements: data: region",
                fix=f"{hint} (EU, or an ISO 3166 code of two capital letters such as US or DE)",
            )
