"""Whether a model can be changed as demanded: its weights are at hand, or its vendor tunes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from weighbridge.catalog.vendors import Tuning, tuning_of
from weighbridge.decide.fact_rows import fact_rows
from weighbridge.decide.subject import Subject
from weighbridge.evidence import Edit, Finding, Met
from weighbridge.evidence.words import listed

WORDS: dict[Edit, str] = {
    "fine_tune": "fine-tuning",
    "adapter": "adapter of one's own",
    "head": "head of one's own",
    "prune": "pruning",
    "quantise": "quantising",
    "export": "exporting",
}
OPEN = ("open", "gated-click", "gated")
"""Words of the catalogue for weights that whoever asks can download; ``gated-research`` is for some alone."""


def weights_at_hand(subject: Subject) -> bool | None:
    """Whether its weights can be had by oneself; None where it is not known."""
    kind = subject.spec.removeprefix("ray:").partition(":")[0]
    if kind in ("hf", "path", "gguf", "onnx") or (subject.target is not None and subject.target.path is not None):
        return True
    if subject.entry is not None and (said := subject.entry.says("weights")):
        if said.startswith("gated-research"):
            return None
        return said.startswith(OPEN)
    return False if subject.side == "closed" else None


def customisation_finding(subject: Subject, edits: Sequence[Edit], today: date) -> Finding:
    """Whether all `edits` are possible; whether its licence allows them is the licence's own finding."""
    if subject.rule:
        return _finding(subject, "met", "is a rule of one's own, which can be changed at will")
    at_hand = weights_at_hand(subject)
    if at_hand:
        rows = () if subject.entry is None else fact_rows(subject.entry, ("weights",), today)
        says = f"its weights can be had, and so {listed([WORDS[edit] for edit in edits])}"
        return _finding(subject, "met", says, None, rows)
    if at_hand is None:
        says = "whether its weights can be had is not known"
        return _finding(subject, "unknown", says, "meets if its weights can be downloaded")
    beyond = [WORDS[edit] for edit in edits if edit != "fine_tune"]
    if beyond:
        says = f"its weights are not given out, without which there is no {listed(beyond)}"
        return _finding(subject, "not met", says, "a model whose weights can be had")
    tuning = None if subject.vendor is None else tuning_of(subject.vendor)
    if tuning is None or tuning.status is None:
        says = "whether its vendor tunes it is not known"
        return _finding(subject, "unknown", says, "meets if the vendor offers to tune it")
    rows = fact_rows(tuning, ("status", "last_day"), today)
    return _tuned(subject, tuning, rows, today)


def _tuned(subject: Subject, tuning: Tuning, rows: tuple[str, ...], today: date) -> Finding:
    """Fine-tuning as the vendor's service."""
    if tuning.status == "available":
        says = f"{tuning.name} tunes it; the tuned weights stay with the vendor"
        return _finding(subject, "met", says, "the vendor ends the service", rows)
    last = tuning.last_day
    if tuning.status == "winding down" and last is not None and date.fromisoformat(last) >= today:
        says = f"{tuning.name} is winding down: no job can be started after {last}"
        return _finding(subject, "unknown", says, f"meets if one may still start jobs, and until {last}", rows)
    ended = "has ended" if tuning.status != "none" else "does not exist"
    return _finding(subject, "not met", f"{tuning.name} {ended}", "a model whose weights can be had", rows)


def _finding(
    subject: Subject, met: Met, says: str, change: str | None = None, evidence: tuple[str, ...] = ()
) -> Finding:
    return Finding(
        "customisation",
        met,
        f"{subject.name}: {says}",
        candidate=subject.name,
        evidence=evidence,
        would_change=change,
    )
