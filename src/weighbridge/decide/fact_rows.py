"""Facts of the catalogue as the evidence of a finding."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from weighbridge.catalog.entries import OLD, Entry, age


def fact_rows(entry: Entry, names: Sequence[str], today: date) -> tuple[str, ...]:
    """Those of the facts `names` that `entry` has: value, source, date, confidence, and who says otherwise."""
    return tuple(_row(entry, name, today) for name in dict.fromkeys(names) if name in entry.facts)


def _row(entry: Entry, name: str, today: date) -> str:
    fact = entry.facts[name]
    value = ", ".join(fact.value) if isinstance(fact.value, list) else str(fact.value)
    value = value.lower() if isinstance(fact.value, bool) else value
    days = age(fact, today)
    old = f", old: read {days} days ago" if days > OLD else ""
    row = (
        f"{entry.id}.{name} = {value} ({', '.join(fact.source)}, seen {fact.seen}, confidence {fact.confidence}{old})"
    )
    row += "".join(f"; {other.source} says {other.value}" for other in fact.contested_by)
    return f"{row}; {fact.note}" if fact.note else row
