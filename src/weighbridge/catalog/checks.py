"""Prices that are old, that sources disagree about, or that no vendor charges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from weighbridge.catalog.prices import Point, PriceBook, Row
from weighbridge.catalog.quote import quote_of

Trouble = Literal["old", "disagree", "odd"]

MOST = 2_000.0
"""Money per million tokens above which a price is taken for a mistake of its unit; the dearest known is 600."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to look at before a price is relied on."""

    row: Row
    kind: Trouble
    text: str


def remarks(book: PriceBook, today: date | None = None) -> Iterator[Remark]:
    """Everything to be said of a book's prices, row by row."""
    for row in book.rows.values():
        for point in row.points:
            for text in odd(point):
                yield Remark(row, "odd", f"{text} (by {point.source}, {point.seen})")
        found = quote_of(row, today=today)
        if found is None:
            yield Remark(row, "old", "every price known has run out")
            continue
        if found.old:
            yield Remark(row, "old", f"read {found.age} days ago ({found.seen})")
        for name, (low, high) in found.spread.items():
            yield Remark(
                row, "disagree", f"{name}: {low:g} to {high:g} by {', '.join(p.source for p in found.points)}"
            )


def odd(point: Point) -> list[str]:
    """What makes no sense in one point, in words."""
    said = []
    for name in ("input", "output", "cached", "cache_write", "reasoning"):
        value = getattr(point, name)
        if value is not None and value > MOST:
            said.append(f"{name} costs {value:g} per million tokens: is it per token, or per thousand?")
    if point.input is not None and point.cached is not None and point.cached > point.input:
        said.append(f"cached input ({point.cached:g}) costs more than fresh input ({point.input:g})")
    if point.cache_write is not None and point.input is not None and point.cache_write < point.input:
        said.append(f"writing to the cache ({point.cache_write:g}) costs less than plain input ({point.input:g})")
    if point.output and point.input is not None and point.output < point.input:
        said.append(f"output ({point.output:g}) costs less than input ({point.input:g})")
    if point.since and point.until and point.since >= point.until:
        said.append(f"it ends ({point.until}) before it begins ({point.since})")
    for step in point.tiers:
        for name in ("input", "output"):
            long, short = getattr(step, name), getattr(point, name)
            if long is not None and short is not None and long < short:
                said.append(f"{name} costs less above {step.above:,} tokens ({long:g}) than below ({short:g})")
    return said
