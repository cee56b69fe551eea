"""Whether a model of one's own hosting fits on the machines at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from weighbridge.decide.subject import Subject
from weighbridge.errors import UsageError
from weighbridge.evidence import Finding, Load, Met, Owned

if TYPE_CHECKING:
    from weighbridge.sizing import Device

CONTEXT = 4096
"""Tokens of a request and its answer where no load states them."""

SMALLER = ("int8", "int4")
"""Precisions that are tried where a model does not fit as it is: each makes another candidate."""


def hardware_finding(subject: Subject, machines: Sequence[Owned], load: Load | None) -> Finding:
    """Whether it fits on one of `machines`. A vendor's service and a rule need none."""
    if subject.rule:
        return _finding(subject, "met", "is a rule of one's own, and needs no accelerator")
    if subject.hosting == "vendor":
        return _finding(subject, "met", "is a vendor's service, and needs no hardware of one's own")
    if subject.target is None:
        says = "the catalogue has no such model, so that its size is not known"
        return _finding(subject, "unknown", says, "meets if it fits; name its entry with `facts: NAME`")
    from weighbridge.sizing import fit, shape_of

    try:
        shape = shape_of(subject.target)
    except UsageError as error:
        return _finding(subject, "unknown", f"its size is not known: {error.what}", "meets if it fits")
    tokens = context_of(load)
    kept = "as stored" if shape.stored is not None else "bf16"
    tried = [fit(shape, machine_of(one), one.count, kept, tokens) for one in machines]
    good = next((one for one in tried if one.fits), None)
    needed = min(one.needed * one.count for one in tried) / 1e9
    if good is not None:
        says = f"{good} ({kept}, {tokens:,} tokens)"
        return _finding(subject, "met", says, value=needed, evidence=(shape.source,) if shape.source else ())
    smaller = next(
        (name for name in SMALLER for one in machines if fit(shape, machine_of(one), one.count, name, tokens).fits),
        None,
    )
    says = f"{tried[0]} ({kept}, {tokens:,} tokens): {needed:.0f} GB needed"
    change = "more or larger accelerators"
    if smaller is not None:
        change = f"{smaller} weights, which would fit and are another candidate to weigh; or {change}"
    return _finding(subject, "not met", says, change, value=needed, evidence=(shape.source,) if shape.source else ())


def machine_of(owned: Owned) -> Device:
    """The accelerator of a machine at hand. Raises `UsageError` with the nearest match."""
    from weighbridge.sizing import device

    return device(owned.accelerator, owned.memory_gb)


def context_of(load: Load | None) -> int:
    """Tokens that a request and its answer take together."""
    if load is None or load.input_tokens is None or load.output_tokens is None:
        return CONTEXT
    return max(1, round(load.input_tokens + load.output_tokens))


def _finding(
    subject: Subject,
    met: Met,
    says: str,
    change: str | None = None,
    *,
    value: float | None = None,
    evidence: tuple[str, ...] = (),
) -> Finding:
    return Finding(
        "hardware",
        met,
        f"{subject.name}: {says}",
        candidate=subject.name,
        value=value,
        evidence=evidence,
        would_change=change,
    )
