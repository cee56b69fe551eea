"""The requirements of a project file held against its candidates, with the line of what cannot be."""

from __future__ import annotations

from weighbridge.errors import UsageError
from weighbridge.evidence import Requirements
from weighbridge.project.options import ProjectOptions
from weighbridge.project.source import Path, Source
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.field import Field


def demands_read(options: ProjectOptions, candidates: tuple[Candidate, ...], source: Source) -> Field:
    """Who is asked under the requirements, and who is not.

    Raises `UsageError` for an entry or a policy that is named and not there, and for demands that contradict each
    other or that nobody here could meet.
    """
    everybody = tuple(candidate.name for candidate in candidates)
    named = any(one.facts is not None or one.policy is not None for one in candidates)
    if options.requirements == Requirements() and not named:
        return Field(everybody, {}, options.question)
    # Only now: a project without demands is read without the catalogue and without NumPy.
    from weighbridge.decide.excluded import column_of, field_of
    from weighbridge.decide.terms import Terms

    terms = Terms(options.requirements, options.currency)
    for index, candidate in enumerate(candidates):
        try:
            terms.subject(column_of(candidate))
        except UsageError as error:
            said = options.candidates[index]
            key = "policy" if "policy" in error.what or said.facts is None else "facts"
            error.where = source.where(("candidates", index, key))
            raise
    if len(candidates) < 2:
        return Field(everybody, {}, options.question)
    try:
        return field_of(candidates, options.question, terms)
    except UsageError as error:
        error.where = source.where(_path(error.where or ""))
        raise


def _path(where: str) -> Path:
    """``requirements: data: leaves`` as a path in the file."""
    return tuple(where.split(": ")) if where else ()
