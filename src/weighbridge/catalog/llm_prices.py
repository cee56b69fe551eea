"""llm-prices' files (current, historical, and the CSV of its history): money per million tokens, with dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from weighbridge.catalog.fact import real_day
from weighbridge.catalog.models_dev import amount
from weighbridge.catalog.naming import vendor_named
from weighbridge.catalog.prices import Point, Row

NAME = "llm-prices"


def recognised(tree: object) -> bool:
    """Whether the values are one of its files."""
    rows = _rows(tree)
    return bool(rows) and isinstance(rows[0], dict) and {"id", "vendor", "input", "output"} <= set(rows[0])


def updated(tree: object) -> str | None:
    """The date the file gives itself."""
    day = tree.get("updated_at") if isinstance(tree, dict) else None
    return day if isinstance(day, str) and real_day(day) else None


def _rows(tree: object) -> list[Any]:
    rows = tree.get("prices") if isinstance(tree, dict) else tree
    return rows if isinstance(rows, list) else []


def rows_of(tree: object) -> Iterator[Row]:
    """One row per model, with a point per span of time. Raises ValueError naming the entry."""
    found: dict[tuple[str, str], list[Point]] = {}
    for number, entry in enumerate(_rows(tree), start=1):
        key = f"prices[{number}]"
        if not isinstance(entry, dict) or not entry.get("id") or not entry.get("vendor"):
            raise ValueError(f"{key}: no id or vendor")
        point = _point(f"{key} ({entry['id']})", entry)
        vendor = vendor_named(str(entry["vendor"]))
        # A vendor's prices for long inputs stand as models of their own here; they are no other model.
        found.setdefault((vendor, str(entry["id"])), []).append(point)
    for (vendor, model), points in found.items():
        yield Row(vendor=vendor, model=model, points=tuple(_in_order(points)))


def _point(key: str, entry: Mapping[str, Any]) -> Point:
    since, until = (entry.get(name) or None for name in ("from_date", "to_date"))
    for day in (since, until):
        if day is not None and not (isinstance(day, str) and real_day(day)):
            raise ValueError(f"{key}: {day!r} is no date")
    return Point(
        NAME,
        input=amount(key, "input", entry.get("input")),
        output=amount(key, "output", entry.get("output")),
        cached=amount(key, "input_cached", entry.get("input_cached") or None),
        since=since,
        until=until,
    )


def _in_order(points: Iterable[Point]) -> list[Point]:
    return sorted(points, key=lambda point: point.since or "")
