"""How open a model is, in a terminal of 80 columns: the verdicts first, then the evidence table."""

from __future__ import annotations

from weighbridge.audit.openness import Openness
from weighbridge.audit.openness.components import CLASS_NAMES, CLASSES
from weighbridge.audit.openness.criteria import Criterion
from weighbridge.audit.openness.evidence import Row
from weighbridge.audit.openness.osi import Clause
from weighbridge.report.clean import clean_line
from weighbridge.report.columns import Heading, Line, laid_out
from weighbridge.report.columns import Row as Cells

STYLES = {"released": "green", "partial": "yellow", "described": "yellow", "absent": "red", "unknown": "dim"}
VERDICTS = {
    "complies": "complies",
    "near": "does not yet: nothing is withheld altogether, what is amiss is named below",
    "does not comply": "does not comply",
}
CLAUSES = {"met": "met", "in part": "in part", "terms": "terms are not open", "not met": "not met"}


def mof_text(found: Openness) -> str:
    """The class, in words; an interval where it is not certain."""
    low, high = (class_text(one) for one in (found.mof.low, found.mof.high))
    if found.mof.low == found.mof.high:
        return low
    likely = found.mof.likely
    said = "" if likely in (found.mof.low,) else f"; {class_text(likely)} if what its card points at is there"
    return f"{low} proven, {high} possible{said}"


def class_text(mof: str | None) -> str:
    """``class II (Open Tooling)``."""
    return "no class" if mof is None else f"class {mof} ({CLASS_NAMES[mof]})"


def osi_text(found: Openness) -> str:
    """The definition's verdict, in words; an interval where it is not certain."""
    osi = found.osi
    if osi.low == osi.high:
        return VERDICTS[osi.low]
    return f'not known: from "{osi.low}" to "{osi.high}"'


def clause_text(clause: Clause) -> str:
    """A clause's state, in words."""
    if clause.low == clause.high:
        return CLAUSES[clause.low]
    return f"{CLAUSES[clause.low]} to {CLAUSES[clause.high]}" if clause.state != clause.low else "not known"


def criterion_text(one: Criterion) -> str:
    """A criterion's grade, with its interval."""
    if not one.applies:
        return "does not apply"
    if one.low == one.high:
        return one.grade
    return f"{one.grade} ({one.low} to {one.high})"


def where(row: Row) -> str:
    """Where a row comes from, and how sure that is."""
    pointed = "" if row.state in (row.low, "unknown") else "pointed at, not seen"
    return "; ".join(part for part in (row.path, pointed, row.note, row.misfit) if part)


def openness_lines(found: Openness, width: int = 80) -> list[Line]:
    """All of it."""
    lines = [Line(""), Line(f"  {clean_line(found.target, 120)}", "bold"), Line("")]
    lines += [Line("  Model Openness Framework 1.0", "bold"), Line(f"    {mof_text(found)}", "", 4)]
    for mof in CLASSES:
        low, high = found.mof.percent[mof]
        done = f"{low:.0f} %" if round(low) == round(high) else f"{low:.0f} to {high:.0f} %"
        lines.append(Line(f"      class {mof:<4} {done}", "dim"))
    if found.mof.next is not None and found.mof.blockers:
        lines.append(Line(f"    In the way of class {found.mof.next}:"))
        lines += [Line(f"      - {clean_line(one, 400)}", "", 8) for one in found.mof.blockers]
    lines += [Line(""), Line("  Open Source AI Definition 1.0", "bold"), Line(f"    {osi_text(found)}", "", 4)]
    for clause in found.osi.clauses:
        lines.append(Line(f"      {clause.name:<17} {clause_text(clause)}"))
        lines.append(Line(f"        {clean_line('; '.join(clause.why), 500)}", "dim", 8))
    if found.bases:
        lines += [Line(""), Line("  Made from", "bold")]
    for base in found.bases:
        how = f" ({base.relation})" if base.relation else ""
        told = (
            f"{class_text(base.mof)}, from {base.found}"
            if base.found
            else "not found here, so that all it has is unknown"
        )
        lines.append(Line(f"    {clean_line(base.name, 120)}{how}: {clean_line(told, 200)}", "", 6))
    lines += [Line(""), Line("  What the label claims", "bold")]
    label = f"licence: {clean_line(found.label, 120)}" if found.label else "no licence is named"
    lines.append(Line(f"    {label}", "", 6))
    lines += [Line(f"    {clean_line(one, 900)}", "yellow", 6) for one in found.washing]
    if not found.washing:
        lines.append(Line("    It claims no more than is there, as far as can be seen.", "dim"))
    lines += [Line(""), *_evidence(found, width), Line(""), *_criteria(found, width)]
    if found.problems:
        lines += [Line(""), Line("  Could not be read, or not all of it", "bold")]
        lines += [Line(f"    {clean_line(one, 300)}", "yellow", 6) for one in found.problems[:20]]
    lines += [Line(""), *(Line(f"  {one}", "dim", 2) for one in found.credits)]
    return lines


def _evidence(found: Openness, width: int) -> list[Line]:
    rows = [
        Cells(
            row.name,
            (row.state, clean_line(terms_text(row), 28)),
            (f"{row.rule}: {clean_line(where(row), 240)}",) if row.rule else (),
            STYLES[row.state],
        )
        for row in found.rows
    ]
    headings = [Heading("state", 3, left=True), Heading("licence", 2, left=True)]
    return [Line("  Evidence, each with its rule and place", "bold"), *laid_out("component", headings, rows, width)]


def terms_text(row: Row) -> str:
    """The licence of a part as the table shows it."""
    if row.state in ("absent", "unknown"):
        return "-"
    if row.terms == "none":
        return "none stated"
    if row.licence is None:
        return "unknown"
    return row.licence if row.terms == "open" else f"{row.licence} ({row.terms})"


def points(found: Openness) -> str:
    """Points of the 14 criteria, in words."""
    low, high = found.score
    rated = sum(one.applies for one in found.criteria)
    return f"{low:g} of {rated} points" if low == high else f"{low:g} to {high:g} of {rated} points"


def _criteria(found: Openness, width: int) -> list[Line]:
    rows = [Cells(one.name, (criterion_text(one),)) for one in found.criteria]
    title = Line(f"  14 criteria: {points(found)}", "bold")
    return [title, *laid_out("criterion", [Heading("grade", 1, left=True)], rows, width)]
