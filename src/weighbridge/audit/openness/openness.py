"""What an audit of openness ends in: one evidence table, and three readings of it."""

from __future__ import annotations

import msgspec

from weighbridge.audit.openness.criteria import Criterion
from weighbridge.audit.openness.evidence import Row
from weighbridge.audit.openness.mof import MofGrade, at_least
from weighbridge.audit.openness.osi import OsiVerdict
from weighbridge.evidence.finding import Finding, Met
from weighbridge.evidence.requirements import OpennessAtLeast

DIMENSION = "openness"


class Base(msgspec.Struct, frozen=True):
    """A model that the target was made from."""

    name: str
    relation: str
    """``finetune``, ``adapter``, ``quantized``, ``merge``, or empty where the card does not say."""
    found: str
    """Where its own evidence was found; empty where it was not."""
    mof: str | None = None
    """Its own class, as far as is proven."""


class Openness(msgspec.Struct, frozen=True):
    """How open a model is."""

    target: str
    rows: tuple[Row, ...]
    mof: MofGrade
    osi: OsiVerdict
    criteria: tuple[Criterion, ...]
    """The 14 criteria of Liesenfeld, Lopez and Dingemanse 2023."""
    label: str = ""
    """What it is called or licensed as, in its own words."""
    licence: str | None = None
    bases: tuple[Base, ...] = ()
    washing: tuple[str, ...] = ()
    """What the label claims beside what is there."""
    problems: tuple[str, ...] = ()
    """Files that could not be read, and other gaps of the audit."""
    credits: tuple[str, ...] = ()

    def row(self, component: str) -> Row:
        """The row of a part, by its id. Raises `KeyError`."""
        return next(row for row in self.rows if row.component == component)

    @property
    def score(self) -> tuple[float, float]:
        """Points of the 14 criteria (open 1, partial 0.5), proven and possible."""
        points = {"open": 1.0, "partial": 0.5, "closed": 0.0}
        rated = [one for one in self.criteria if one.applies]
        return sum(points[one.low] for one in rated), sum(points[one.high] for one in rated)

    def finding(self, demand: OpennessAtLeast, candidate: str | None = None) -> Finding:
        """Whether it is as open as `demand` asks. What is only pointed at, or not known, leaves it "unknown"."""
        parts = [*self._class(demand), *self._definition(demand), *self._download(demand)]
        verdicts = [met for met, _, _ in parts]
        met: Met = "not met" if "not met" in verdicts else "unknown" if "unknown" in verdicts else "met"
        change = "; ".join(dict.fromkeys(text for state, _, text in parts if state != "met" and text))
        deciding = [row for row in self.rows if row.path and row.component in self._deciding(demand)]
        return Finding(
            dimension=DIMENSION,
            met=met,
            statement="; ".join(text for _, text, _ in parts) or "nothing is asked of its openness",
            candidate=candidate,
            evidence=tuple(f"{row.name.lower()}: {row.state} [{row.rule}] {row.path}" for row in deciding),
            would_change=(f"meets if {change}" if met == "unknown" else change) or None,
        )

    def _class(self, demand: OpennessAtLeast) -> list[tuple[Met, str, str]]:
        if demand.mof is None:
            return []
        asked = f"class {demand.mof} of the Model Openness Framework is asked for"
        if at_least(self.mof.low, demand.mof):
            return [("met", f"class {self.mof.low}; {asked}", "")]
        gap = "; ".join(self.mof.blockers)
        if at_least(self.mof.high, demand.mof):
            said = f"between {named(self.mof.low)} and {named(self.mof.high)}; {asked}"
            return [("unknown", said, f"shown to be released under open terms: {gap}")]
        return [("not met", f"{named(self.mof.high)} at best; {asked}", f"released under open terms: {gap}")]

    def _definition(self, demand: OpennessAtLeast) -> list[tuple[Met, str, str]]:
        if not demand.osi:
            return []
        if self.osi.low == "complies":
            return [("met", "it complies with the Open Source AI Definition 1.0", "")]
        lacking = [clause for clause in self.osi.clauses if clause.low != "met"]
        gap = "; ".join(f"{clause.name} ({', '.join(clause.why)})" for clause in lacking)
        if self.osi.high == "complies":
            return [("unknown", "whether it complies with the Open Source AI Definition 1.0 is not known", gap)]
        return [("not met", f"by the Open Source AI Definition 1.0: {self.osi.high}", gap)]

    def _download(self, demand: OpennessAtLeast) -> list[tuple[Met, str, str]]:
        if not demand.weights:
            return []
        row = self.row("weights")
        if row.low == "partial" and "on request" in row.note:
            return [("unknown", f"its weights are given on request ({row.path})", "the request is granted")]
        if row.low == "partial" and "differences" in row.note:
            return [
                ("not met", f"only differences of its weights are released ({row.path})", "weights that are whole")
            ]
        if row.low in ("released", "partial"):
            gate = ", behind a gate" if row.low == "partial" else ""
            return [("met", f"its weights are there to download{gate} ({row.path})", "")]
        if row.high in ("released", "partial"):
            return [("unknown", "whether its weights are there to download is not known", "its weights are shown")]
        return [("not met", f"its weights are not released ({row.path or row.rule})", "weights that are released")]

    def _deciding(self, demand: OpennessAtLeast) -> set[str]:
        named = {"weights"}
        if demand.mof is not None:
            named |= {row.component for row in self.rows if not row.open_low}
        if demand.osi:
            named |= {"datasets", "data_card", "preprocessing_code", "training_code", "inference_code"}
        return named


def named(mof: str | None) -> str:
    """A class in words."""
    return "no class" if mof is None else f"class {mof}"
