"""A few words of SVG. Every attribute and text is escaped here; looks come from classes in the style sheet.

No style attributes: the page's content security policy forbids them. Widths of texts are estimates (no fonts are
measured in Python), on the generous side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from weighbridge.report.clean import cells, clean_line

LETTER = 7.1
"""Pixels of an average letter at the charts' 12 pixels."""


def number(value: float) -> str:
    """A coordinate with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def tag(name: str, inside: str = "", **attributes: str | float | None) -> str:
    """One element; ``class_`` and names with underscores become ``class`` and dashed names; None is left out."""
    parts = []
    for key, value in attributes.items():
        if value is None:
            continue
        text = value if isinstance(value, str) else number(value)
        parts.append(f' {key.rstrip("_").replace("_", "-")}="{escape(text)}"')
    return f"<{name}{''.join(parts)}>{inside}</{name}>"


def text(x: float, y: float, words: str, class_: str = "", anchor: str = "start") -> str:
    """Words at (x, y); `anchor` is ``start``, ``middle`` or ``end``."""
    return tag("text", escape(words), x=x, y=y, class_=class_ or None, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def path(points: Sequence[tuple[float, float]], class_: str, closed: bool = False) -> str:
    """A polyline, or a polygon where `closed`."""
    way = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return tag("path", d=f"M{way}{'Z' if closed else ''}", class_=class_)


def title(words: str) -> str:
    """The tooltip and accessible name of the element it stands in."""
    return tag("title", escape(words))


def marker(x: float, y: float, side: str, class_: str, size: float = 5.5) -> str:
    """A point: circle for open, square for closed, diamond for rule, else a triangle: colour is never alone."""
    if side == "closed":
        return tag("rect", x=x - size + 0.5, y=y - size + 0.5, width=2 * size - 1, height=2 * size - 1, class_=class_)
    far = size * 1.25
    if side == "rule":
        return path([(x - far, y), (x, y - far), (x + far, y), (x, y + far)], class_, closed=True)
    if side == "unknown":
        return path([(x - far, y + size), (x, y - far), (x + far, y + size)], class_, closed=True)
    return tag("circle", cx=x, cy=y, r=size, class_=class_)


def figure(width: float, height: float, label: str, inside: Iterable[str], class_: str) -> str:
    """The whole drawing, `label` being what it is called by a screen reader."""
    return tag(
        "svg",
        "".join(inside),
        viewBox=f"0 0 {number(width)} {number(height)}",
        class_=class_,
        role="img",
        aria_label=clean_line(label, 1000),
    )


def short(name: str, limit: int) -> str:
    """A name of at most `limit` columns; the middle goes, for names differ at both ends."""
    clean = clean_line(name)
    if cells(clean) <= limit:
        return clean
    keep = max(2, limit - 1)
    return f"{clean[: keep - keep // 2]}…{clean[len(clean) - keep // 2 :]}"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, to see whether labels collide."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Shared area."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across * down if across > 0 and down > 0 else 0.0


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """`places` moved as little as need be so that neighbours stand `gap` apart within [low, high]."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    if not order:
        return []
    gap = min(gap, (high - low) / max(1, len(order) - 1)) if len(order) > 1 else gap
    moved = [min(max(places[i], low), high) for i in order]
    for n in range(1, len(moved)):
        moved[n] = max(moved[n], moved[n - 1] + gap)
    for n in range(len(moved) - 1, -1, -1):
        moved[n] = min(moved[n], high - (len(moved) - 1 - n) * gap)
    found = [0.0] * len(places)
    for rank, i in enumerate(order):
        found[i] = moved[rank]
    return found
