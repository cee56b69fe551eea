"""A licence audit: all components of a model held against a job."""

from __future__ import annotations

from datetime import date

import msgspec

from weighbridge.audit.licence.fields import LIMITED, fields_of
from weighbridge.audit.licence.gather import gathered
from weighbridge.audit.licence.job import checked_job
from weighbridge.audit.licence.known import Gathered
from weighbridge.audit.licence.reason import licences_named, rulings
from weighbridge.audit.licence.result import Change, LicenceAudit, Part, part_of
from weighbridge.audit.licence.ruling import VERDICTS, Component, Verdict, worst
from weighbridge.audit.licence.smaller import smaller
from weighbridge.audit.target import Target
from weighbridge.catalog.entries import OLD
from weighbridge.catalog.fact import Source
from weighbridge.catalog.licences import Licences, LicenceTerms, catalogue_of_licences
from weighbridge.evidence.requirements import Job


def audit_licence(target: Target, job: Job, more: tuple[str, ...] = ()) -> LicenceAudit:
    """Whether the licences of `target`, and of what is used with it, allow `job`.

    `more` names what comes along, as ``KIND:NAME``: ``adapter``, ``data``, ``code``, ``tokenizer``, ``base`` or
    ``outputs`` (of another model, on which this one was trained); NAME is a model, a folder, a licence or an SPDX
    expression. Raises `UsageError` for a job that contradicts itself and for names that mean nothing.
    """
    found = gathered(target, more)
    return audit_components(target.name, found, job)


def audit_components(
    name: str, found: Gathered, job: Job, known: Licences | None = None, today: date | None = None
) -> LicenceAudit:
    """The audit of components that are already known. Raises `UsageError` for a job that contradicts itself."""
    job = checked_job(job)
    known = known or catalogue_of_licences()
    components = found.components
    if any(component.role == "adapter" for component in components):
        # An adapter changes the weights that it is put on.
        components = tuple(
            msgspec.structs.replace(one, changed=True) if one.role in ("weights", "base") else one
            for one in components
        )
    parts, notes = _parts(components, job, known, _multimodal(found, job))
    verdict = worst([part.verdict for part in parts])
    return LicenceAudit(
        target=name,
        job=job,
        verdict=verdict,
        parts=parts,
        changes=_changes(components, found, job, known, verdict, _open(parts)),
        disagreements=found.disagreements,
        ends=_ends(parts, known),
        notes=(*found.notes, *notes, *_unplaced(job), *_old(parts, known, today or date.today())),
        sources=_sources(parts, known),
    )


def _terms(parts: tuple[Part, ...], known: Licences) -> list[LicenceTerms]:
    return [known.licences[one] for one in dict.fromkeys(one for part in parts for one in part.licences)]


def _ends(parts: tuple[Part, ...], known: Licences) -> tuple[str, ...]:
    """How the licences end, and the policies by link that may change under one."""
    found: list[str] = []
    for terms in _terms(parts, known):
        found += [f"{terms.id} {text}" for text in terms.ends]
        found += [f"{terms.id}: {terms.policy}"] if terms.policy else []
    return tuple(found)


def _old(parts: tuple[Part, ...], known: Licences, today: date) -> tuple[str, ...]:
    """Terms that change, and were read long ago."""
    found: list[str] = []
    for terms in _terms(parts, known):
        days = (today - date.fromisoformat((terms.seen + "-01-01")[:10])).days
        if days > OLD and terms.kind == "terms of service":
            found.append(f"{terms.name} were read {days} days ago: look whether they changed")
    return tuple(found)


def _unplaced(job: Job) -> tuple[str, ...]:
    if job.field is None or fields_of(job.field) is not None:
        return ()
    known = ", ".join(LIMITED)
    return (f"{job.field!r} is no field of use that is known here, so limits on fields stay open: {known}",)


def _parts(
    components: tuple[Component, ...], job: Job, known: Licences, multimodal: bool | None
) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    parts: list[Part] = []
    notes: list[str] = []
    made_from = frozenset(
        one for part in components if part.role in ("weights", "base") for one in licences_named(part, known)
    )
    for component in components:
        said, aside = rulings(component, job, known, multimodal, made_from)
        parts.append(part_of(component, licences_named(component, known), said))
        notes += aside
    return tuple(parts), tuple(dict.fromkeys(notes))


def _multimodal(found: Gathered, job: Job) -> bool | None:
    """A job in images needs a model that takes them; a job in text says nothing of what else the model takes."""
    if found.multimodal is not None:
        return found.multimodal
    return True if any(kind != "text" for kind in job.modality) else None


def _open(parts: tuple[Part, ...]) -> bool:
    return any(ruling.kind == "condition" for part in parts for ruling in part.rulings)


def _changes(
    components: tuple[Component, ...], found: Gathered, job: Job, known: Licences, verdict: Verdict, open_: bool
) -> tuple[Change, ...]:
    if verdict not in ("unknown", "not allowed"):
        return ()
    terms = [known.licences[one] for component in components for one in licences_named(component, known)]
    better: list[Change] = []
    for says, other in smaller(job, terms):
        parts, _ = _parts(components, other, known, _multimodal(found, other))
        now = worst([part.verdict for part in parts])
        if VERDICTS.index(now) < VERDICTS.index(verdict):
            still = " (under conditions)" if _open(parts) and not open_ else ""
            better.append(Change(f"{says}{still}", now))
    return tuple(sorted(better, key=lambda change: VERDICTS.index(change.verdict)))


def _sources(parts: tuple[Part, ...], known: Licences) -> dict[str, Source]:
    used = {name for part in parts for one in part.rulings if one.clause for name in one.clause.source}
    return {name: known.sources[name] for name in sorted(used)}
