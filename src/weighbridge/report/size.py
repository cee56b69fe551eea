"""A model's compute and bill in a terminal of 80 columns."""

from __future__ import annotations

from weighbridge.report.columns import Heading, Line, Row, laid_out
from weighbridge.report.size_words import Section, headline, sections
from weighbridge.report.staircase import plot, sentences
from weighbridge.sizing.account import Account

LABEL = 27


def size_lines(found: Account, width: int, named: str = "", quoted: str = "") -> list[Line]:
    """`named`: the vendor's model that hosting is held against; `quoted`: its price, source and date."""
    lines = [Line(headline(found), "bold", 2)]
    for section in sections(found):
        lines += [Line(""), *_section(section, width)]
    if found.break_even is not None:
        lines += [Line(""), Line(f"Against {named}", "bold", 2)]
        lines += [Line(f"  {text}", hang=2) for text in sentences(found.break_even, named)]
        lines += [Line(text) for text in plot(found.break_even, width)]
        lines += [Line(f"  {quoted}", "dim", 2)] if quoted else []
    return lines


def _section(one: Section, width: int) -> list[Line]:
    lines = [Line(one.title, "bold", 2)]
    if one.head:
        headings = [Heading(title, keep=len(one.head) - place) for place, title in enumerate(one.head[1:])]
        rows = [Row(row[0], row[1:]) for row in one.rows]
        lines += [
            Line(line.text[2:], line.style, max(0, line.hang - 2))
            for line in laid_out(one.head[0], headings, rows, width + 2)
        ]
    else:
        label = min(LABEL, max((len(row[0]) for row in one.rows), default=0)) + 2
        lines += [Line(f"  {row[0]:<{label}}{row[1]}", hang=2 + label) for row in one.rows]
    return [*lines, *(Line(f"  {note}", "dim", 2) for note in one.notes)]
