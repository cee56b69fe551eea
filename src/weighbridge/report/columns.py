"""Rows of figures in a fixed width of a terminal, without boxes: what does not fit is moved, never cut.

A name too long for its column takes a line of its own; figures that still do not fit lose whole columns, least
important first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.report.clean import cells

GAP = 2


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of figures."""

    title: str
    keep: int
    """Columns with the smallest `keep` are dropped first."""
    left: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A name and its figures, with notes beneath."""

    name: str
    cells: tuple[str, ...]
    notes: tuple[str, ...] = ()
    style: str = ""
    mark: str = " "


@dataclass(frozen=True, slots=True)
class Line:
    """One finished line; `hang` is where its continuation lines start."""

    text: str
    style: str = ""
    hang: int = 0


def padded(text: str, width: int, left: bool) -> str:
    """`text` filled up with spaces to `width` columns."""
    fill = " " * max(0, width - cells(text))
    return text + fill if left else fill + text


def laid_out(name_title: str, headings: Sequence[Heading], rows: Sequence[Row], width: int) -> list[Line]:
    """The lines of a table at most `width` columns wide."""
    kept = list(range(len(headings)))
    size = [max([cells(h.title), *(cells(row.cells[i]) for row in rows)]) for i, h in enumerate(headings)]
    longest = max([cells(name_title), *(cells(row.name) for row in rows)])
    least = min(longest, 14)
    while len(kept) > 1 and sum(size[i] + GAP for i in kept) + least + 4 > width:
        kept.remove(min(kept, key=lambda i: headings[i].keep))
    room = max(1, width - 4 - sum(size[i] + GAP for i in kept))
    name_width = min(longest, room)

    def figures(texts: Sequence[str]) -> str:
        return "".join(" " * GAP + padded(texts[i], size[i], headings[i].left) for i in kept).rstrip()

    start = padded(name_title, name_width, left=True)
    lines = [Line(f"    {start}{figures([heading.title for heading in headings])}", "dim")]
    for row in rows:
        lead = f"  {row.mark} "
        if cells(row.name) <= name_width:
            lines.append(Line(f"{lead}{padded(row.name, name_width, left=True)}{figures(row.cells)}", row.style))
        else:
            lines.append(Line(f"{lead}{row.name}", row.style, 4))
            lines.append(Line(f"    {' ' * name_width}{figures(row.cells)}", row.style))
        lines.extend(Line(f"      {note}", "dim", 8) for note in row.notes)
    return lines
