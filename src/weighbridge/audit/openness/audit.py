"""The audit: every source of evidence into one table, its bases walked, three readings of it."""

from __future__ import annotations

from weighbridge.audit.openness.criteria import System, criteria
from weighbridge.audit.openness.evidence import Hit, Table
from weighbridge.audit.openness.facts import facts_of, hits_of, licensing_of
from weighbridge.audit.openness.mof import grade
from weighbridge.audit.openness.openness import Openness
from weighbridge.audit.openness.osi import osi_verdict
from weighbridge.audit.openness.table import Licensing, assemble
from weighbridge.audit.target import Target


def audit_openness(target: Target) -> Openness:
    """How open `target` is, by what its files, its card and the catalogue tell.

    Files are read as data, with limits on their size; nothing of them is run. Raises `UsageError` where the target
    cannot be read at all; a single damaged file is named under `problems` instead.
    """
    hits: list[Hit] = []
    licensing = Licensing()
    if target.facts is not None:
        facts = facts_of(target.facts)
        hits += hits_of(facts)
        licensing = licensing_of(facts)
    table: Table = assemble(hits, licensing)
    return Openness(
        target=target.name,
        rows=tuple(table.values()),
        mof=grade(table),
        osi=osi_verdict(table),
        criteria=criteria(System(table)),
        licence=licensing.whole,
    )
